"""Labels beside detections of the same frames, with every overlap that can matter, computed once for all settings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.evaluation.settings import MATCHED_METRICS, ClassRule, EvaluationSettings
from scanpick.formats.object_table import ObjectTable
from scanpick.geometry.rotated_iou import shared_area
from scanpick.structures import CameraObjects
from scanpick.structures.checks import name_some

DONT_CARE = "dontcare"
_OTHER = -1


@dataclass(frozen=True, eq=False)
class Comparison:
    """G labels and D detections of the same F frames.

    Attributes:
        labels: Ground truth.
        detections: With scores.
        settings: Whose classes the overlaps were computed for.
        class_codes: Lower-case name -> code, for the classes and their neutral ones.
        label_codes: (G,) code of each label's class, -1 for classes that play no part.
        detection_codes: (D,) the same for detections.
        pair_offsets: (G + 1,) label g overlaps the pairs from ``pair_offsets[g]`` up to ``pair_offsets[g + 1]``.
        pair_detections: (N,) row of the detection of each pair, rising for one label.
        pair_overlaps: (3, N) intersection over union in the order of `MATCHED_METRICS`; pairs below every class's
            limit in each are left out.
        stuff_overlaps: (3, D) greatest share of a detection that one DontCare region covers.
    """

    labels: ObjectTable
    detections: ObjectTable
    settings: EvaluationSettings
    class_codes: dict[str, int]
    label_codes: Int64Array
    detection_codes: Int64Array
    pair_offsets: Int64Array
    pair_detections: Int64Array
    pair_overlaps: Float64Array
    stuff_overlaps: Float64Array

    def detected(self, rule: ClassRule, metric: str) -> bool:
        """Whether the class is evaluated: detected at least once, with the numbers that the metric needs."""
        objects = self.detections.objects
        of_class = self.detection_codes == self.class_codes[rule.name.lower()]
        if metric == "aos" and (objects.alpha == -10).any():  # one unknown orientation speaks for the whole detector
            return False
        return bool((of_class & _usable(objects, metric)).any())


def compare(labels: ObjectTable, detections: ObjectTable, settings: EvaluationSettings) -> Comparison:
    """Compute the overlaps of all labels and detections that the classes of `settings` can match.

    Raises:
        ScanpickError: The frames differ, detections have no scores, or labels have some.
    """
    _check(labels, detections)
    names = [name.lower() for rule in settings.classes for name in (rule.name, *rule.neutral)]
    codes = {name: code for code, name in enumerate(dict.fromkeys(names))}
    label_codes = _codes(labels.objects, codes)
    floors = [min((rule.min_overlap[metric] for rule in settings.classes), default=1.0) for metric in MATCHED_METRICS]
    offsets, pair_detections, pair_overlaps, stuff_overlaps = _overlaps(
        labels.offsets,
        detections.offsets,
        columns_of(labels.objects),
        columns_of(detections.objects),
        label_codes >= 0,
        _lower(labels.objects) == DONT_CARE,
        np.array(floors),
    )
    return Comparison(
        labels=labels,
        detections=detections,
        settings=settings,
        class_codes=codes,
        label_codes=label_codes,
        detection_codes=_codes(detections.objects, codes),
        pair_offsets=offsets,
        pair_detections=pair_detections,
        pair_overlaps=np.ascontiguousarray(pair_overlaps.T),
        stuff_overlaps=np.ascontiguousarray(stuff_overlaps.T),
    )


def _usable(objects: CameraObjects, metric: str) -> BoolArray:
    """Which detections show that a metric was meant: 2D-only results have -1000 for places and -1 for sizes."""
    if metric in ("bbox", "aos"):
        return np.asarray(objects.image_boxes[:, 0] >= 0)
    place, size = objects.bottom_centres != -1000, objects.sizes_hwl > 0
    needed = [place[:, 0], place[:, 2], size[:, 1], size[:, 2]]
    if metric == "3d":
        needed += [place[:, 1], size[:, 0]]
    return np.logical_and.reduce(needed)


def _check(labels: ObjectTable, detections: ObjectTable) -> None:
    if labels.frame_ids != detections.frame_ids:
        differing = sorted(set(labels.frame_ids) ^ set(detections.frame_ids))
        reason = f"these are in one of the two only: {name_some(differing)}" if differing else "their order differs"
        raise ScanpickError(f"Evaluation: expected labels and detections of the same frames, but {reason}.")
    if labels.objects.scores is not None:
        raise ScanpickError("Evaluation: expected labels without scores as ground truth, got detections.")
    if detections.objects.scores is None:
        raise ScanpickError("Evaluation: expected detections with scores, got labels (15 columns, not 16).")


def _lower(objects: CameraObjects) -> np.ndarray:
    return np.char.lower(objects.class_names)


def _codes(objects: CameraObjects, codes: dict[str, int]) -> Int64Array:
    return np.array([codes.get(name.lower(), _OTHER) for name in objects.class_names.tolist()], dtype=np.int64)


def columns_of(objects: CameraObjects) -> Float64Array:
    """(K, 11): left, top, right, bottom, height, width, length, x, y, z, rotation_y."""
    return np.column_stack([objects.image_boxes, objects.sizes_hwl, objects.bottom_centres, objects.rotation_y])


@njit(cache=True, nogil=True)
def _overlaps(
    label_offsets: Int64Array,
    detection_offsets: Int64Array,
    labels: Float64Array,
    detections: Float64Array,
    relevant: BoolArray,
    dont_care: BoolArray,
    floors: Float64Array,
) -> tuple[Int64Array, Int64Array, Float64Array, Float64Array]:
    pair_offsets = np.zeros(len(labels) + 1, dtype=np.int64)
    pair_detections = np.empty(1024, dtype=np.int64)
    pair_overlaps = np.empty((1024, 3))
    stuff = np.zeros((len(detections), 3))
    count = 0
    for frame in range(len(label_offsets) - 1):
        for g in range(label_offsets[frame], label_offsets[frame + 1]):
            for d in range(detection_offsets[frame], detection_offsets[frame + 1]):
                if dont_care[g]:
                    for metric, share in enumerate(overlaps_of_two(detections[d], labels[g], True)):
                        stuff[d, metric] = max(stuff[d, metric], share)
                elif relevant[g]:
                    overlaps = overlaps_of_two(detections[d], labels[g], False)
                    if overlaps[0] > floors[0] or overlaps[1] > floors[1] or overlaps[2] > floors[2]:
                        if count == len(pair_detections):
                            pair_detections = np.concatenate((pair_detections, np.empty_like(pair_detections)))
                            pair_overlaps = np.concatenate((pair_overlaps, np.empty_like(pair_overlaps)))
                        pair_detections[count] = d
                        pair_overlaps[count, 0], pair_overlaps[count, 1], pair_overlaps[count, 2] = overlaps
                        count += 1
            pair_offsets[g + 1] = count
    return pair_offsets, pair_detections[:count], pair_overlaps[:count], stuff


@njit(cache=True, nogil=True)
def overlaps_of_two(detection: Float64Array, label: Float64Array, of_detection: bool) -> tuple[float, float, float]:
    """Overlap in the image, from above and in space: of the union, or of the detection alone."""
    image = 0.0
    width = min(detection[2], label[2]) - max(detection[0], label[0])
    height = min(detection[3], label[3]) - max(detection[1], label[1])
    if width > 0 and height > 0:
        shared = width * height
        of_d = (detection[2] - detection[0]) * (detection[3] - detection[1])
        of_g = (label[2] - label[0]) * (label[3] - label[1])
        image = _ratio(shared, of_d, of_g, of_detection)

    # Unknown sizes are -1. A footprint with two negative sides is a rectangle all the same.
    _, _, _, _, dh, dw, dl, dx, dy, dz, d_rotation = detection
    _, _, _, _, gh, gw, gl, gx, gy, gz, g_rotation = label
    area = shared_area(dx, dz, abs(dl), abs(dw), -d_rotation, gx, gz, abs(gl), abs(gw), -g_rotation)
    if area <= 0:
        return image, 0.0, 0.0
    bev = _ratio(area, abs(dl * dw), abs(gl * gw), of_detection)
    volume = area * max(0.0, min(dy, gy) - max(dy - dh, gy - gh))
    return image, bev, _ratio(volume, dh * dl * dw, gh * gl * gw, of_detection)


@njit(cache=True, nogil=True)
def _ratio(shared: float, of_detection: float, of_label: float, of_detection_alone: bool) -> float:
    whole = of_detection if of_detection_alone else of_detection + of_label - shared
    return shared / whole if whole > 0 else 0.0
