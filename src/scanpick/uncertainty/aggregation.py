"""Aggregations: one number per frame of the numbers of its boxes."""

from collections.abc import Callable

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError, unknown_name

AGGREGATIONS = ("mean", "max", "sum", "top-k", "per-box")
"""`mean` and `max` over the boxes; `sum` favours crowded frames, which are dear to label; `top-k` is the mean of the k
largest (of all, where there are fewer); `per-box` is the sum divided by the expected number of boxes, the sum of the
objectness, at least 1: uncertainty per unit of labelling work."""


def aggregate(values: Float64Array, objectness: Float64Array, how: str, *, k: int = 5, empty: float = 0.0) -> float:
    """One number of (B,) box scores.

    Args:
        values: (B,) box scores.
        objectness: (B,) probabilities that the boxes are objects; "per-box" takes their sum as the expected number.
        how: One of `AGGREGATIONS`.
        k: For "top-k".
        empty: The value of a frame without any detection. The default 0 says: nothing was found that could be
            unsure. A high value says that such a frame itself is suspect.

    Raises:
        ScanpickError: `how` is unknown or `k` is less than 1.
    """
    if how not in _FUNCTIONS:
        raise unknown_name("aggregation", how, AGGREGATIONS)
    if k < 1:
        raise ScanpickError(f"k of the aggregation 'top-k': expected at least 1, got {k}.")
    if len(values) == 0:
        return empty
    return float(_FUNCTIONS[how](values, objectness, k))


_FUNCTIONS: dict[str, Callable[[Float64Array, Float64Array, int], float]] = {
    "mean": lambda values, objectness, k: values.mean(),
    "max": lambda values, objectness, k: values.max(),
    "sum": lambda values, objectness, k: values.sum(),
    "top-k": lambda values, objectness, k: np.sort(values)[-k:].mean(),
    "per-box": lambda values, objectness, k: values.sum() / max(objectness.sum(), 1.0),
}
