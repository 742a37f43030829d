"""Prediction with any detector."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch

from scanpick.detectors.detector import DetectorModel
from scanpick.detectors.dropout import dropout_after
from scanpick.detectors.scene import Scene
from scanpick.detectors.variations import Variation
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


def predict_passes(
    model: DetectorModel,
    scene: Scene,
    passes: int,
    *,
    rate: float = 0.1,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> list[Detections]:
    """Detections of one scene by so many passes with dropout in the heads, see `dropout_after`."""
    found = []
    for number in range(passes):
        with dropout_after(model.head_layers, rate, _seed_of_pass(seed, number)):
            found += predict(model, [scene], seed=seed, device=device)
    return found


def predict_variations(
    model: DetectorModel, scene: Scene, count: int, *, seed: int = 0, device: torch.device | str = "cpu"
) -> list[Detections]:
    """Detections of so many variations of one scene, each a random part of its points, every other one mirrored."""
    variations = [Variation(number, seed) for number in range(count)]
    found = predict(model, [one.of(scene) for one in variations], seed=seed, device=device)
    return [one.undo(detections) for one, detections in zip(variations, found, strict=True)]


def _seed_of_pass(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, 4, number]).generate_state(1, np.uint64)[0] >> 1)
