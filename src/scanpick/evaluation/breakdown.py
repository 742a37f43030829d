"""The same average precision for parts of the objects: by range from the camera, by occlusion.

Ground truth outside a part is ignored: finding it is neither right nor wrong. A false positive counts in the range it
lies in. It has no occlusion, so that every false positive counts at every level, and averages of rare levels are low;
they compare detectors, not levels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np

from scanpick.arrays import BoolArray
from scanpick.errors import ScanpickError
from scanpick.evaluation.average_precision import Curve, curve
from scanpick.evaluation.kitti import Evaluation
from scanpick.evaluation.matching import IGNORED, VALID, match, roles
from scanpick.evaluation.settings import METRICS
from scanpick.structures import CameraObjects

RANGES_M = (0.0, 20.0, 40.0, np.inf)
OCCLUSIONS = {0: "visible", 1: "partly", 2: "largely", 3: "unknown"}


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the objects.

    Attributes:
        name: "0-20 m", "visible".
        holds_label: Which labels count in it.
        holds_detection: Which detections can be false positives in it.
    """

    name: str
    holds_label: Callable[[CameraObjects], BoolArray]
    holds_detection: Callable[[CameraObjects], BoolArray]


def range_parts(edges_m: Sequence[float] = RANGES_M) -> list[Part]:
    """Parts by horizontal distance from the camera: from each edge up to, not including, the next.

    Raises:
        ScanpickError: The edges do not rise.
    """
    if len(edges_m) < 2 or (np.diff(edges_m) <= 0).any():
        raise ScanpickError(f"Ranges: expected at least two rising distances in metres, got {list(edges_m)}.")
    parts = []
    for near, far in pairwise(edges_m):
        holds = partial(_in_range, near, far)
        parts.append(Part(f"{near:g}+ m" if np.isinf(far) else f"{near:g}-{far:g} m", holds, holds))
    return parts


def occlusion_parts() -> list[Part]:
    """Parts by KITTI's occlusion level of the label."""
    return [Part(name, partial(_at_level, level), _all) for level, name in OCCLUSIONS.items()]


def breakdown(
    evaluation: Evaluation, parts: Sequence[Part]
) -> Mapping[tuple[str, str, str], Mapping[str, Curve | None]]:
    """(class, metric, difficulty) -> part -> curve, None where nothing was evaluated or the part has no object."""
    comparison, settings = evaluation.comparison, evaluation.settings
    found: dict[tuple[str, str, str], dict[str, Curve | None]] = {}
    for rule in settings.classes:
        for metric in METRICS:
            matched = "bbox" if metric == "aos" else metric
            for difficulty in settings.difficulties:
                by_part: dict[str, Curve | None] = dict.fromkeys(part.name for part in parts)
                found[rule.name, metric, difficulty.name] = by_part
                if evaluation.curves[rule.name][metric][difficulty.name] is None:
                    continue
                whole = roles(comparison, rule, matched, difficulty)
                for part in parts:
                    outside = (whole.labels == VALID) & ~part.holds_label(comparison.labels.objects)
                    chosen = replace(
                        whole,
                        labels=np.where(outside, IGNORED, whole.labels),
                        excused=whole.excused | ~part.holds_detection(comparison.detections.objects),
                    )
                    if (chosen.labels == VALID).any():
                        matches = match(comparison, rule, matched, chosen)
                        by_part[part.name] = curve(matches, oriented=metric == "aos")
    return found


def _in_range(near_m: float, far_m: float, objects: CameraObjects) -> BoolArray:
    range_m = np.hypot(objects.bottom_centres[:, 0], objects.bottom_centres[:, 2])
    return np.asarray((range_m >= near_m) & (range_m < far_m))


def _at_level(level: int, objects: CameraObjects) -> BoolArray:
    return np.asarray(objects.occlusion == level)


def _all(objects: CameraObjects) -> BoolArray:
    return np.ones(len(objects), dtype=np.bool_)
