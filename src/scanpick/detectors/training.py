"""Training of any detector: one loop for all kinds, resumable; the same seed and threads give the same weights."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from scanpick.detectors.augmentation import ObjectBank, augment
from scanpick.detectors.detector import DetectorModel
from scanpick.detectors.scene import Scene
from scanpick.errors import ScanpickError
from scanpick.files import sha256_of_text, write_text
from scanpick.networks.weights import read_weights_file, write_weights_file

CHECKPOINT, LOG, PLANNED = "checkpoint.pt", "log.csv", "planned.json"
_TIMED_STEPS = 5
PREFETCH = 4
"""Batches prepared ahead. What is in a batch depends on its number alone, never on the order of preparation."""


@dataclass(frozen=True)
class TrainingSettings:
    """How a detector is trained.

    Attributes:
        iterations: Steps of the optimiser.
        batch_size: Frames of a batch.
        accumulation: Batches of a step.
        learning_rate: The highest one.
        schedule: "one-cycle" rises over `warm_up` of the iterations and falls to nearly 0 as a cosine; "step" falls
            tenfold at each of `steps`.
        warm_up: Share of the iterations.
        steps: Shares of the iterations at which "step" falls.
        weight_decay: Of AdamW.
        clip: Largest norm of the gradient.
        averaging: Share of the old value in the moving average of the weights; 0 for the last weights.
        seed: Of everything random.
        checkpoint_every: Steps between checkpoints.
    """

    iterations: int = 3000
    batch_size: int = 2
    accumulation: int = 1
    learning_rate: float = 3e-3
    schedule: Literal["one-cycle", "step"] = "one-cycle"
    warm_up: float = 0.3
    steps: tuple[float, ...] = (0.56, 0.75)
    weight_decay: float = 0.01
    clip: float = 10.0
    averaging: float = 0.0
    seed: int = 0
    checkpoint_every: int = 500

    def __post_init__(self) -> None:
        for name in ("iterations", "batch_size", "accumulation", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise ScanpickError(f"TrainingSettings.{name}: expected at least 1, got {getattr(self, name)}.")
        if self.schedule not in ("one-cycle", "step"):
            raise ScanpickError(f"TrainingSettings.schedule: expected one-cycle or step, got {self.schedule!r}.")


@dataclass
class _State:
    """What a checkpoint holds besides the weights."""

    iteration: int = 0
    log: list[dict[str, float]] = field(default_factory=list)


def train(
    model: DetectorModel,
    scenes: Sequence[Scene],
    settings: TrainingSettings,
    out: Path,
    *,
    device: torch.device | str = "cpu",
    started_from: str = "",
    advance: Callable[[int], None] = lambda steps: None,
) -> None:
    """Train `model` on labelled scenes. Its network holds the result; `out` gets a checkpoint and a log.

    A run that was interrupted goes on from its last checkpoint, to the weights that it would have had.

    Args:
        model: A detector whose network has been built with the seed.
        scenes: The labelled frames. Objects that are pasted into scenes come from these alone.
        settings: How.
        out: Folder of ``checkpoint.pt`` and ``log.csv``.
        device: Where the network runs.
        started_from: What tells the weights that the network has now from others: a run goes on only from the same.
        advance: Called with the number of steps done.

    Raises:
        ScanpickError: There are no scenes, the folder holds a run with other settings or frames, or the loss became
            NaN or infinite; the message names the frames of that batch.
    """
    if not scenes:
        raise ScanpickError("Training needs at least one labelled frame, got none.")
    device = torch.device(device)
    model.network.to(device).train()
    optimiser = torch.optim.AdamW(
        model.network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = _schedule(optimiser, settings)
    average = _Average(model.network, settings.averaging)
    fingerprint = _fingerprint(model, scenes, settings, started_from)
    state = _resume(out, fingerprint, model.network, optimiser, schedule, average)
    advance(state.iteration)

    batches = _batches(model, scenes, settings, first=state.iteration)
    started = time.monotonic()
    while state.iteration < settings.iterations:
        optimiser.zero_grad(set_to_none=True)
        losses: dict[str, float] = {}
        for _ in range(settings.accumulation):
            samples, frame_ids = next(batches)
            parts = model.losses(model.batch(samples, device))
            total: Tensor = torch.stack(list(parts.values())).sum() / settings.accumulation
            if not torch.isfinite(total):
                values = ", ".join(f"{name} {value.item():.3g}" for name, value in parts.items())
                raise ScanpickError(
                    f"Training stopped at iteration {state.iteration}: the loss is {total.item()} ({values}) for the "
                    f"frames {', '.join(frame_ids)}. Look at these frames with 'scanpick doctor', or lower the "
                    f"learning rate."
                )
            total.backward()  # type: ignore[no-untyped-call]
            for name, value in parts.items():
                losses[name] = losses.get(name, 0.0) + value.item() / settings.accumulation
        norm = nn.utils.clip_grad_norm_(model.network.parameters(), settings.clip)
        rate = optimiser.param_groups[0]["lr"]
        optimiser.step()
        schedule.step()
        average.update(model.network)
        state.iteration += 1
        state.log.append({"iteration": state.iteration, "learning_rate": rate, "gradient_norm": norm.item(), **losses})
        advance(1)
        if state.iteration % settings.checkpoint_every == 0 or state.iteration == settings.iterations:
            _save(out, fingerprint, state, model.network, optimiser, schedule, average, time.monotonic() - started)
    average.copy_to(model.network)
    model.network.eval()


def iterations_for(
    model: DetectorModel,
    scenes: Sequence[Scene],
    out: Path,
    batch_size: int,
    iterations: int | None,
    epochs: float | None,
    minutes: float | None,
    seed: int,
    device: torch.device | str,
) -> int:
    """How many steps a training takes: as told, or by passes over the frames, or by about how long it may take.

    For `minutes` a few steps of a copy are timed; the answer is kept beside the checkpoints, so that an interrupted
    training goes on with the number that it began with.
    """
    if iterations is not None:
        return iterations
    if epochs is not None:
        return max(1, round(epochs * len(scenes) / batch_size))
    if minutes is None:
        return TrainingSettings().iterations
    kept = out / PLANNED
    if not kept.exists():
        trial = TrainingSettings(iterations=_TIMED_STEPS, batch_size=batch_size, seed=seed)
        with tempfile.TemporaryDirectory() as folder:
            copy = deepcopy(model)
            train(copy, scenes, trial, Path(folder) / "warm", device=device)
            started = time.monotonic()
            train(copy, scenes, trial, Path(folder) / "timed", device=device)
        seconds = (time.monotonic() - started) / _TIMED_STEPS
        write_text(kept, json.dumps({"minutes": minutes, "iterations": max(1, round(60 * minutes / seconds))}))
    planned = json.loads(kept.read_text())
    if planned["minutes"] != minutes:
        raise ScanpickError(f"{out} holds a training planned for {planned['minutes']} minutes, not {minutes}.")
    return int(planned["iterations"])


def training_order(count: int, needed: int, seed: int) -> np.ndarray:
    """(needed,) rows of `count` scenes: one random permutation after the other."""
    epochs = -(-needed // count)
    order = [np.random.default_rng([seed, 1, epoch]).permutation(count) for epoch in range(epochs)]
    return np.concatenate(order)[:needed]


def _batches(
    model: DetectorModel, scenes: Sequence[Scene], settings: TrainingSettings, *, first: int
) -> Iterator[tuple[list[Any], list[str]]]:
    """Batches from step `first` on, prepared in the background."""
    scenes = [scene.of_classes(model.class_names) for scene in scenes]
    bank = ObjectBank(scenes, least_points=model.augmentation.pasted_least_points)
    per_step = settings.batch_size * settings.accumulation
    order = training_order(len(scenes), settings.iterations * per_step, settings.seed)

    def prepare(number: int) -> tuple[list[Any], list[str]]:
        samples, frame_ids = [], []
        for slot in range(number * settings.batch_size, (number + 1) * settings.batch_size):
            rng = np.random.default_rng([settings.seed, 2, slot])
            scene = augment(scenes[order[slot]], bank, model.augmentation, rng)
            samples.append(model.sample(scene, rng, training=True))
            frame_ids.append(scene.frame_id)
        return samples, frame_ids

    start, stop = first * settings.accumulation, settings.iterations * settings.accumulation
    with ThreadPoolExecutor(1) as pool:
        waiting: list[Future[tuple[list[Any], list[str]]]] = []
        upcoming = start
        try:
            while upcoming < stop or waiting:
                while upcoming < stop and len(waiting) < PREFETCH:
                    waiting.append(pool.submit(prepare, upcoming))
                    upcoming += 1
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()


def _schedule(optimiser: torch.optim.Optimizer, settings: TrainingSettings) -> torch.optim.lr_scheduler.LRScheduler:
    if settings.schedule == "step":
        milestones = [round(share * settings.iterations) for share in settings.steps]
        return torch.optim.lr_scheduler.MultiStepLR(optimiser, milestones)
    return torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=settings.iterations + 1, pct_start=settings.warm_up
    )


class _Average:
    """Exponential moving average of the weights; buffers are copied. With a share of 0 it does nothing."""

    def __init__(self, network: nn.Module, share: float) -> None:
        self.share = share
        self.values = {n: v.detach().clone() for n, v in network.state_dict().items()} if share else {}
        self.updates = 0

    def update(self, network: nn.Module) -> None:
        self.updates += 1
        share = min(self.share, (1 + self.updates) / (10 + self.updates))  # the start is forgotten quickly
        current = network.state_dict() if self.values else {}
        for name, value in self.values.items():
            if value.is_floating_point():
                value.lerp_(current[name], 1 - share)
            else:
                value.copy_(current[name])

    def copy_to(self, network: nn.Module) -> None:
        if self.values:
            network.load_state_dict(self.values)


def _fingerprint(model: DetectorModel, scenes: Sequence[Scene], settings: TrainingSettings, started_from: str) -> str:
    told = {
        "model": type(model).__name__,
        "model settings": model.settings,
        "augmentation": asdict(model.augmentation),
        "settings": {k: v for k, v in asdict(settings).items() if k != "checkpoint_every"},
        "started_from": started_from,
        "scenes": [(s.frame_id, len(s.points), float(s.points.sum()), s.boxes.array.tolist()) for s in scenes],
    }
    return sha256_of_text(json.dumps(told, sort_keys=True))


def _resume(
    out: Path,
    fingerprint: str,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    average: _Average,
) -> _State:
    path = out / CHECKPOINT
    if not path.exists():
        return _State()
    saved = read_weights_file(path)
    if saved["fingerprint"] != fingerprint:
        raise ScanpickError(
            f"{out} holds a training with other settings, frames or labels. Choose another folder or remove it."
        )
    network.load_state_dict(saved["network"])
    optimiser.load_state_dict(saved["optimiser"])
    schedule.load_state_dict(saved["schedule"])
    for name, value in saved["average"].items():
        average.values[name].copy_(value)
    average.updates = saved["updates"]
    return _State(saved["iteration"], saved["log"])


def _save(
    out: Path,
    fingerprint: str,
    state: _State,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    average: _Average,
    seconds: float,
) -> None:
    content = {
        "fingerprint": fingerprint,
        "iteration": state.iteration,
        "log": state.log,
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
        "schedule": schedule.state_dict(),
        "average": average.values,
        "updates": average.updates,
        "seconds": seconds,
    }
    write_weights_file(out / CHECKPOINT, content)
    text = io.StringIO()
    writer = csv.DictWriter(text, state.log[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(state.log)
    write_text(out / LOG, text.getvalue())
