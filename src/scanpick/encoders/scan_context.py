"""Scan Context: what stands how high in which direction and at which distance.

Kim and Kim, "Scan Context: Egocentric spatial descriptor for place recognition within 3D point cloud map", IROS 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numba import njit
from pydantic import Field
from scipy.ndimage import gaussian_filter

from scanpick.arrays import Embeddings, Float64Array, Points
from scanpick.encoders.frame_by_frame import FrameByFrame
from scanpick.errors import FrameError
from scanpick.structures import Frame


class ScanContext(FrameByFrame):
    """The polar map of largest heights around the sensor, and its rotation-invariant ring key.

    The map has `rings` x `sectors` bins up to `max_range_m`, sector 0 starting ahead and going left. A bin holds the
    largest z of its points plus `sensor_height_m`, which makes heights of real things positive; a bin without points
    holds 0. The ring key is the mean over the sectors of each ring: it does not change when the vehicle turns.

    Three deliberate differences to the paper, which compares places by searching over shifts of sectors, while here
    vectors are compared by their Euclidean distance:

    - The map is smoothed by a Gaussian of `smoothing_bins` bins (around the circle; at the ends of the rings the last
      one is repeated). Without it, a step of the vehicle moves things into other bins, so that frames a tenth of a
      second apart are as far as 38% of the median distance of a drive's frames; with it, 19%. 0 gives the paper's map.
    - By default the vector is both: the map, and the ring key as its rotation-invariant part. Each is scaled to unit
      length, so that neither dominates; a crowded scene is then not far from all others merely since it holds more.
    - Heights below -`sensor_height_m` count as 0, like empty bins (the paper does not say; the authors' code keeps
      them). The ring key is the mean, as in the authors' code, where the paper counts occupied bins.

    Frames that are cut to a camera's field of view fill only its sectors (15 of 60 for 90 degrees). Such frames are
    comparable with each other, not with frames that see all around, and their ring key is rotation-invariant only
    as far as the same things stay in view.

    Attributes:
        rings: Bins in range.
        sectors: Bins around.
        max_range_m: Points farther than this are left out.
        sensor_height_m: Added to z; the authors' code has 2.0 for any vehicle.
        descriptor: "full" (the map), "key" (the ring key) or "both".
        smoothing_bins: Standard deviation of the smoothing, in bins.
        unit_length: Whether each part is scaled to unit length.

    Example:
        >>> ScanContext(descriptor="key").dimension
        20
    """

    name: ClassVar[str] = "scan_context"

    rings: int = Field(20, ge=1, le=1000)
    sectors: int = Field(60, ge=1, le=3600)
    max_range_m: float = Field(80.0, gt=0, allow_inf_nan=False)
    sensor_height_m: float = Field(2.0, allow_inf_nan=False)
    descriptor: Literal["full", "key", "both"] = "both"
    smoothing_bins: float = Field(1.0, ge=0, le=100)
    unit_length: bool = True

    @property
    def dimension(self) -> int:
        """D."""
        return self.rings * {"full": self.sectors, "key": 1, "both": self.sectors + 1}[self.descriptor]

    def encode(self, frames: Sequence[Frame]) -> Embeddings:
        """(B, D) float32. See `Encoder.encode`."""
        vectors = np.zeros((len(frames), self.dimension), dtype=np.float32)
        for vector, frame in zip(vectors, frames, strict=True):
            heights = height_map(frame.points, self.rings, self.sectors, self.max_range_m, self.sensor_height_m)
            if not heights.any():
                raise FrameError(
                    f"None of the {len(frame.points)} points lies within {self.max_range_m:g} m and above "
                    f"{-self.sensor_height_m:g} m. Check the unit and the axes, or set max_range_m.",
                    kind="implausible",
                )
            parts = []
            if self.descriptor != "key":
                parts.append(self._scaled(smoothed(heights, self.smoothing_bins).ravel()))
            if self.descriptor != "full":
                parts.append(self._scaled(heights.mean(axis=1)))
            vector[:] = np.concatenate(parts) / np.sqrt(len(parts))
        return vectors

    def _scaled(self, part: Float64Array) -> Float64Array:
        return part / np.sqrt((part**2).sum()) if self.unit_length else part


@njit(cache=True, nogil=True)
def height_map(points: Points, rings: int, sectors: int, max_range_m: float, sensor_height_m: float) -> Float64Array:
    """The largest height of the points of each bin, 0 where there are none.

    Args:
        points: (P, C) x, y, z in metres first.
        rings: Bins in range.
        sectors: Bins around, counter-clockwise from ahead.
        max_range_m: Points at this range or farther are left out.
        sensor_height_m: Added to z.

    Returns:
        (rings, sectors) float64 metres, not below 0.
    """
    heights = np.zeros((rings, sectors))
    for row in range(points.shape[0]):
        x, y = np.float64(points[row, 0]), np.float64(points[row, 1])
        range_m = np.sqrt(x * x + y * y)
        if range_m >= max_range_m:
            continue
        azimuth = np.arctan2(y, x)
        if azimuth < 0.0:
            azimuth += 2.0 * np.pi
        ring = min(int(range_m / max_range_m * rings), rings - 1)
        sector = min(int(azimuth / (2.0 * np.pi) * sectors), sectors - 1)
        height = points[row, 2] + sensor_height_m  # above the lowest that counts: empty bins are 0
        if height > heights[ring, sector]:
            heights[ring, sector] = height
    return heights


def smoothed(heights: Float64Array, sigma_bins: float) -> Float64Array:
    """A (rings, sectors) map smoothed by a Gaussian cut at four standard deviations.

    Sectors wrap around; beyond the first and the last ring, that ring is repeated.
    """
    return gaussian_filter(heights, sigma_bins, mode=("nearest", "wrap")) if sigma_bins else heights
