"""What an encoder offers so that it can be trained on unlabelled frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from scanpick.arrays import Float32Array, Points
from scanpick.networks.training import TrainingSettings
from scanpick.structures import FrameRecord


@dataclass(frozen=True, eq=False)
class UnlabelledFrame:
    """A frame to learn from.

    Attributes:
        record: Its line in the list of frames: id, sequence, place in time.
        points: (P, 4) float32 x, y, z in metres, LiDAR frame, and intensity. Finite. Not to be written to.
        neighbour: (Q, 4) points of a frame near in time of the same sequence, drawn anew each time; None where the
            model asks for none, or there is none.
        image_feature: (T,) float32, a frozen teacher's feature of the camera image; None where none was asked for.
    """

    record: FrameRecord
    points: Points
    neighbour: Points | None = None
    image_feature: Float32Array | None = None


class AdaptableModel(Protocol):
    """A network with what surrounds it in self-supervised training. A `TrainableModel`.

    `check` and `sample` are numpy work on one frame, done in the background; `batch` and the losses run on the device.
    """

    network: nn.Module

    @property
    def settings(self) -> dict[str, Any]:
        """All that its weights depend on besides frames and `training`, JSON-serialisable."""

    @property
    def embed_options(self) -> dict[str, Any]:
        """Options that frames should be embedded with, to be seen as they were in training; {} for none."""

    @property
    def training(self) -> TrainingSettings:
        """How it likes to be trained. Iterations, and what the user says, are replaced."""

    @property
    def wants_neighbours(self) -> bool:
        """Whether frames near in time are to be read, too. If so, it is an error when no frame has any."""

    @property
    def teacher_dimension(self) -> int | None:
        """T, the length that features of images must have; None where none are asked for."""

    def check(self, points: Points) -> None:
        """Whether a frame with these (P, 4) points can be learnt from; `sample` then works on it, whatever is drawn.

        Raises:
            FrameError: It cannot; it is set aside with this reason.
        """

    def sample(self, frame: UnlabelledFrame, rng: np.random.Generator) -> Any:
        """What the losses need of one frame: augmented views, masks, targets. A pure function of frame and rng."""

    def batch(self, samples: Sequence[Any], device: torch.device) -> Any:
        """Samples put together as tensors."""

    def losses(self, batch: Any) -> dict[str, Tensor]:
        """Named and weighted losses of a batch, the same names for every batch; training minimises their sum."""

    def held_out_sample(self, frame: UnlabelledFrame, rng: np.random.Generator) -> Any:
        """As `sample`, for frames that are kept out: without augmentation, chance (masks) from `rng` alone."""

    def held_out_losses(self, batch: Any) -> Tensor:
        """(B,) reconstruction loss of each sample of a batch, in evaluation mode: what must fall on frames unseen."""

    def save(self, folder: Path, told: Mapping[str, Any]) -> Path:
        """Write what `scanpick.embed` takes as the option ``weights``; `told` says how it was made. Gives its path."""
