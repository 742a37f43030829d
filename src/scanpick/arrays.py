"""Array aliases: one name, one shape, one unit.

The type checker sees dtypes; shapes are written beside each alias and checked where a structure is built.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
FloatArray = NDArray[np.floating[Any]]
Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
StringArray = NDArray[np.str_]

Points = Float32Array
"""(P, C) float32, C >= 3: x, y, z in metres in the LiDAR frame (x forward, y left, z up), then intensity
from 0 to 1, and others."""

BoxArray = Float64Array
"""(B, 7) float64: x, y, z of the geometric centre, length, width, height in metres, yaw in radians. See `Boxes3D`."""

Embeddings = Float32Array
"""(N, D) float32, one row a frame, C order."""

Transform = Float64Array
"""(4, 4) float64, ``a_SE3_b``: takes homogeneous points of frame b to frame a."""
