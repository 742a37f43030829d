"""Points as annotation tools take them."""

import numpy as np

from scanpick.arrays import Points


def format_pcd(points: Points) -> bytes:
    """A binary ``.pcd`` file of the first four columns, x, y, z and intensity (0 to 1), as float32."""
    header = (
        "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS x y z intensity\nSIZE 4 4 4 4\nTYPE F F F F\n"
        f"COUNT 1 1 1 1\nWIDTH {len(points)}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {len(points)}\nDATA binary\n"
    )
    return header.encode() + np.ascontiguousarray(points[:, :4], dtype="<f4").tobytes()
