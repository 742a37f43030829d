"""What every point file becomes: float32 columns x, y, z, intensity, and what had to be done on the way."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scanpick.arrays import Points
from scanpick.errors import FrameError
from scanpick.files import read_bytes

NO_INTENSITY = "points without intensity, 0 instead"
"""Of every point of a file or of none: what tells that a cloud has no intensity at all."""
BAD_INTENSITY = "points whose intensity was not finite, 0 instead"
BAD_FURTHER = "points whose further columns were not finite, 0 instead"
NOT_FINITE = "points that were not finite, dropped"
NO_RETURN = "points at the sensor's own place (no return), dropped"

MOST_BYTES = 1 << 30
"""What a file may hold or unpack to: 67 million points of 4 float32, far beyond any sweep."""
_ALWAYS_UNPACKED = 1 << 26
_MOST_GROWTH = 100
"""Packed points are a tenth to a third of their size; only zeros, as of beams without a return, pack better."""

INTENSITY_NAMES = (
    *("intensity", "intensities", "reflectance", "reflectivity", "remission", "amplitude", "i", "signal"),
    *("texture32", "scalarfield"),
)
"""Names under which formats with named fields hold the intensity, without case and separators, the surest first."""


@dataclass(frozen=True, eq=False)
class PointCloud:
    """The content of one point file.

    Attributes:
        points: (P, C) float32, P >= 1, C >= 4, finite, none at the origin: x, y, z, intensity as the file holds it (0
            where it has none), then what else a table holds.
        notes: What was done to the points, with the number of points it concerned.
    """

    points: Points
    notes: Mapping[str, int] = field(default_factory=dict)


def cloud_from_table(table: NDArray[Any], path: Path, *, keeps_gaps: bool = False) -> PointCloud:
    """A cloud from (P, C) numbers in the order x, y, z, intensity, others; three columns get an intensity of 0.

    Points without a finite place are dropped and counted, and so are those at the origin exactly, which drivers write
    for beams without a return. Of other points, what is not finite becomes 0 and is counted. Some formats keep a NaN
    for each beam without a return (`keeps_gaps`), so that most points may be NaN.

    Raises:
        FrameError: There are no points, fewer than 3 columns, or more points without a finite place than
            `keeps_gaps` allows.
    """
    if table.ndim != 2 or table.shape[1] < 3:
        raise FrameError(
            f"{path}: expected points as rows with the columns x, y, z and intensity, got the shape {table.shape}.",
            kind="wrong columns",
        )
    with np.errstate(over="ignore", invalid="ignore"):  # what does not fit is found below
        points = np.ascontiguousarray(table, dtype=np.float32)
    if len(points) == 0:
        raise FrameError(f"{path}: the file holds no points.", kind="empty")
    notes: dict[str, int] = {}
    all_finite = bool(np.isfinite(points).all())  # the usual case, known in a tenth of the time
    points = _without_absent(points, notes, path, all_finite, keeps_gaps)
    if points.shape[1] == 3 or not (all_finite or np.isfinite(points[:, 3]).any()):
        zeros = np.zeros((len(points), 1), dtype=np.float32)
        points = np.concatenate([points[:, :3], zeros, points[:, 4:]], axis=1)
        notes[NO_INTENSITY] = len(points)
    if not all_finite:
        finite = np.isfinite(points)
        _count(notes, BAD_INTENSITY, ~finite[:, 3])
        _count(notes, BAD_FURTHER, ~finite[:, 4:].all(axis=1))
        points = np.where(finite, points, np.float32(0))
    return PointCloud(points, notes)


def cloud_from_fields(fields: Mapping[str, NDArray[Any]], path: Path) -> PointCloud:
    """A cloud from named (P,) fields: x, y, z and the intensity under one of its usual names, in any case.

    Other fields are left out, since they are not the same from file to file. Of two fields of a name the first counts.

    Raises:
        FrameError: x, y or z is missing, or as `cloud_from_table`.
    """
    by_name = {name.strip().lower(): values for name, values in reversed(list(fields.items()))}
    if not set("xyz") <= set(by_name):
        raise FrameError(f"{path}: expected the fields x, y and z, got {listed(fields)}.", kind="wrong columns")
    columns = [by_name[name] for name in "xyz"]
    intensity = intensity_name(fields)
    columns += [fields[intensity]] if intensity is not None else []
    with np.errstate(over="ignore", invalid="ignore"):
        table = np.column_stack([values.astype(np.float32) for values in columns])
    return cloud_from_table(table, path, keeps_gaps=True)


def intensity_name(names: Iterable[str]) -> str | None:
    """Which of the names is the surest one of an intensity; None where none is.

    Example:
        >>> intensity_name(["x", "scalar_Reflectivity", "ring"])
        'scalar_Reflectivity'
    """
    known = {bare: place for place, bare in enumerate(INTENSITY_NAMES)}
    found = [(known[bare], name) for name in names if (bare := _bare_name(name)) in known]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def read_file(path: Path) -> bytes:
    """The bytes of a point file of at most `MOST_BYTES`; see `read_bytes`."""
    return read_bytes(path, most_bytes=MOST_BYTES, error=FrameError)


def most_unpacked(packed: int) -> int:
    """How many bytes so many packed bytes may become: what points of a sweep may, and no bomb of zeros does."""
    return min(MOST_BYTES, max(_ALWAYS_UNPACKED, _MOST_GROWTH * packed))


def listed(names: Iterable[str]) -> str:
    """Names from a file for a message: some of them, cut, and without control letters."""
    shown = [name[:40] if name.isprintable() else ascii(name[:40]) for name in names]
    return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "") or "none"


def check_size(path: Path, what: str, count: int, bytes_each: int, available: int) -> None:
    """Raise `FrameError` where a header promises `count` rows of a size that are more bytes than there are or may be.

    Called before memory is taken for what a header promises.
    """
    if count < 0 or count * bytes_each > available:
        # A number of thousands of digits cannot be written, and need not be.
        got = str(count) if abs(count) < 10**20 else "more than 10^20"
        raise FrameError(
            f"{path}: the header promises {got} {what} of {bytes_each} bytes; expected at most {available} bytes. "
            f"Is it truncated?"
        )


def _without_absent(points: Points, notes: dict[str, int], path: Path, all_finite: bool, keeps_gaps: bool) -> Points:
    """The points that are somewhere: not at NaN or infinity, and not at the origin."""
    placed = np.full(len(points), True) if all_finite else np.isfinite(points[:, :3]).all(axis=1)
    away = (points[:, 0] != 0) | (points[:, 1] != 0) | (points[:, 2] != 0)
    _count(notes, NOT_FINITE, ~placed)
    _count(notes, NO_RETURN, ~away)
    if not keeps_gaps and 2 * notes.get(NOT_FINITE, 0) > len(points):
        raise FrameError(
            f"{path}: {notes[NOT_FINITE]} of {len(points)} points hold NaN or infinity in x, y or z. Expected numbers: "
            f"is the number of columns right, and the type of the numbers?",
            kind="not finite",
        )
    kept = points[placed & away] if notes else points
    if len(kept) == 0:
        raise FrameError(
            f"{path}: every point holds NaN or infinity, or lies at the sensor's own place (no return).", kind="empty"
        )
    return kept


def _count(notes: dict[str, int], note: str, concerned: ArrayLike) -> None:
    count = int(np.count_nonzero(concerned))
    if count:
        notes[note] = count


def _bare_name(name: str) -> str:
    """Letters and digits alone, in lower case, without the "scalar_" that CloudCompare puts before names."""
    bare = re.sub(r"[\W_]", "", name.lower())
    return bare if bare in INTENSITY_NAMES else bare.removeprefix("scalar")
