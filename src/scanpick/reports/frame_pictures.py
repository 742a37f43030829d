"""Pictures of the frames in which a detector does best and worst: seen from above, true boxes and predicted ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scanpick.arrays import BoolArray, Points
from scanpick.evaluation.frame_errors import FrameErrors, best_and_worst, frame_errors
from scanpick.evaluation.kitti import Evaluation
from scanpick.files import atomic_path
from scanpick.geometry.transforms import camera_boxes_to_lidar
from scanpick.reports.bev import Picture, bev_image, fitting_view
from scanpick.structures import Boxes3D, Calibration, CameraObjects

Piece = tuple[str, tuple[int, int, int]]
"""Text and its colour."""

_PIXELS, _CAPTION, _LETTERS = 720, 52, 16
_BACKGROUND, _INK = (255, 255, 255), (27, 36, 48)
_LEGEND: list[Piece] = [("blue: true boxes, ", (43, 122, 171)), ("orange: predicted boxes", (190, 100, 20))]


def draw_best_and_worst(
    evaluation: Evaluation,
    points_of: Callable[[str], Points],
    camera_of: Callable[[str], Calibration],
    folder: Path,
    *,
    most: int = 3,
) -> list[Path]:
    """Write ``best_1_<frame>.png``, ..., ``worst_1_<frame>.png``, ... at one scale.

    A frame counts by its missed objects and false boxes of moderate difficulty, by the 3D overlap that the evaluation
    asks for, at the score at which F1 is greatest; detections from that score on are drawn.

    Args:
        evaluation: The result.
        points_of: Frame id -> (P, C >= 3) points, LiDAR frame.
        camera_of: Frame id -> calibration, between labels and points.
        folder: Where to; made if it is not there. Pictures of other frames under these names are removed.
        most: How many of each.

    Raises:
        ScanpickError: A frame cannot be read.
    """
    frames, thresholds = frame_errors(evaluation)
    best, worst = best_and_worst(frames, most)
    chosen = [("best", rank, frame) for rank, frame in enumerate(best, start=1)]
    chosen += [("worst", rank, frame) for rank, frame in enumerate(worst, start=1)]
    clouds = [points_of(frame.frame_id) for _, _, frame in chosen]
    view = fitting_view(clouds, pixels=_PIXELS)
    place = {frame_id: row for row, frame_id in enumerate(evaluation.comparison.labels.frame_ids)}
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("best_[0-9]*_*.png"), *folder.glob("worst_[0-9]*_*.png")):
        old.unlink()
    written = []
    for (kind, rank, frame), points in zip(chosen, clouds, strict=True):
        row, camera = place[frame.frame_id], camera_of(frame.frame_id)
        truth, found = evaluation.comparison.labels.frame(row), evaluation.comparison.detections.frame(row)
        picture = bev_image(
            points,
            view,
            true_boxes=lidar_boxes(truth, np.isin(truth.class_names, list(thresholds)), camera),
            predicted_boxes=lidar_boxes(found, _counted(found, thresholds), camera),
        )
        # Cut, since a name has at most 255 bytes; the rank keeps it apart.
        path = folder / f"{kind}_{rank}_{frame.frame_id.replace('/', '_')[:50]}.png"
        with atomic_path(path) as temporary:
            captioned(picture, [(_told(frame), _INK)], _LEGEND).save(temporary, "PNG", optimize=True)
        written.append(path)
    return written


def lidar_boxes(objects: CameraObjects, chosen: BoolArray, camera: Calibration) -> Boxes3D:
    """Chosen KITTI objects as boxes in the LiDAR frame."""
    some = objects[chosen & (objects.sizes_hwl > 0).all(axis=1)]
    boxes = camera_boxes_to_lidar(some.bottom_centres, some.sizes_hwl, some.rotation_y, camera)
    return Boxes3D(boxes, some.class_names)


def captioned(picture: Picture, *lines: Sequence[Piece]) -> Image.Image:
    """A picture under lines of text, each of pieces with their colours."""
    image = Image.new("RGB", (picture.shape[1], picture.shape[0] + _CAPTION), _BACKGROUND)
    image.paste(Image.fromarray(picture), (0, _CAPTION))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(_LETTERS)
    for row, pieces in enumerate(lines):
        x = 8.0
        for text, colour in pieces:
            draw.text((x, 5 + row * (_LETTERS + 6)), text, fill=colour, font=font)
            x += draw.textlength(text, font=font)
    return image


def _counted(found: CameraObjects, thresholds: dict[str, float]) -> BoolArray:
    assert found.scores is not None
    least = np.array([thresholds.get(str(name), np.inf) for name in found.class_names])
    counted: BoolArray = found.scores >= least
    return counted


def _told(frame: FrameErrors) -> str:
    return f"{frame.frame_id}: {frame.found} found, {frame.missed} missed, {frame.false} false"
