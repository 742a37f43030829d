"""What every kind of detector offers to training and prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from scanpick.detectors.augmentation import AugmentationSettings
from scanpick.detectors.scene import Scene
from scanpick.structures import Detections


class DetectorModel(Protocol):
    """A network with what surrounds it. Training and prediction are the same code for all kinds.

    `sample` is numpy work on one scene, done in the background; `batch`, `losses` and `detections` run on the device.
    """

    network: nn.Module
    class_names: tuple[str, ...]
    augmentation: AugmentationSettings

    @property
    def settings(self) -> dict[str, Any]:
        """What the network is built from, JSON-serialisable."""

    @property
    def head_layers(self) -> Sequence[nn.Module]:
        """Layers of the network after which Monte-Carlo dropout goes."""

    def sample(self, scene: Scene, rng: np.random.Generator, *, training: bool) -> Any:
        """What the network and, in training, its losses need of one scene. A pure function of scene and rng."""

    def batch(self, samples: Sequence[Any], device: torch.device) -> Any:
        """Samples put together as tensors."""

    def losses(self, batch: Any) -> dict[str, Tensor]:
        """Named losses of a batch; training minimises their sum."""

    def detections(self, batch: Any) -> list[Detections]:
        """What the network finds, one entry a sample."""
