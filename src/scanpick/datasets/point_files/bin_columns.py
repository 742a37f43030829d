"""How the numbers of ``.bin`` files are cut into points, which the files do not say: type and number of columns.

In the right cut the columns differ from each other (heights lie within a few metres, intensities are not negative, x
and y go far), while in a wrong one columns are mixtures of several. How different they are is their unevenness; on real
sweeps (KITTI, View-of-Delft, nuScenes; with rings, times, colours, normals, one-hot classes beside) it is above 0.13 in
the right cut, and in others at most 0.65 times as large. A cut into twice the true number is as uneven as the true one:
there each column has a twin, whose values are spread alike (on real sweeps to 0.05 of their deviation, and above 0.9
where the columns are of two kinds).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpick.arrays import FloatArray
from scanpick.errors import ScanpickError
from scanpick.files import read_bytes
from scanpick.structures.checks import name_some

_FEWEST_ROWS = 100
"""Fewer points tell nothing."""
_FILES_SAMPLED = 8
_BLOCKS_SAMPLED = 8
_LEAST_UNEVENNESS = 0.1
_RUNNER_UP = 0.75
"""What the unevenness of any other cut may be, relative to that of the right one."""
_MUCH_LESS = 0.7
"""The unevenness of half the columns, relative to that of all, below which halves are of two kinds."""
_ALIKE, _UNLIKE = 0.25, 0.5
"""Twins of columns are spread alike below the first, of two kinds above the second (see `_twins_differ`)."""
_GOES_ALONG = 0.5
"""The correlation of a column with its twin above which both are of one kind."""
_CLEAR_MAJORITY = 2 / 3
_FEWEST_COORDINATES = 0.9
"""Share of x, y and z that have a size that coordinates have, at least; other types of numbers show about half."""
_SMALLEST, _LARGEST = 1e-6, 1e7


@dataclass(frozen=True, order=True)
class Cut:
    """Points of so many columns of little-endian ``float32`` or ``float64``."""

    columns: int
    dtype: str = "float32"

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The type of a number."""
        return np.dtype(self.dtype).newbyteorder("<")

    @property
    def point_bytes(self) -> int:
        """Bytes of a point."""
        return self.columns * self.numpy_dtype.itemsize

    def __str__(self) -> str:
        return f"{self.columns} columns" + ("" if self.dtype == "float32" else f" of {self.dtype}")

    @property
    def options(self) -> str:
        """The options that ask for it."""
        return f"columns={self.columns}" + ("" if self.dtype == "float32" else f" and dtype={self.dtype}")


CANDIDATES = tuple(Cut(columns) for columns in range(3, 9)) + tuple(Cut(columns, "float64") for columns in range(3, 7))
USUAL = Cut(4)


@dataclass(frozen=True)
class InferredCut:
    """A cut, and why it was taken."""

    cut: Cut
    reason: str


def infer_cut(paths: Sequence[Path], wanted: Sequence[Cut] = CANDIDATES) -> InferredCut:
    """Infer the cut, one of the `wanted`, from the values of some files, each of which votes for those that suit it.

    Files that cannot be read, or whose numbers are no coordinates, are passed over here: they are found when their
    frame is read. Where no file has points enough to tell, the usual cut is assumed if all sizes suit it.

    Raises:
        ScanpickError: More than one cut is plausible. The message names the options that decide.
    """
    if len(wanted) == 1:
        return InferredCut(wanted[0], "as asked")
    contents = [content for content in map(_content, spread(paths, _FILES_SAMPLED)) if content]
    verdicts = [plausible_cuts(content, wanted) for content in contents]
    if not any(judged for _, judged in verdicts):  # all of them together may hold points enough
        verdicts = [plausible_cuts(b"".join(contents), _whole(contents, wanted))]
    told = [cuts for cuts, judged in verdicts if judged]
    votes = Counter(cuts[0] for cuts in told if len(cuts) == 1)
    if votes:
        (cut, count), total = votes.most_common(1)[0], votes.total()
        if count < _CLEAR_MAJORITY * total:
            seen = ", ".join(f"{n} of {total} look like {voted}" for voted, n in votes.most_common())
            raise ScanpickError(
                f"The .bin files are of different kinds: {seen}. Read one kind with the option pattern, "
                f"or say how all are to be read: {_ways(list(votes))}."
            )
        return InferredCut(cut, f"inferred from the values of {count} of {len(contents)} files")
    if told:
        open_cuts = sorted({cut for cuts in told for cut in cuts}) or list(wanted)
        raise ScanpickError(
            f"The values of the .bin files do not tell how many columns a point has ({_named(paths)}): "
            f"give the option {_ways(open_cuts[:3])}."
        )
    whole = _whole(contents, [cut for cut in wanted if cut.dtype == "float32"])
    if USUAL in whole or not contents:
        usual = USUAL if USUAL in wanted else wanted[0]
        return InferredCut(usual, "assumed: too few points to tell")
    if len(whole) == 1:
        return InferredCut(whole[0], "inferred: the file sizes are whole numbers of points of no other")
    if len(contents) == 1 or not whole:  # truncated
        return InferredCut(USUAL if USUAL in wanted else wanted[0], "assumed: neither sizes nor values tell")
    raise ScanpickError(
        f"The sizes of the .bin files suit points of {name_some([str(cut) for cut in whole])}, and they hold too few "
        f"points to tell ({_named(paths)}): give the option {_ways(whole[:3])}."
    )


