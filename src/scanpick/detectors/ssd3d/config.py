"""Every number of 3DSSD: as published, and a smaller one for CPUs."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import ConfigDict

from scanpick.errors import ScanpickError
from scanpick.geometry.ball_query import Ring
from scanpick.geometry.ground import GroundSettings


@dataclass(frozen=True)
class Draw:
    """Points that a level keeps: farthest-point sampling of a part of those of the level before.

    Attributes:
        by: "place" measures distances between positions (D-FPS), "feature" between positions and features (F-FPS).
        count: How many.
        start: First point of the part.
        stop: End of the part, None for all.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    by: Literal["place", "feature"]
    count: int
    start: int = 0
    stop: int | None = None


@dataclass(frozen=True)
class Level:
    """One set abstraction: which points are kept, what is looked at around each, and what it is condensed to.

    Attributes:
        draws: Sampled one after the other; the points of the level are theirs in this order.
        radii: Outer radii in metres, rising.
        neighbours: Most points of each ring.
        widths: Outputs of the layers of each ring's network.
        outputs: Channels after aggregation.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    draws: tuple[Draw, ...]
    radii: tuple[float, ...]
    neighbours: tuple[int, ...]
    widths: tuple[tuple[int, ...], ...]
    outputs: int

    @property
    def rings(self) -> tuple[Ring, ...]:
        """Dilated: each ring starts where the one before ends."""
        inner = (0.0, *self.radii[:-1])
        return tuple(Ring(*ring) for ring in zip(inner, self.radii, self.neighbours, strict=True))


@dataclass(frozen=True)
class Ssd3dConfig:
    """3DSSD (Yang et al., CVPR 2020) as configured in mmdetection3d's ``3dssd_4xb4_kitti-3d-car.py``.

    Attributes:
        class_names: What is detected.
        least: x, y, z in metres; points below are left out.
        greatest: x, y, z in metres; points above are left out.
        points: Points drawn of a frame.
        levels: The backbone.
        candidates: How many of the last level's points vote, the first ones.
        vote_width: Channels between seed features and vote.
        farthest_vote: Limits of a vote along x, y and z in metres. The loss is taken before they are applied.
        vote_radii: Radii around votes in metres.
        vote_neighbours: Most points within each.
        vote_widths: Outputs of the layers of each radius' network.
        shared_widths: Layers that class and box share.
        branch_width: Layer that each has of its own.
        direction_bins: Bins of the full circle.
        least_size_m: Smallest length, width and height of a box.
        farthest_positive_m: A vote farther from the object is not positive. Measured, as in the reference, to the
            centre of the top face.
        vote_margin_m: Seeds outside a box by less than this learn to vote for it.
        nms_iou: Overlap of the footprints' extents above which the worse of two boxes is dropped.
        score_threshold: Least score of a detection.
        most_boxes: Most detections of a frame.
        norm_eps: Of the batch norms.
        aggregation_norm_eps: Of the batch norms in the aggregation layers.
        heading: "bins" classifies the yaw into `direction_bins` and regresses the rest. "axis" regresses cos and sin of
            twice the yaw, which are the same for front and rear, and tells these two apart: of that there are 2 bins.
        regression_beta: Errors of boxes below this (metres, or widths of a direction bin) count by their square, larger
            ones linearly. Small: errors of centimetres, which decide overlaps of 0.7, keep their weight.
        corner_weight: Of the loss of corners, which sums over all eight.
        above_ground: Measure heights from a local estimate of the ground, those of `least` and `greatest` too, and
            make them a feature of the points. Objects then stand at height 0 wherever they are.
        overlap_exponent: Share of an estimate of the 3D IoU in a score: centre-ness^(1 - e) * IoU^e. 0: no estimate.
        nms: What boxes are compared by: the extents of their footprints, or the rotated footprints themselves.
        second_look: Points within each rough box from which it is mended; 0 for no second look.
        second_look_width: Channels of that.
        second_look_times: How often a box is looked at: the second time from where the first left it.
        noisy_copies: Copies of each true box that a second look learns from.
        copy_noise: Standard deviations of the noise of a copy: along, across and up in lengths, widths and heights of
            the box, of the logarithms of length, width and height, and of the heading in radians. About what rough
            boxes of cars are off by; other classes were not measured.
        merging: Give out the mean of a box and of those that it suppresses, weighted by score and overlap.
    """

    class_names: tuple[str, ...] = ("Car",)
    least: tuple[float, float, float] = (0.0, -40.0, -5.0)
    greatest: tuple[float, float, float] = (70.0, 40.0, 3.0)
    points: int = 16384
    levels: tuple[Level, ...] = (
        Level(
            (Draw("place", 4096),),
            (0.2, 0.4, 0.8),
            (32, 32, 64),
            ((16, 16, 32), (16, 16, 32), (32, 32, 64)),
            64,
        ),
        Level(
            (Draw("feature", 512), Draw("place", 512)),
            (0.4, 0.8, 1.6),
            (32, 32, 64),
            ((64, 64, 128), (64, 64, 128), (64, 96, 128)),
            128,
        ),
        Level(
            (Draw("feature", 256, 0, 512), Draw("place", 256, 512)),
            (1.6, 3.2, 4.8),
            (32, 32, 32),
            ((128, 128, 256), (128, 192, 256), (128, 256, 256)),
            256,
        ),
    )
    candidates: int = 256
    vote_width: int = 128
    farthest_vote: tuple[float, float, float] = (3.0, 3.0, 2.0)
    vote_radii: tuple[float, ...] = (4.8, 6.4)
    vote_neighbours: tuple[int, ...] = (16, 32)
    vote_widths: tuple[tuple[int, ...], ...] = ((256, 256, 512), (256, 512, 1024))
    shared_widths: tuple[int, ...] = (512, 128)
    branch_width: int = 128
    direction_bins: int = 12
    least_size_m: float = 0.1
    farthest_positive_m: float = 10.0
    vote_margin_m: float = 0.05
    nms_iou: float = 0.1
    score_threshold: float = 0.0
    most_boxes: int = 100
    norm_eps: float = 1e-3
    aggregation_norm_eps: float = 1e-5
    heading: Literal["bins", "axis"] = "bins"
    regression_beta: float = 1.0
    corner_weight: float = 1.0
    above_ground: bool = False
    overlap_exponent: float = 0.0
    nms: Literal["extents", "rotated"] = "extents"
    second_look: int = 0
    second_look_width: int = 64
    second_look_times: int = 2
    noisy_copies: int = 4
    copy_noise: tuple[float, ...] = (0.05, 0.075, 0.04, 0.06, 0.05, 0.04, math.radians(8))
    merging: bool = False

    def __post_init__(self) -> None:
        before = self.points
        for number, level in enumerate(self.levels):
            for draw in level.draws:
                stop = before if draw.stop is None else draw.stop
                if not 0 < draw.count <= stop - draw.start or stop > before:
                    raise ScanpickError(
                        f"3DSSD, level {number}: expected to draw 1 to {max(stop - draw.start, 0)} of the points "
                        f"{draw.start} to {stop} of {before}, got {draw.count}."
                    )
            before = sum(draw.count for draw in level.draws)
        if self.second_look and not self.overlap_exponent:
            raise ScanpickError("3DSSD: a second look estimates overlaps, which overlap_exponent 0 leaves out.")
        if self.second_look and (self.second_look_times < 1 or self.noisy_copies < 1 or len(self.copy_noise) != 7):
            raise ScanpickError(
                f"3DSSD: a second look needs to look once or more often, 1 noisy copy or more, and 7 deviations of the "
                f"noise, got {self.second_look_times}, {self.noisy_copies} and {len(self.copy_noise)}."
            )
        if self.heading == "axis" and self.direction_bins != 2:
            raise ScanpickError(f"3DSSD, heading 'axis': expected 2 direction bins, got {self.direction_bins}.")
        if not 0 < self.candidates <= before:
            raise ScanpickError(f"3DSSD: expected 1 to {before} candidates, got {self.candidates}.")
        if not self.class_names or len(set(self.class_names)) < len(self.class_names):
            raise ScanpickError(f"3DSSD: expected class names, each once, got {self.class_names}.")

    @property
    def overlap_estimated(self) -> bool:
        """Whether the head estimates overlaps: a second look does it better."""
        return self.overlap_exponent > 0 and self.second_look == 0

    @property
    def point_features(self) -> int:
        """Features of a point: intensity, and the height where the ground is known."""
        return 2 if self.above_ground else 1

    @property
    def ground(self) -> GroundSettings:
        """How the ground under the range is estimated: of whole cells, at least the range."""
        cell = GroundSettings.cell_m
        (x0, x1), (y0, y1) = zip(self.least[:2], self.greatest[:2], strict=True)
        x1, y1 = (low + cell * math.ceil((high - low) / cell - 1e-6) for low, high in ((x0, x1), (y0, y1)))
        return GroundSettings(x_range_m=(x0, x1), y_range_m=(y0, y1))

    @property
    def vote_rings(self) -> tuple[Ring, ...]:
        """Balls, each from its centre on: these are not dilated."""
        return tuple(Ring(0.0, *ball) for ball in zip(self.vote_radii, self.vote_neighbours, strict=True))


SSD3D = Ssd3dConfig()

# A quarter of the points at each level, about half the channels and neighbours, and what a short training on few frames
# needs: see docs/results/detectors.md for what of it was compared.
SSD3D_NANO = Ssd3dConfig(
    least=(0.0, -40.96, 0.2),  # the road is half of the points
    greatest=(53.76, 40.96, 3.0),
    points=8192,
    levels=(
        Level((Draw("place", 1024),), (0.2, 0.4, 0.8), (16, 16, 32), ((8, 8, 16), (8, 8, 16), (16, 16, 32)), 32),
        Level(
            (Draw("feature", 256), Draw("place", 256)),
            (0.4, 0.8, 1.6),
            (16, 16, 32),
            ((32, 32, 64), (32, 32, 64), (32, 48, 64)),
            64,
        ),
        Level(
            (Draw("feature", 128, 0, 256), Draw("place", 128, 256)),
            (1.6, 3.2, 4.8),
            (16, 16, 16),
            ((64, 64, 128), (64, 64, 128), (64, 96, 128)),
            128,
        ),
    ),
    candidates=128,
    vote_width=64,
    vote_neighbours=(8, 16),
    vote_widths=((96, 96, 192), (96, 128, 256)),
    shared_widths=(256, 128),
    branch_width=64,
    heading="axis",
    direction_bins=2,
    regression_beta=0.1,
    corner_weight=0.125,
    above_ground=True,
    overlap_exponent=0.7,
    nms="rotated",
    second_look=64,
    merging=True,
)
