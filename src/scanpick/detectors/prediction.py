"""Prediction with any detector: one answer about a frame, or several, whose differences say how sure it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from scanpick.detectors.augmentation import MIRROR, flip
from scanpick.detectors.detector import DetectorModel
from scanpick.detectors.scene import Scene
from scanpick.errors import ScanpickError
from scanpick.structures import Boxes3D, Detections

KEPT = 0.8
"""Share of the points that a variation keeps."""


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
        of_pass = int(np.random.SeedSequence([seed, 4, number]).generate_state(1, np.uint64)[0] >> 1)
        with dropout_after(model.head_layers, rate, of_pass):
            found += predict(model, [scene], seed=seed, device=device)
    return found


def predict_variations(
    model: DetectorModel, scene: Scene, count: int, *, seed: int = 0, device: torch.device | str = "cpu"
) -> list[Detections]:
    """Detections of so many variations of one scene, where they are in the scene itself."""
    varied = [variation(scene, number, seed) for number in range(count)]
    found = predict(model, varied, seed=seed, device=device)
    return [mirrored(one) if number % 2 else one for number, one in enumerate(found)]


def variation(scene: Scene, number: int, seed: int) -> Scene:
    """A random part of the points of a scene, without boxes; those of odd numbers mirrored."""
    rng = np.random.default_rng([seed, 5, number])
    some = replace(scene, boxes=Boxes3D.empty()).with_points(rng.random(len(scene.points)) < KEPT)
    return flip(some) if number % 2 else some


def mirrored(detections: Detections) -> Detections:
    """The detections with left and right exchanged."""
    return replace(detections, boxes=Boxes3D(detections.boxes.array * MIRROR, detections.boxes.class_names))


@contextmanager
def dropout_after(layers: Sequence[nn.Module], rate: float, seed: int) -> Iterator[None]:
    """Within this block a random share of the outputs of these layers is 0, and the others make up for it.

    Each pass is then another plausible detector (Monte-Carlo dropout). Gal and Ghahramani (ICML 2016, arXiv
    1506.02142) train with the same dropout; here it is put into a network that was trained without ("dropout
    injection", Ledda et al. 2023, arXiv 2302.02924), so that any weights will do, published ones among them. The spread
    is then a measure to rank frames by, not a calibrated variance.

    Args:
        layers: Each gives one tensor.
        rate: The share, 0 up to but not 1.
        seed: Of the masks: the same calls in the same order get the same ones.

    Raises:
        ScanpickError: The rate is none.
    """
    if not 0 <= rate < 1:
        raise ScanpickError(f"Dropout: expected a rate of at least 0 and less than 1, got {rate}.")
    generator = torch.Generator().manual_seed(seed)

    def drop(_layer: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        # Drawn on the CPU: the same masks on every device.
        kept = torch.rand(output.shape, generator=generator) >= rate
        return output * (kept.to(output) / (1 - rate))

    handles = [layer.register_forward_hook(drop) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