def plausible_cuts(content: bytes, wanted: Sequence[Cut] = CANDIDATES) -> tuple[tuple[Cut, ...], bool]:
    """The cuts that suit the bytes of a file, and whether there was something to judge.

    One cut where the values are clear; more where twins leave it open, and none where no cut stands out. There is
    nothing to judge in too few points, and in numbers that are no coordinates in any cut.
    """
    judged = False
    for dtype in ("float32", "float64"):  # the second only where the first does not suit
        cuts = [cut for cut in wanted if cut.dtype == dtype]
        values = _sampled(content, dtype)
        if not cuts or len(values) < _FEWEST_ROWS * min(cut.columns for cut in cuts) or not values.any():
            continue
        uneven = {cut: unevenness(values, cut.columns) for cut in cuts}
        best = max(uneven, key=lambda cut: uneven[cut])
        smaller = Cut(best.columns // 2, dtype) if best.columns in (6, 8) else best
        larger = Cut(2 * smaller.columns, dtype)
        if not _are_coordinates(values, best.columns) and not _are_coordinates(values, smaller.columns):
            continue
        judged = True
        others = max((value for cut, value in uneven.items() if cut not in (smaller, larger)), default=0.0)
        if uneven[best] <= _LEAST_UNEVENNESS or others > _RUNNER_UP * uneven[best]:
            continue
        apart = _twins_differ(values, smaller.columns)
        if apart > 0 and uneven.get(smaller, 0.0) < _MUCH_LESS * uneven[best]:
            apart = 1.0  # twins of x and y that are spread alike by chance, such as speeds: those of z are not
        fitting = tuple(
            cut for cut, suits in ((smaller, apart < _UNLIKE), (larger, apart > _ALIKE)) if suits and cut in uneven
        )
        return fitting or (best,), True
    return (), judged


def contradicting_cut(content: bytes, cut: Cut) -> str | None:
    """What the bytes of a file look like where they do not look like points of this cut; None where they may be."""
    values = _sampled(content, cut.dtype)
    rows = len(values) // cut.columns
    if rows and not _are_coordinates(values, cut.columns):
        others, _ = plausible_cuts(content)
        return str(others[0]) if len(others) == 1 and others[0] != cut else "no coordinates: labels, or another type?"
    if rows < _FEWEST_ROWS:
        return None
    same_type = [other for other in CANDIDATES if other.dtype == cut.dtype]
    suiting, _ = plausible_cuts(content, same_type)
    if not suiting or cut in suiting:
        return None
    best = max(unevenness(values, other.columns) for other in suiting)
    if cut not in same_type and unevenness(values, cut.columns) >= _RUNNER_UP * best:
        return None  # more columns than are ever inferred
    return " or ".join(map(str, suiting))


def unevenness(values: FloatArray, columns: int) -> float:
    """How different the columns are from each other when flat `values` are cut into rows of so many columns.

    The variance between columns of their 10th, 50th and 90th percentiles, relative to the variance of all values, on a
    logarithmic scale so that millimetres and intensities of 0 to 255 are judged alike. About 0 in a wrong number of
    columns; 0 for fewer than 100 rows, which tell nothing. Rows of zeros, which stand for no return, do not count.
    """
    rows = values[: len(values) // columns * columns].reshape(-1, columns)
    rows = rows[rows[:, :3].any(axis=1)]
    if len(rows) < _FEWEST_ROWS:
        return 0.0
    squeezed = _squeezed(rows)
    variance = float(np.var(squeezed))
    return float(np.var(_percentiles(squeezed), axis=0).mean() / variance) if variance > 0 else 0.0


def spread(paths: Sequence[Path], most: int) -> list[Path]:
    """At most so many paths, evenly from the first to the last."""
    count = min(most, len(paths))
    return [paths[row] for row in np.linspace(0, len(paths) - 1, count).astype(int)] if count else []


def _twins_differ(values: FloatArray, columns: int) -> float:
    """How differently a column and the one `columns` further are spread in a cut into twice as many, for x and y.

    The larger of the two mean distances of their 10th and 90th percentiles, in standard deviations, less what chance
    does. Below 0 for a twin that goes along: a sensor that fires up and down in turns gives near and far points, in
    the same direction. z is left out therefore.
    """
    rows = values[: len(values) // (2 * columns) * 2 * columns].reshape(-1, 2 * columns)
    rows = rows[rows[:, :3].any(axis=1)]
    if len(rows) < _FEWEST_ROWS // 2:
        return 0.0
    squeezed = _squeezed(rows)
    percentiles = _percentiles(squeezed)
    apart = np.abs(percentiles[:2] - percentiles[columns : columns + 2])[:, [0, 2]].mean(axis=1)
    centred = squeezed - squeezed.mean(axis=0)
    deviations = np.maximum(centred.std(axis=0), 1e-9)
    first, second = centred[:, :2] / deviations[:2], centred[:, columns : columns + 2] / deviations[columns:][:2]
    goes_along = (first * second).mean(axis=0) > _GOES_ALONG
    wider = np.maximum(deviations[:2], deviations[columns : columns + 2])
    return float(np.where(goes_along, 0, apart / wider).max() - 2 / np.sqrt(len(rows)))


def _squeezed(rows: FloatArray) -> NDArray[np.float64]:
    magnitudes = np.log1p(np.abs(rows.astype(np.float64)))
    return np.where(rows < 0, -magnitudes, magnitudes)


def _percentiles(squeezed: NDArray[np.float64]) -> NDArray[np.float64]:
    """(C, 3) 10th, 50th and 90th percentiles of the columns of (P, C) numbers."""
    places = [len(squeezed) // 10, len(squeezed) // 2, 9 * len(squeezed) // 10]
    return np.partition(np.ascontiguousarray(squeezed.T), places, axis=1)[:, places]


def _are_coordinates(values: FloatArray, columns: int) -> bool:
    magnitudes = np.abs(values[: len(values) // columns * columns].reshape(-1, columns)[:, :3])
    sized = (magnitudes == 0) | ((magnitudes > _SMALLEST) & (magnitudes < _LARGEST))
    return bool(sized.mean() >= _FEWEST_COORDINATES)


def _sampled(content: bytes, dtype: str) -> FloatArray:
    """Numbers from some places of a file, whole points in any cut; those that are not finite are 0."""
    numpy_dtype = np.dtype(dtype).newbyteorder("<")
    values = np.frombuffer(content, numpy_dtype, len(content) // numpy_dtype.itemsize)
    block = math.lcm(*(cut.columns for cut in CANDIDATES))
    count = len(values) // block
    if count > _BLOCKS_SAMPLED:
        chosen = np.linspace(0, count - 1, _BLOCKS_SAMPLED).astype(int)
        values = values[: count * block].reshape(count, block)[chosen].reshape(-1)
    return np.where(np.isfinite(values), values, 0)


def _whole(contents: Sequence[bytes], cuts: Sequence[Cut]) -> list[Cut]:
    """The cuts of which all files hold whole numbers of points."""
    return [cut for cut in cuts if all(len(content) % cut.point_bytes == 0 for content in contents)]


def _content(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except ScanpickError:
        return b""


def _ways(cuts: Sequence[Cut]) -> str:
    return " or ".join(cut.options for cut in cuts)


def _named(paths: Sequence[Path]) -> str:
    return name_some([str(path) for path in paths], 2)
