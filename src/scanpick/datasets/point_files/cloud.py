"""What every point file becomes: float32 columns x, y, z, intensity, and what had to be done on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpick.arrays import Points
from scanpick.errors import FrameError
from scanpick.files import read_bytes

NO_INTENSITY = "points without intensity, 0 instead"
NO_RETURN = "points that were not finite, dropped"

MOST_BYTES = 1 << 30
"""What a compressed file may unpack to: 67 million points of 4 float32, far beyond any sweep."""

INTENSITY_NAMES = ("intensity", "i", "reflectance", "reflectivity", "remission", "scalar_intensity")
"""Names under which formats with named fields hold the intensity, in lower case, the surest first."""


@dataclass(frozen=True, eq=False)
class PointCloud:
    """The content of one point file.

    Attributes:
        points: (P, C) float32, P >= 1, C >= 4, finite: x, y, z, intensity, then what else a table holds.
        notes: What was done to the points, with the number of points it concerned.
    """

    points: Points
    notes: Mapping[str, int] = field(default_factory=dict)


def cloud_from_table(table: NDArray[Any], path: Path, *, drop_non_finite: bool = False) -> PointCloud:
    """A cloud from (P, C) numbers in the order x, y, z, intensity, others; three columns get an intensity of 0.

    Args:
        table: The numbers, of any real type.
        path: The file, for messages.
        drop_non_finite: Leave points with NaN or infinity out, instead of refusing the frame.

    Raises:
        FrameError: There are no points, fewer than 3 columns, or values that are not finite.
    """
    if table.ndim != 2 or table.shape[1] < 3:
        raise FrameError(
            f"{path}: expected points as rows with the columns x, y, z and intensity, got the shape {table.shape}.",
            kind="wrong columns",
        )
    with np.errstate(over="ignore", invalid="ignore"):  # what does not fit is found below
        points = np.ascontiguousarray(table, dtype=np.float32)
    _check_not_empty(points, path, "the file holds no points")
    notes = {}
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        bad = np.flatnonzero(~finite)
        if not drop_non_finite:
            raise FrameError(
                f"{path}: {len(bad)} of {len(points)} points hold NaN or infinity, the first one is point {bad[0]}. "
                f"Expected finite numbers.",
                kind="not finite",
            )
        points = points[finite]
        notes[NO_RETURN] = len(bad)
        _check_not_empty(points, path, "every point holds NaN or infinity")
    if points.shape[1] == 3:
        points = np.column_stack([points, np.zeros(len(points), dtype=np.float32)])
        notes[NO_INTENSITY] = len(points)
    return PointCloud(points, notes)


def cloud_from_fields(fields: Mapping[str, NDArray[Any]], path: Path, *, drop_non_finite: bool = False) -> PointCloud:
    """A cloud from named (P,) fields: x, y, z and the intensity under one of its usual names, in any case.

    Other fields are left out, since they are not the same from file to file.

    Raises:
        FrameError: x, y or z is missing, or as `cloud_from_table`.
    """
    by_name = {name.lower(): values for name, values in reversed(list(fields.items()))}  # the first of a name counts
    missing = [name for name in "xyz" if name not in by_name]
    if missing:
        raise FrameError(
            f"{path}: expected the fields x, y and z, got {', '.join(fields) or 'none'}.", kind="wrong columns"
        )
    chosen = ["x", "y", "z", *[name for name in INTENSITY_NAMES if name in by_name][:1]]
    with np.errstate(over="ignore", invalid="ignore"):
        table = np.column_stack([by_name[name].astype(np.float32) for name in chosen])
    return cloud_from_table(table, path, drop_non_finite=drop_non_finite)


def read_file(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        FrameError: It cannot be read, or is no regular file.
    """
    return read_bytes(path, error=FrameError)


def check_size(path: Path, what: str, count: int, bytes_each: int, available: int) -> None:
    """Raise `FrameError` where a header promises `count` rows of a size that are more bytes than there are.

    Called before memory is taken for what a header promises.
    """
    if count < 0 or count * bytes_each > available:
        raise FrameError(
            f"{path}: the header promises {count} {what} of {bytes_each} bytes, {count * bytes_each} bytes, "
            f"but {available} follow. Is it truncated?"
        )


def _check_not_empty(points: Points, path: Path, what: str) -> None:
    if len(points) == 0:
        raise FrameError(f"{path}: {what}.", kind="empty")
