"""Files of points: one module per format, found by the suffix of the file."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from scanpick.datasets.point_files import bin
from scanpick.datasets.point_files.bin_columns import Cut
from scanpick.datasets.point_files.cloud import PointCloud
from scanpick.registry import Registry

PointFileReader = Callable[[Path], PointCloud]

POINT_FILES: Registry[PointFileReader] = Registry(
    "point file format",
    {
        "e57": "scanpick.datasets.point_files.e57:read",
        "las": "scanpick.datasets.point_files.las:read",
        "laz": "scanpick.datasets.point_files.las:read",
        "npy": "scanpick.datasets.point_files.numpy_files:read_npy",
        "npz": "scanpick.datasets.point_files.numpy_files:read_npz",
        "pcd": "scanpick.datasets.point_files.pcd:read",
        "ply": "scanpick.datasets.point_files.ply:read",
    },
    group="scanpick.point_files",
)
"""Formats that say themselves what they hold, by suffix. ``.bin`` does not: see `read_points`."""


def point_file_suffixes() -> tuple[str, ...]:
    """Suffixes of files that are taken for points, in lower case, with the dot."""
    return (".bin", *(f".{name}" for name in POINT_FILES.names()))


def read_points(path: Path, *, bin_cut: Cut, insist: bool = False) -> PointCloud:
    """Read a point file of the format that its suffix tells.

    A ``.bin`` file is cut by `bin_cut`: with `insist` even where its values look like another cut.

    Raises:
        FrameError: The file cannot be used.
    """
    suffix = path.suffix.lower()
    return bin.read(path, bin_cut, insist=insist) if suffix == ".bin" else _reader(suffix[1:])(path)


@cache
def _reader(name: str) -> PointFileReader:
    return POINT_FILES.load(name)


__all__ = ["POINT_FILES", "PointCloud", "point_file_suffixes", "read_points"]
