"""Tables of numbers as text, in ``.pcd`` and ``.ply`` files."""

from pathlib import Path

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.datasets.point_files.cloud import check_size
from scanpick.errors import FrameError


def parse_table(body: bytes, rows: int, columns: int, path: Path) -> Float64Array:
    """The first `rows` lines of a text as (rows, columns) numbers; "nan" and "inf" are numbers here.

    Raises:
        FrameError: There are fewer lines, or a line holds something else.
    """
    check_size(path, "rows of text", rows, 2 * columns, len(body) + 1)  # a digit and a separator at least
    if rows == 0:
        return np.zeros((0, columns))
    try:
        # Blank lines are left out here: numpy warns of each file that has one.
        lines = [line for line in body.decode("ascii").split("\n") if line and not line.isspace()][:rows]
        table = np.loadtxt(lines, comments=None, ndmin=2) if len(lines) == rows else None
    except (ValueError, OverflowError) as error:
        raise FrameError(f"{path}: expected rows of {columns} numbers: {str(error).splitlines()[0][:200]}.") from error
    if table is None or table.shape != (rows, columns):
        got = f"{len(lines)} rows" if table is None else f"{table.shape[1]} numbers in a row"
        raise FrameError(f"{path}: the header promises {rows} points of {columns} numbers, got {got}. Is it truncated?")
    return table
