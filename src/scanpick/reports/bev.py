"""Frames seen from above, as pictures: points by height, range rings, the vehicle, boxes.

::

        x forward, up in the picture
            ^
            |
    y left <o      row 0 is the far edge (largest x), column 0 the left edge (largest y)

Each pixel shows its highest point. The colours are viridis without its darkest part: brightness grows with height,
so that they read the same without colour vision and in a black and white print.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from scanpick.arrays import Float64Array, FloatArray, Points
from scanpick.errors import ScanpickError
from scanpick.structures import Boxes3D

Picture = NDArray[np.uint8]
"""(H, W, 3) uint8, red, green, blue."""

BACKGROUND = (14, 20, 29)
RING = (52, 64, 80)
VEHICLE = (255, 255, 255)
TRUE_BOX = (86, 180, 233)
PREDICTED_BOX = (255, 150, 50)

# viridis at 0.25, 0.375, ..., 1 (matplotlib, CC0).
_HEIGHT_COLOURS = ("#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725")
_OVERSAMPLING = 3


@dataclass(frozen=True)
class BevView:
    """What part of the ground a picture shows, and how large a pixel is.

    Attributes:
        x_range_m: Nearest and farthest x, ahead of the sensor.
        y_range_m: Rightmost and leftmost y.
        metres_per_pixel: Edge of a pixel on the ground.
    """

    x_range_m: tuple[float, float] = (-50.0, 50.0)
    y_range_m: tuple[float, float] = (-50.0, 50.0)
    metres_per_pixel: float = 0.25

    def __post_init__(self) -> None:
        spans = (self.x_range_m[1] - self.x_range_m[0], self.y_range_m[1] - self.y_range_m[0])
        if not all(0 < self.metres_per_pixel <= span < np.inf for span in spans):
            raise ScanpickError(f"Bird's-eye view: expected ranges of at least one pixel, got {self}.")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the picture."""
        return (
            round((self.x_range_m[1] - self.x_range_m[0]) / self.metres_per_pixel),
            round((self.y_range_m[1] - self.y_range_m[0]) / self.metres_per_pixel),
        )

    @property
    def caption(self) -> str:
        """What a picture shows, for the words beneath it."""
        (near, far), (right, left) = self.x_range_m, self.y_range_m
        return f"{far - near:.0f} m x {left - right:.0f} m, driving direction up, a ring every 20 m, bright is high"

    def pixels(self, xy: FloatArray) -> Float64Array:
        """(..., 2) ground positions x, y in metres as column, row; whole numbers are the corners of pixels."""
        column = (self.y_range_m[1] - np.asarray(xy[..., 1], np.float64)) / self.metres_per_pixel
        row = (self.x_range_m[1] - np.asarray(xy[..., 0], np.float64)) / self.metres_per_pixel
        return np.stack([column, row], axis=-1)


def bev_image(
    points: Points,
    view: BevView | None = None,
    *,
    height_range_m: tuple[float, float] | None = None,
    ring_step_m: float = 20.0,
    true_boxes: Boxes3D | None = None,
    predicted_boxes: Boxes3D | None = None,
) -> Picture:
    """A frame seen from above.

    Args:
        points: (P, C >= 3) x, y, z in metres; points that are not finite or out of view are left out.
        view: What is shown; by default 50 m around the sensor.
        height_range_m: Heights z of the darkest and the brightest colour; by default from the ground, taken as the
            5th percentile of the heights in view, to 3.5 m above it.
        ring_step_m: Distance between range rings; 0 for none.
        true_boxes: Drawn in blue, with a line from the centre to the front.
        predicted_boxes: Drawn in orange likewise, above the others.

    Example:
        >>> bev_image(np.array([[10.0, 0.0, 0.0]], np.float32), BevView((0, 40), (-20, 20), 0.5)).shape
        (80, 80, 3)
    """
    view = view or BevView()
    picture = _rings(view, ring_step_m).copy()
    rows, columns, heights = _highest(points, view)
    if len(heights):
        low, high = height_range_m or _height_range(heights)
        shade = np.clip((heights - low) / max(high - low, 1e-6), 0, 1)
        picture[rows, columns] = _colour_table()[np.rint(shade * 255).astype(np.int64)]
    outlines = []
    for boxes, colour in ((true_boxes, TRUE_BOX), (predicted_boxes, PREDICTED_BOX)):
        if boxes is not None:
            outlines += [(line, colour) for line in view.pixels(box_outlines(boxes))]
    rest, drawn = _drawings(view, outlines) if outlines else _vehicle(view)
    return np.clip(np.rint(picture * rest + drawn), 0, 255).astype(np.uint8)


def box_outlines(boxes: Boxes3D) -> Float64Array:
    """(B, 7, 2) x, y of a line that draws each box from above: front, round the box, front again, the centre."""
    #  front middle, front left, rear left, rear right, front right, front middle, centre
    along = np.array([0.5, 0.5, -0.5, -0.5, 0.5, 0.5, 0.0])
    across = np.array([0.0, 0.5, 0.5, -0.5, -0.5, 0.0, 0.0])
    forward = boxes.sizes[:, :1] * along  # (B, 7)
    left = boxes.sizes[:, 1:2] * across
    cosine, sine = np.cos(boxes.yaws)[:, None], np.sin(boxes.yaws)[:, None]
    turned = np.stack([cosine * forward - sine * left, sine * forward + cosine * left], axis=-1)
    return boxes.centres[:, None, :2] + turned


