"""Prediction with any detector."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch

from scanpick.detectors.detector import DetectorModel
from scanpick.detectors.scene import Scene
from scanpick.structures import Detections


def predict(
    model: DetectorModel,
    scenes: Iterable[Scene],
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    advance: Callable[[int], None] = lambda steps: None,
) -> list[Detections]:
    """Detections of each scene, in order; labels in the scenes are not looked at.

    A frame's detections do not depend on the other frames: each is a batch of its own, with a generator of its own.
    """
    device = torch.device(device)
    model.network.to(device).eval()
    found = []
    with torch.inference_mode():
        for scene in scenes:
            rng = np.random.default_rng([seed, 3])
            found.extend(model.detections(model.batch([model.sample(scene, rng, training=False)], device)))
            advance(1)
    return found
