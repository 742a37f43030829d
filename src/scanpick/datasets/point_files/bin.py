"""``.bin``: float32 numbers, point after point, with nothing that says how many columns a point has.

KITTI writes 4 columns (x, y, z, reflectance), nuScenes 5 (a ring number more).
"""

from pathlib import Path

import numpy as np

from scanpick.datasets.point_files.cloud import PointCloud, cloud_from_table, read_file
from scanpick.errors import FrameError


def read(path: Path, columns: int) -> PointCloud:
    """Read little-endian float32 rows of so many columns.

    Raises:
        FrameError: The size of the file is not a whole number of rows, or as `cloud_from_table`.
    """
    content = read_file(path)
    bytes_per_point = 4 * columns
    if len(content) % bytes_per_point:
        raise _wrong_size(path, len(content), columns)
    return cloud_from_table(np.frombuffer(content, dtype="<f4").reshape(-1, columns), path)


def _wrong_size(path: Path, size: int, columns: int) -> FrameError:
    told = f"{path}: {size} bytes are not a whole number of points of {columns} float32 columns ({4 * columns} bytes)"
    for other in (4, 5):
        if size % (4 * other) == 0:
            return FrameError(
                f"{told}, but they are of {other}. Give the option columns={other} if all files are like this.",
                kind="wrong columns",
            )
    return FrameError(f"{told}: {size // (4 * columns)} points and {size % (4 * columns)} bytes. Is it truncated?")
