"""How many columns the points of ``.bin`` files have, which the files do not say.

Two signs are used. The sizes of all files must be whole numbers of points. And in the right number of columns, the
columns differ from each other (heights lie within a few metres, reflectances are not negative, x and y go far), while
in the wrong number every column holds a mixture of all: 4 and 5 have no common divisor, so the mixture is even.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanpick.arrays import Float32Array, FloatArray
from scanpick.errors import ScanpickError
from scanpick.files import check_regular

CANDIDATES = (4, 5)
_FILES_SAMPLED = 8
_VALUES_SAMPLED = 100_000


@dataclass(frozen=True)
class InferredColumns:
    """A number of columns, and why it was taken."""

    columns: int
    reason: str


def infer_columns(paths: Sequence[Path]) -> InferredColumns:
    """Infer the number of columns, 4 or 5, from the sizes of all files and the values in some of them.

    Files that cannot be read are passed over here: they are found when their frame is read.
    """
    sizes = [size for size in map(_size, paths) if size > 0]
    whole = {columns: sum(size % (4 * columns) == 0 for size in sizes) for columns in CANDIDATES}
    complete = [columns for columns in CANDIDATES if sizes and whole[columns] == len(sizes)]
    unevenness = dict.fromkeys(CANDIDATES, 0.0)
    for path in _spread(paths, _FILES_SAMPLED):
        values = _values(path)
        for columns in CANDIDATES:
            unevenness[columns] += columns_unevenness(values, columns)
    seen = clearly_uneven(unevenness)
    if len(complete) == 1 and seen in (None, complete[0]):
        (other,) = set(CANDIDATES) - set(complete)
        misfits = len(sizes) - whole[other]
        return InferredColumns(
            complete[0], f"inferred: {misfits} of {len(sizes)} file sizes are not whole numbers of points of {other}"
        )
    if seen is not None:
        return InferredColumns(seen, "inferred from the values; the file sizes alone do not tell")
    best = max(CANDIDATES, key=lambda columns: (unevenness[columns], whole[columns], -columns))
    return InferredColumns(best, "assumed: neither sizes nor values tell clearly")


def clearly_uneven(unevenness: Mapping[int, float]) -> int | None:
    """The number of columns whose unevenness is far above that of the others; None where none is."""
    best = max(unevenness, key=lambda columns: unevenness[columns])
    others = max(value for columns, value in unevenness.items() if columns != best)
    return best if unevenness[best] > 0.1 and others < 0.1 * unevenness[best] else None


def columns_unevenness(values: FloatArray, columns: int) -> float:
    """How different the columns are from each other when flat `values` are cut into rows of so many columns.

    The variance between columns of their 10th, 50th and 90th percentiles, relative to the variance of all values, on a
    logarithmic scale so that millimetres and reflectances of 0 to 255 are judged alike. About 0 in a wrong number of
    columns; 0 for fewer than 100 rows, which tell nothing.
    """
    rows = len(values) // columns
    if rows < 100:
        return 0.0
    squeezed = np.sign(values) * np.log1p(np.abs(values))
    variance = float(np.var(squeezed))
    if not np.isfinite(variance) or variance == 0:
        return 0.0
    percentiles = np.percentile(squeezed[: rows * columns].reshape(rows, columns), [10, 50, 90], axis=0)
    return float(np.var(percentiles, axis=1).mean() / variance)


def _values(path: Path) -> Float32Array:
    """The first values of a file; none where it cannot be read, or where they are not all finite."""
    try:
        check_regular(path)
        values = np.fromfile(path, dtype="<f4", count=_VALUES_SAMPLED)
    except (OSError, ScanpickError):
        return np.zeros(0, dtype=np.float32)
    return values if np.isfinite(values).all() else np.zeros(0, dtype=np.float32)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _spread(paths: Sequence[Path], most: int) -> Sequence[Path]:
    """At most so many paths, evenly from the first to the last."""
    count = min(most, len(paths))
    return [paths[row] for row in np.linspace(0, len(paths) - 1, count).astype(int)] if count else []
