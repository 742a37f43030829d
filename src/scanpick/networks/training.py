"""Training of any network: one loop for all, resumable; the same seed and threads give the same weights."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from scanpick.errors import ScanpickError, call
from scanpick.files import sha256_of_text
from scanpick.networks.training_state import TrainingState, WeightAverage
from scanpick.texts import parsing, read_json, write_json

PLANNED = "planned.json"
CHECKPOINT_S = 300.0
"""Where steps are slow, a checkpoint is written after so many seconds, too."""

PREFETCH = 4
"""Batches prepared ahead. What is in a batch depends on its number alone, never on the order of preparation."""

_TIMED_STEPS = 5

PreparedBatch: TypeAlias = tuple[list[Any], list[str]]
"""The samples of a batch, and the ids of their frames."""

Prepare: TypeAlias = Callable[[int], PreparedBatch]
"""Makes the batch of a number."""


class TrainableModel(Protocol):
    """What can be trained: a network with what makes tensors of samples, and losses of these.

    `batch` and `losses` run on the device. What they draw at random comes from torch's own generator, which training
    seeds before every step: a resumed run draws what the whole one would have drawn.
    """

    network: nn.Module

    def batch(self, samples: Sequence[Any], device: torch.device) -> Any:
        """Samples put together as tensors."""

    def losses(self, batch: Any) -> dict[str, Tensor]:
        """Named losses of a batch, the same names for every batch; training minimises their sum."""


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained.

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
        checkpoint_every: Steps between checkpoints, at the most.
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


def train_network(
    model: TrainableModel,
    prepare: Prepare,
    settings: TrainingSettings,
    out: Path,
    *,
    fingerprint: Mapping[str, Any],
    device: torch.device | str = "cpu",
    advance: Callable[[int], None] = lambda steps: None,
) -> None:
    """Train `model`. Its network holds the result; `out` gets a checkpoint and a log.

    A run that was interrupted goes on from its last checkpoint, to the weights that it would have had.

    Args:
        model: What is trained; its network has been built with the seed.
        prepare: Makes the samples of the batch of a number, and names their frames. Called in the background, so
            it must not touch the network. What it gives may depend on the number alone.
        settings: How it is trained.
        out: Folder of ``checkpoint.pt`` and ``log.csv``.
        fingerprint: Everything besides `settings` that the weights depend on, JSON-serialisable.
        device: Where the network runs.
        advance: Called with the number of steps done.

    Raises:
        ScanpickError: The folder holds a run with another fingerprint, or the loss became NaN or infinite; the
            message names the frames of that batch.
    """
    device = torch.device(device)
    model.network.to(device).train()
    optimiser = torch.optim.AdamW(
        model.network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    schedule = _schedule(optimiser, settings)
    average = WeightAverage(model.network, settings.averaging)
    state = TrainingState(model.network, optimiser, schedule, average, _sha256(fingerprint, settings))
    state.resume(out)
    advance(state.iteration)

    first, last = (count * settings.accumulation for count in (state.iteration, settings.iterations))
    batches, saved = prefetched(prepare, first, last), time.monotonic()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        while state.iteration < settings.iterations:
            torch.manual_seed(_seed_of_step(settings.seed, state.iteration))
            optimiser.zero_grad(set_to_none=True)
            losses: dict[str, float] = {}
            for _ in range(settings.accumulation):
                samples, frame_ids = next(batches)
                parts = model.losses(model.batch(samples, device))
                total: Tensor = torch.stack(list(parts.values())).sum() / settings.accumulation
                if not torch.isfinite(total):
                    raise _not_finite(state.iteration, total, parts, frame_ids)
                total.backward()  # type: ignore[no-untyped-call]
                for name, value in parts.items():
                    losses[name] = losses.get(name, 0.0) + value.item() / settings.accumulation
            norm = nn.utils.clip_grad_norm_(model.network.parameters(), settings.clip)
            rate = optimiser.param_groups[0]["lr"]
            optimiser.step()
            schedule.step()
            average.update(model.network)
            state.iteration += 1
            state.log.append(
                {"iteration": state.iteration, "learning_rate": rate, "gradient_norm": norm.item(), **losses}
            )
            advance(1)
            due = state.iteration % settings.checkpoint_every == 0 or time.monotonic() - saved > CHECKPOINT_S
            if due or state.iteration == settings.iterations:
                state.save(out)
                saved = time.monotonic()
    average.copy_to(model.network)
    model.network.eval()


def iterations_in(minutes: float, out: Path, run: Callable[[int, Path], None]) -> int:
    """About how many steps take `minutes`, by timing a few of them.

    The answer is kept beside the checkpoints, so that an interrupted training goes on with the number that it began
    with.

    Args:
        minutes: How long the training may take.
        out: The folder of the training.
        run: Trains a copy for so many steps in the given folder. Called twice: the first call warms up.
    """
    kept = out / PLANNED
    if not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            run(_TIMED_STEPS, Path(folder) / "warm")
            started = time.monotonic()
            run(_TIMED_STEPS, Path(folder) / "timed")
        seconds = (time.monotonic() - started) / _TIMED_STEPS
        write_json(kept, {"minutes": minutes, "iterations": max(1, round(60 * minutes / seconds))})
    planned = read_json(kept, f"Remove it, or train in another folder than {out}")
    if planned.get("minutes") != minutes:
        raise ScanpickError(f"{out} holds a training planned for {planned.get('minutes')} minutes, not {minutes}.")
    with parsing(str(kept), "a number of iterations"):
        return int(planned["iterations"])


def shuffled_batches(
    count: int, sample: Callable[[int, np.random.Generator], tuple[Any, str]], settings: TrainingSettings
) -> Prepare:
    """The batches of a training on `count` frames, each of which comes once before one comes again.

    Args:
        count: Frames.
        sample: Makes the sample of a frame's row, drawing from the generator, and names the frame.
        settings: How many batches of which size, and the seed.
    """
    size, seed = settings.batch_size, settings.seed
    order = training_order(count, settings.iterations * settings.accumulation * size, seed)

    def prepare(number: int) -> PreparedBatch:
        slots = range(number * size, (number + 1) * size)
        drawn = [sample(int(order[slot]), np.random.default_rng([seed, 2, slot])) for slot in slots]
        return [one for one, _ in drawn], [frame_id for _, frame_id in drawn]

    return prepare


def training_order(count: int, needed: int, seed: int) -> np.ndarray:
    """(needed,) rows of `count` frames: one random permutation after the other."""
    epochs = -(-needed // count)
    order = [np.random.default_rng([seed, 1, epoch]).permutation(count) for epoch in range(epochs)]
    return np.concatenate(order)[:needed]


def prefetched(prepare: Prepare, first: int, stop: int) -> Iterator[PreparedBatch]:
    """The batches from number `first` up to `stop`, in order, prepared by one thread beside the caller's."""
    with ThreadPoolExecutor(1) as pool:
        waiting: list[Future[PreparedBatch]] = []
        upcoming = first
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


def _seed_of_step(seed: int, iteration: int) -> int:
    return int(np.random.SeedSequence([seed, 3, iteration]).generate_state(1, np.uint64)[0])


def _sha256(fingerprint: Mapping[str, Any], settings: TrainingSettings) -> str:
    kept = {name: value for name, value in asdict(settings).items() if name != "checkpoint_every"}
    return sha256_of_text(json.dumps({**fingerprint, "settings": kept}, sort_keys=True))


def _not_finite(iteration: int, total: Tensor, parts: Mapping[str, Tensor], frame_ids: Sequence[str]) -> ScanpickError:
    values = ", ".join(f"{name} {value.item():.3g}" for name, value in parts.items())
    return ScanpickError(
        f"Training stopped at iteration {iteration}: the loss is {total.item()} ({values}) for the frames "
        f"{', '.join(frame_ids)}. Check these frames with {call('doctor', ...)}, or lower the learning rate."
    )
