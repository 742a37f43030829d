"""References that know all labels: what could any selection gain? Of studies alone, and no strategies for users."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from pydantic import Field, PrivateAttr

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.labels import CostModel
from scanpick.options import build_checked
from scanpick.selection.kernels.picker import Picker
from scanpick.selection.pool import Pool
from scanpick.selection.strategies import STRATEGIES
from scanpick.selection.strategy import Request, Strategy
from scanpick.structures import Labels

_RANGE_M, _SIZE_LOG, _HEADING, _OCCLUSION = 10.0, 0.1, 1.0, 1.0
"""One step of difference: metres of distance, logarithms of sizes, cos and sin of twice the heading as it is seen from
the sensor, and levels of occlusion."""


@runtime_checkable
class Knowing(Protocol):
    """A reference that must be given the labels of the pool."""

    def knowing(
        self,
        labels_of: Callable[[str], Labels | None],
        classes: Sequence[str],
        annotated: Sequence[str],
        cost: CostModel,
    ) -> Strategy:
        """The reference with its labels.

        Args:
            labels_of: The labels of a frame.
            classes: What the detector is to find.
            annotated: What annotators draw.
            cost: What that costs.
        """


@dataclass(frozen=True)
class _Known:
    labels_of: Callable[[str], Labels | None]
    classes: tuple[str, ...]
    annotated: tuple[str, ...]
    cost: CostModel

    def price(self, frame_id: str) -> float:
        labels = self.labels_of(frame_id)
        drawn = 0 if labels is None else int(np.isin(labels.boxes.class_names, self.annotated).sum())
        return self.cost.of(frames=1, boxes=drawn)


class DistinctObjects(Strategy):
    """Greedy on objects that are unlike all that are labelled: in distance, heading, size and occlusion.

    gain(x) = sum over the objects of frame x of min(1, their distance to the nearest labelled object / reach). Objects
    of one frame do not lower each other's gain.

    Attributes:
        per_cost: Gain over what labelling the frame costs: crowded frames are dear.
        reach: An object counts fully from this distance on, in steps of difference.
    """

    gain_means: ClassVar[str] = "objects unlike those that are labelled"

    per_cost: bool = False
    reach: float = Field(default=1.0, gt=0)
    _known: _Known | None = PrivateAttr(default=None)

    def knowing(
        self,
        labels_of: Callable[[str], Labels | None],
        classes: Sequence[str],
        annotated: Sequence[str],
        cost: CostModel,
    ) -> DistinctObjects:
        """See `Knowing`."""
        known = self.model_copy()
        known._known = _Known(labels_of, tuple(classes), tuple(annotated), cost)
        return known

    def picker(self, pool: Pool, request: Request) -> ObjectPicker:
        """Start with the objects of labelled frames as known."""
        assert self._known is not None
        objects = [described(self._known.labels_of(frame_id), self._known.classes) for frame_id in pool.frame_ids]
        weights = np.ones(len(pool)) if request.weights is None else request.weights
        if self.per_cost:
            weights = weights / np.maximum([self._known.price(frame_id) for frame_id in pool.frame_ids], 1e-9)
        picker = ObjectPicker(objects, self.reach, request.allowed, weights)
        picker.take_all(np.flatnonzero(pool.labelled))
        return picker


class ObjectPicker(Picker):
    """Takes the frame of the largest sum over its objects of their distances to objects that are taken.

    Args:
        objects: For each of N frames (K, D) its objects.
        reach: Distances count up to this.
        allowed: (N,) bool: frames that may be returned.
        weights: (N,) float64 > 0 that multiply the gains.
    """

    def __init__(
        self, objects: Sequence[Float64Array], reach: float, allowed: BoolArray, weights: Float64Array
    ) -> None:
        self._of_frame = np.repeat(np.arange(len(objects)), [len(some) for some in objects])
        self._objects = np.concatenate(objects) if objects else np.zeros((0, 1))
        self._reach = reach
        self._nearest = np.full(len(self._objects), reach)
        self._allowed = allowed.copy()
        self._weights = weights

    def best(self) -> tuple[int, float] | None:
        """The frame of the largest gain, ties to the lowest index."""
        if not self._allowed.any():
            return None
        gains = np.where(self._allowed, self.gains(), -1.0)
        index = int(np.argmax(gains))
        return index, float(gains[index])

    def take(self, index: int) -> None:
        """Choose a frame: objects like its own are worth less from now on."""
        self._allowed[index] = False
        for one in self._objects[self._of_frame == index]:
            np.minimum(self._nearest, np.linalg.norm(self._objects - one, axis=1), out=self._nearest)

    def forbid(self, indices: Int64Array) -> None:
        """Pass these over from now on."""
        self._allowed[indices] = False

    def gains(self) -> Float64Array:
        """(N,) gain times weight; 0 where a frame is not allowed."""
        sums = np.bincount(self._of_frame, self._nearest / self._reach, minlength=len(self._allowed))
        return np.where(self._allowed, sums * self._weights, 0.0)


def described(labels: Labels | None, classes: Sequence[str]) -> Float64Array:
    """(K, 7) objects of these classes in steps of difference: distance, heading (2), size (3), occlusion."""
    if labels is None:
        return np.zeros((0, 7))
    chosen = np.isin(labels.boxes.class_names, list(classes))
    boxes = labels.boxes.array
    seen = boxes[:, 6] - np.arctan2(boxes[:, 1], boxes[:, 0])
    occlusion = np.zeros(len(boxes))
    if labels.camera_objects is not None:
        real = labels.camera_objects.class_names != "DontCare"
        if real.sum() == len(boxes):
            occlusion = labels.camera_objects.occlusion[real]
    columns = [
        np.hypot(boxes[:, 0], boxes[:, 1]) / _RANGE_M,
        *(np.cos(2 * seen) / _HEADING, np.sin(2 * seen) / _HEADING),
        *(np.log(np.maximum(boxes[:, 3:6], 0.05)) / _SIZE_LOG).T,
        np.clip(occlusion, 0, 3) / _OCCLUSION,
    ]
    return np.column_stack(columns)[chosen]


ORACLES: Mapping[str, type[Strategy]] = {"oracle_objects": DistinctObjects}
"""Name -> reference, beside `STRATEGIES` in a study's list of strategies."""


def make_strategy(name: str, options: Mapping[str, Any]) -> Strategy:
    """A strategy, or a reference that knows all labels.

    Raises:
        ScanpickError: The name or an option is unknown.
    """
    if name in ORACLES:
        return build_checked(ORACLES[name], options, f"the reference '{name}'")
    return STRATEGIES.make(name, options)
