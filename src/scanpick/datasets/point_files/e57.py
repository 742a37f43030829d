"""E57 files (ASTM E2807), by the library e57: points of all scans of a file with their poses applied."""

from pathlib import Path

import numpy as np

from scanpick.datasets.point_files.cloud import PointCloud, cloud_from_table
from scanpick.errors import FrameError, require
from scanpick.files import check_regular


def read(path: Path) -> PointCloud:
    """See `scanpick.datasets.point_files`.

    Raises:
        FrameError: The file cannot be used.
        MissingExtraError: The library is not installed.
    """
    require("e57", "e57", "Reading .e57 files")
    import e57

    check_regular(path)
    try:
        found = e57.read_points(str(path))
    except BaseException as fault:  # its panics are no exceptions to Python
        if isinstance(fault, KeyboardInterrupt | SystemExit):
            raise
        raise FrameError(f"{path}: cannot be read as E57: {str(fault)[:200]}.") from fault
    columns = [np.asarray(found.points, dtype=np.float64)]
    if found.intensity is not None and len(found.intensity) == len(found.points):
        columns.append(np.asarray(found.intensity, dtype=np.float64).reshape(len(found.points), -1)[:, :1])
    return cloud_from_table(np.column_stack(columns), path)
