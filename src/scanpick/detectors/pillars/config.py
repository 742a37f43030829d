"""The sizes of the pillar network."""

import math
from dataclasses import dataclass
from typing import Literal

from scanpick.errors import ScanpickError
from scanpick.geometry.ground import GroundSettings


@dataclass(frozen=True)
class PillarConfig:
    """What a pillar network is built from.

    Attributes:
        class_names: The classes it finds.
        x_range_m, y_range_m, z_range_m: The volume it sees, LiDAR frame; z is the height above the ground estimate.
        pillar_m: Side of a pillar.
        road_every: Of the points on the ground one in so many is looked at: they are half of a frame and tell little.
        point_channels: Channels of a pillar.
        channels: Of the stages at strides 2, 4 and 8.
        blocks: Residual blocks of each stage.
        head_channels: Of the path back up.
        box_channels: Of the layers that describe a box; they run at a few cells only.
        around_points: How many points around a cell a box is described from, besides the map.
        around_m: How far from the cell's centre they may lie.
        noisy_copies: Copies of each true box that a second look learns from, see `scanpick.detectors.second_look`.
            0: it is part of the box head and learns from the network's own rough boxes.
        copy_noise: Standard deviations of the noise of a copy: along, across and up in lengths, widths and heights of
            the box, of the logarithms of length, width and height, and of the heading in radians.
        second_look: Most points within a box that a look sees.
        second_look_width: Channels of that.
        second_look_times: How often a box is looked at: the second time from where the first left it.
        precision: "bfloat16" runs the convolutions in it: about twice as fast on CPUs that have instructions for it
            (avx512_bf16, AMX), slower on others.
        score_threshold: Boxes with lower scores are not given out.
        nms_iou: Boxes that overlap a better one by more, seen from above, are dropped.
        most_boxes: Most boxes of a frame.
        box_spread: Whether predictions tell it; the score of that name needs it, and it takes a third of their time.
        iou_exponent: Share of the IoU estimate in a score: heatmap^(1 - e) * IoU^e.
    """

    class_names: tuple[str, ...] = ("Car",)
    x_range_m: tuple[float, float] = (0.0, 51.2)
    y_range_m: tuple[float, float] = (-28.16, 28.16)
    z_range_m: tuple[float, float] = (-1.0, 3.5)
    pillar_m: float = 0.32
    road_every: int = 1
    point_channels: int = 32
    channels: tuple[int, int, int] = (32, 64, 96)
    blocks: tuple[int, int, int] = (2, 2, 2)
    head_channels: int = 64
    box_channels: int = 128
    around_points: int = 64
    around_m: float = 2.4
    noisy_copies: int = 0
    copy_noise: tuple[float, ...] = (0.05, 0.075, 0.04, 0.06, 0.05, 0.04, math.radians(8))
    second_look: int = 64
    second_look_width: int = 64
    second_look_times: int = 2
    precision: Literal["float32", "bfloat16"] = "float32"
    score_threshold: float = 0.05
    nms_iou: float = 0.2
    most_boxes: int = 100
    box_spread: bool = True
    iou_exponent: float = 0.6

    def __post_init__(self) -> None:
        if not self.class_names:
            raise ScanpickError("PillarConfig.class_names: expected at least one class, got none.")
        if self.precision not in ("float32", "bfloat16"):
            raise ScanpickError(f"PillarConfig.precision: expected float32 or bfloat16, got {self.precision!r}.")
        if self.noisy_copies and (min(self.second_look, self.second_look_times) < 1 or len(self.copy_noise) != 7):
            raise ScanpickError(
                f"PillarConfig: a second look needs 1 point or more, to look once or more often, and 7 deviations of "
                f"the noise, got {self.second_look}, {self.second_look_times} and {len(self.copy_noise)}."
            )
        for cells in self.grid:
            if cells % 8:
                raise ScanpickError(
                    f"PillarConfig: expected ranges of a multiple of 8 pillars, got {self.grid} pillars of "
                    f"{self.pillar_m} m."
                )

    @property
    def grid(self) -> tuple[int, int]:
        """Pillars along x and y."""
        low_high = (self.x_range_m, self.y_range_m)
        nx, ny = (round((high - low) / self.pillar_m) for low, high in low_high)
        return nx, ny

    @property
    def ground(self) -> GroundSettings:
        """How the ground under this network's area is estimated."""
        return GroundSettings(x_range_m=self.x_range_m, y_range_m=self.y_range_m)


PILLAR_NANO = PillarConfig()
"""For CPUs: 0.32 m pillars over the front 51 m."""

PILLAR_PICO = PillarConfig(
    point_channels=24,
    channels=(24, 48, 64),
    head_channels=32,
    box_channels=96,
    around_points=32,
)
"""For studies of a hundred trainings: half the work of `PILLAR_NANO`."""

PILLAR_FEMTO = PillarConfig(
    pillar_m=0.64,
    road_every=4,
    point_channels=32,
    channels=(32, 48, 64),
    blocks=(1, 1, 1),
    head_channels=32,
    box_channels=96,
    noisy_copies=8,
)
"""For studies of a hundred trainings on CPUs without bfloat16: a quarter of the map's cells and of the road, since the
points around a cell, and a second look that learns from noisy copies, tell the box."""

PILLAR = PillarConfig(
    x_range_m=(0.0, 70.4),
    y_range_m=(-40.96, 40.96),
    pillar_m=0.16,
    point_channels=64,
    channels=(64, 128, 256),
    blocks=(3, 5, 5),
    head_channels=128,
    box_channels=256,
)
"""At published size, for GPUs."""
