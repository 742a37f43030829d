"""Training an encoder on unlabelled frames, with some kept out to see what it learns."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scanpick.arrays import Float64Array, Int64Array
from scanpick.encoders.pretraining.adaptable import AdaptableModel, UnlabelledFrame
from scanpick.encoders.pretraining.frames import UnlabelledFrames, hold_out
from scanpick.encoders.pretraining.neighbours import near_in_time
from scanpick.encoders.pretraining.teacher import ImageFeatures
from scanpick.errors import ScanpickError
from scanpick.networks.training import TrainingSettings, iterations_in, shuffled_batches, train_network

HELD_OUT_SHARE = 0.1
HELD_OUT_MOST = 128
"""Frames that are kept out are looked at up to this number, spread evenly."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Reconstruction losses of frames that were kept out.

    Attributes:
        frame_ids: F frames.
        sequences: The sequence of each.
        losses: (F,) of each.
    """

    frame_ids: tuple[str, ...]
    sequences: tuple[str, ...]
    losses: Float64Array


class Adaptation:
    """A model and the frames that it is to learn from.

    Args:
        model: The model, with the weights that it starts from.
        frames: The frames.
        seed: Decides which frames are kept out, and everything random in training.
        features: Of camera images, where the model asks for them.
        started_from: What tells the weights that the model has now from others.

    Attributes:
        training_rows: Rows of `frames` to train on.
        held_out_rows: Rows that are kept out and looked at.

    Raises:
        ScanpickError: There is one frame only, or the model asks for what these frames do not have: neighbours in
            time, or image features of its length.
    """

    def __init__(
        self,
        model: AdaptableModel,
        frames: UnlabelledFrames,
        *,
        seed: int,
        features: ImageFeatures | None = None,
        started_from: str = "",
    ) -> None:
        self.model, self.frames, self.seed, self.started_from = model, frames, seed, started_from
        self.features = features.values if features is not None else {}
        self.training_rows, held_out = hold_out(frames.records, HELD_OUT_SHARE, np.random.default_rng([seed, 4]))
        self.held_out_rows = _spread(held_out, HELD_OUT_MOST)
        self.neighbours = near_in_time(frames.records, self.training_rows) if model.wants_neighbours else {}
        if model.wants_neighbours and not self.neighbours:
            raise ScanpickError(
                "Agreement of neighbours in time was asked for, but no frame has a neighbour: frames of a data set "
                "without sequences are not in time order. Leave it out, or give frames of drives."
            )
        wanted, given = model.teacher_dimension, None if features is None else features.dimension
        if wanted != given:
            raise ScanpickError(f"Image features: the model asks for length {wanted}, the teacher gives {given}.")
        if wanted is not None and not any(frames.records[row].frame_id in self.features for row in self.training_rows):
            raise ScanpickError("Image features: none of the frames that are trained on has one.")

    def train(
        self,
        settings: TrainingSettings,
        out: Path,
        *,
        device: torch.device | str = "cpu",
        advance: Callable[[int], None] = lambda steps: None,
    ) -> None:
        """Train the model, resumable; see `train_network`. Its seed is the adaptation's."""
        settings = replace(settings, seed=self.seed)
        features = [(name, float(value.sum(dtype=np.float64))) for name, value in sorted(self.features.items())]
        fingerprint = {
            "model": type(self.model).__name__,
            "model settings": self.model.settings,
            "started_from": self.started_from,
            "frames": self.frames.digests,
            "features": features,
        }
        batches = shuffled_batches(len(self.training_rows), self._sample, settings)
        train_network(self.model, batches, settings, out, fingerprint=fingerprint, device=device, advance=advance)

    def iterations_in(
        self, minutes: float, settings: TrainingSettings, out: Path, *, device: torch.device | str = "cpu"
    ) -> int:
        """About how many steps take `minutes`; the model is left as it is. See `networks.training.iterations_in`."""
        trial = copy(self)
        trial.model = deepcopy(self.model)
        return iterations_in(
            minutes,
            out,
            lambda steps, folder: trial.train(replace(settings, iterations=steps), folder, device=device),
        )

    def held_out(
        self,
        batch_size: int,
        *,
        device: torch.device | str = "cpu",
        advance: Callable[[int], None] = lambda steps: None,
    ) -> HeldOut:
        """Reconstruction losses of the frames kept out, with the same masks whenever it is called."""
        device = torch.device(device)
        self.model.network.to(device).eval()
        losses = []
        for start in range(0, len(self.held_out_rows), batch_size):
            rows = self.held_out_rows[start : start + batch_size]
            samples = [
                self.model.held_out_sample(
                    UnlabelledFrame(self.frames.records[row], self.frames.points(row)),
                    np.random.default_rng([self.seed, 5, row]),
                )
                for row in rows.tolist()
            ]
            with torch.inference_mode():
                losses.append(self.model.held_out_losses(self.model.batch(samples, device)).double().cpu().numpy())
            advance(len(rows))
        records = [self.frames.records[row] for row in self.held_out_rows]
        names, sequences = tuple(r.frame_id for r in records), tuple(r.sequence for r in records)
        return HeldOut(names, sequences, np.concatenate(losses))

    def _sample(self, place: int, rng: np.random.Generator) -> tuple[Any, str]:
        """What is made of the frame at a place of `training_rows`, with a neighbour and an image feature."""
        row = int(self.training_rows[place])
        near, record = self.neighbours.get(row), self.frames.records[row]
        neighbour = None if near is None else self.frames.points(int(rng.choice(near)))
        frame = UnlabelledFrame(record, self.frames.points(row), neighbour, self.features.get(record.frame_id))
        return self.model.sample(frame, rng), record.frame_id


def _spread(rows: Int64Array, most: int) -> Int64Array:
    return rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(np.int64)]
