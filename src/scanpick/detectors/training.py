"""Training of any detector: scenes with pasted objects through the loop that all networks share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scanpick.detectors.augmentation import ObjectBank, augment
from scanpick.detectors.detector import DetectorModel
from scanpick.detectors.scene import Scene
from scanpick.errors import ScanpickError
from scanpick.networks.training import TrainingSettings, iterations_in, shuffled_batches, train_network


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
        settings: How it is trained.
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
    fingerprint = {
        "model": type(model).__name__,
        "model settings": model.settings,
        "augmentation": asdict(model.augmentation),
        "started_from": started_from,
        "scenes": [(s.frame_id, len(s.points), float(s.points.sum()), s.boxes.array.tolist()) for s in scenes],
    }
    wanted = [scene.of_classes(model.class_names) for scene in scenes]
    bank = ObjectBank(wanted, least_points=model.augmentation.pasted_least_points)

    def sample(row: int, rng: np.random.Generator) -> tuple[Any, str]:
        scene = augment(wanted[row], bank, model.augmentation, rng)
        return model.sample(scene, rng, training=True), scene.frame_id

    batches = shuffled_batches(len(scenes), sample, settings)
    train_network(model, batches, settings, out, fingerprint=fingerprint, device=device, advance=advance)


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

    For `minutes` a few steps of a copy are timed, see `iterations_in`.
    """
    if iterations is not None:
        return iterations
    if epochs is not None:
        return max(1, round(epochs * len(scenes) / batch_size))
    if minutes is None:
        return TrainingSettings().iterations
    copy = deepcopy(model)

    def run(steps: int, folder: Path) -> None:
        train(copy, scenes, TrainingSettings(iterations=steps, batch_size=batch_size, seed=seed), folder, device=device)

    return iterations_in(minutes, out, run)
