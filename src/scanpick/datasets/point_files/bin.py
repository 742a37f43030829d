"""``.bin``: numbers, point after point, with nothing that says of what type they are nor how many columns a point has.

KITTI writes 4 columns of float32 (x, y, z, reflectance), nuScenes 5 (a ring number more).
"""

from pathlib import Path

import numpy as np

from scanpick.datasets.point_files.bin_columns import CANDIDATES, Cut, contradicting_cut, plausible_cuts
from scanpick.datasets.point_files.cloud import PointCloud, cloud_from_table, read_file
from scanpick.errors import FrameError


def read(path: Path, cut: Cut, *, insist: bool = False) -> PointCloud:
    """Read little-endian rows of so many columns; `insist` reads them so even where the values look like another cut.

    Raises:
        FrameError: The size of the file is not a whole number of rows, its values do not look like such rows, or as
            `cloud_from_table`.
    """
    content = read_file(path)
    if len(content) % cut.point_bytes:
        raise _wrong_size(path, content, cut)
    other = None if insist else contradicting_cut(content, cut)
    if other is not None:
        raise FrameError(
            f"{path}: read as {cut}, but the values look like {other}. Give the options columns={cut.columns} and "
            f"dtype={cut.dtype} to insist.",
            kind="wrong columns",
        )
    return cloud_from_table(np.frombuffer(content, cut.numpy_dtype).reshape(-1, cut.columns), path)


def _wrong_size(path: Path, content: bytes, cut: Cut) -> FrameError:
    points, rest = divmod(len(content), cut.point_bytes)
    told = f"{path}: {len(content)} bytes are not a whole number of points of {cut} ({cut.point_bytes} bytes)"
    others, _ = plausible_cuts(content)
    if not others:
        others = tuple(c for c in CANDIDATES if c.dtype == "float32" and len(content) % c.point_bytes == 0)
    if not others or cut in others:
        return FrameError(f"{told}: {points} points and {rest} bytes. Is it truncated?")
    return FrameError(
        f"{told}, but they are of {' or '.join(str(other) for other in others)}. "
        f"Give the option {' or '.join(other.options for other in others)} if all files are like this.",
        kind="wrong columns",
    )
