"""What every kind of detector offers to training and prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from torch import nn

from scanpick.detectors.augmentation import AugmentationSettings
from scanpick.detectors.scene import Scene
from scanpick.networks.training import TrainableModel
from scanpick.structures import Detections


class DetectorModel(TrainableModel, Protocol):
    """A network with what surrounds it. Training and prediction are the same code for all kinds.

    `sample` is numpy work on one scene, done in the background; `batch`, `losses` and `detections` run on the device.
    """

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

    def detections(self, batch: Any) -> list[Detections]:
        """What the network finds, one entry a sample."""