def fitting_view(clouds: list[Points], *, pixels: int = 300) -> BevView:
    """One square view for all of these frames, so that their pictures compare.

    It shows what lies within the 95th percentile of the points' ranges, in tens of metres from 20 to 80. Where
    hardly a point lies behind the sensor, as in frames that are cut to a camera's view, it looks ahead.
    """
    xy = np.concatenate([cloud[:, :2] for cloud in clouds] or [np.zeros((0, 2), np.float32)])
    xy = xy[np.isfinite(xy).all(axis=1)]
    if not len(xy):
        return BevView(metres_per_pixel=100.0 / pixels)
    reach = float(np.clip(10 * np.ceil(np.percentile(np.hypot(xy[:, 0], xy[:, 1]), 95) / 10), 20, 80))
    ahead_only = (xy[:, 0] < -1).mean() < 0.02
    if ahead_only:
        return BevView((-0.04 * reach, 0.96 * reach), (-reach / 2, reach / 2), reach / pixels)
    return BevView((-reach, reach), (-reach, reach), 2 * reach / pixels)


def _highest(points: Points, view: BevView) -> tuple[Any, Any, Float64Array]:
    """Row, column and height of the highest point of every pixel that has one."""
    height, width = view.shape
    with np.errstate(invalid="ignore", over="ignore"):
        pixels = np.floor(view.pixels(points[:, :2]))
        inside = ((pixels >= 0) & (pixels < (width, height))).all(axis=1) & np.isfinite(points[:, 2])
    columns, rows = pixels[inside].astype(np.int64).T
    grid = np.full(height * width, -np.inf)
    np.maximum.at(grid, rows * width + columns, points[inside, 2].astype(np.float64))
    filled = np.flatnonzero(grid > -np.inf)
    return filled // width, filled % width, grid[filled]


def _height_range(heights: Float64Array) -> tuple[float, float]:
    ground = float(np.percentile(heights, 5))
    return ground, ground + 3.5


@lru_cache(maxsize=4)
def _rings(view: BevView, step_m: float) -> Picture:
    """The empty ground with a circle every `step_m`, dimmed between the colours by how near a pixel is to it."""
    height, width = view.shape
    picture = np.full((height, width, 3), BACKGROUND, dtype=np.uint8)
    if step_m > 0:
        x = view.x_range_m[1] - (np.arange(height) + 0.5) * view.metres_per_pixel
        y = view.y_range_m[1] - (np.arange(width) + 0.5) * view.metres_per_pixel
        distance = np.hypot(x[:, None], y[None, :])
        ring = np.maximum(np.rint(distance / step_m), 1) * step_m
        strength = np.clip(1 - np.abs(distance - ring) / view.metres_per_pixel, 0, 1)[..., None]
        picture = np.rint(strength * RING + (1 - strength) * np.array(BACKGROUND)).astype(np.uint8)
    return picture


def _drawings(
    view: BevView, outlines: list[tuple[Float64Array, tuple[int, int, int]]]
) -> tuple[Float64Array, Float64Array]:
    """The vehicle and boxes, with smooth edges: (H, W, 1) share of what is behind them, and (H, W, 3) themselves."""
    height, width = view.shape
    size = (width * _OVERSAMPLING, height * _OVERSAMPLING)
    colours, mask = Image.new("RGB", size), Image.new("L", size)
    nose = view.pixels(np.zeros(2)) + np.array([[0, -5], [4, 4.5], [0, 2.5], [-4, 4.5]])
    for draw, paint in ((ImageDraw.Draw(colours), True), (ImageDraw.Draw(mask), False)):
        draw.polygon(_scaled(nose), fill=VEHICLE if paint else 255)
        for line, colour in outlines:
            draw.line(_scaled(line), fill=colour if paint else 255, width=_OVERSAMPLING + 1, joint="curve")
    small = (width, height)
    # Premultiplied by the mask, so that no black bleeds into the edges.
    cover = np.asarray(mask.resize(small, Image.Resampling.BOX), dtype=np.float64)[..., None] / 255
    return 1 - cover, np.asarray(colours.resize(small, Image.Resampling.BOX), dtype=np.float64)


@lru_cache(maxsize=4)
def _vehicle(view: BevView) -> tuple[Float64Array, Float64Array]:
    """Without boxes all pictures of a view have the same drawing."""
    return _drawings(view, [])


def _scaled(line: Float64Array) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in line * _OVERSAMPLING]


@cache
def _colour_table() -> Picture:
    anchors = np.array([[int(code[i : i + 2], 16) for i in (1, 3, 5)] for code in _HEIGHT_COLOURS], dtype=np.float64)
    places = np.linspace(0, len(anchors) - 1, 256)
    table = np.stack([np.interp(places, np.arange(len(anchors)), anchors[:, c]) for c in range(3)], axis=1)
    return np.rint(table).astype(np.uint8)
