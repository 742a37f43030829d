"""One frame for the page: its points in a few bytes each, its boxes with what can be asked about them, its cameras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.arrays import Float64Array, Points
from scanpick.datasets import Dataset
from scanpick.datasets.dataset import cameras, ego_pose
from scanpick.errors import ScanpickError
from scanpick.geometry.points_in_boxes import count_points_in_boxes
from scanpick.geometry.rotated_iou import bev_iou, iou_3d_of_pairs
from scanpick.geometry.transforms import invert, transform_points
from scanpick.review.packing import pack
from scanpick.structures import Boxes3D, Camera, Detections, Labels

MOST_POINTS = 1_500_000
"""Points of one picture; a larger cloud is thinned evenly, and the page says so."""

_GREATEST = 32767


def packed_points(dataset: Dataset, frame_id: str, neighbours: Sequence[str] = ()) -> bytes:
    """The points as int16 of a scale that the header tells (4 mm at 120 m) and intensities as uint8.

    Args:
        dataset: Reads the frames.
        frame_id: The frame.
        neighbours: Frames whose points are added in this frame's coordinates, where poses are known.

    Raises:
        ScanpickError: The frame cannot be read.
    """
    clouds = [dataset.read(frame_id).points[:, :4]]
    joined = []
    if neighbours and (pose := ego_pose(dataset, frame_id)) is not None:
        for other in neighbours:
            other_pose = ego_pose(dataset, other)
            if other_pose is not None:
                clouds.append(_moved(dataset.read(other).points[:, :4], invert(pose) @ other_pose))
                joined.append(other)
    points = np.concatenate(clouds)
    count, step = len(points), -(-len(points) // MOST_POINTS)
    points = points[:: max(step, 1)]
    scale = float(np.abs(points[:, :3]).max(initial=1e-3)) / _GREATEST
    header = {
        "scale": scale,
        "count": count,
        "shown": len(points),
        "joined": joined,
        "intensity": bool(np.ptp(points[:, 3]) > 0) if len(points) else False,
        "z": np.percentile(points[:, 2], [1, 99]) if len(points) else [0.0, 1.0],
    }
    places = np.rint(points[:, :3] / scale).astype(np.int16)
    intensity = np.rint(np.clip(points[:, 3], 0, 1) * 255).astype(np.uint8)
    return pack(header, {"points": places.ravel(), "intensity": intensity})


def _moved(points: Points, here_SE3_there: Float64Array) -> Points:
    places = transform_points(here_SE3_there, points[:, :3])
    return np.column_stack([places, points[:, 3]]).astype(np.float32)


def boxes_of(
    dataset: Dataset, frame_id: str, labels: bool, predictions: Mapping[str, Mapping[str, Detections]]
) -> dict[str, Any]:
    """The boxes of a frame: its labels, and what each named table of predictions has of it.

    Each box comes with the number of points in it, and its best 3D overlap with labels (of a label: with the first
    predictions).
    """
    problems: dict[str, str] = {}
    try:
        points = dataset.read(frame_id).points
    except ScanpickError as error:
        points, problems["points"] = np.zeros((0, 4), np.float32), str(error)
    truth = None
    if labels:
        try:
            truth = dataset.labels(frame_id)
        except ScanpickError as error:
            problems["labels"] = str(error)
    found = {name: table[frame_id] for name, table in predictions.items() if frame_id in table}
    sets = []
    if truth is not None:
        others = next(iter(found.values())).boxes if found else None
        sets.append(_box_set("labels", truth.boxes, points, others) | _label_columns(truth))
    for name, one in found.items():
        against = None if truth is None else truth.boxes
        columns = {"scores": one.scores, "extras": dict(one.extras)}
        sets.append(_box_set(name, one.boxes, points, against) | columns)
    return {"sets": sets, "problems": problems}


def _box_set(name: str, boxes: Boxes3D, points: Points, others: Boxes3D | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": name,
        "boxes": boxes.array,
        "classes": boxes.class_names,
        "points": count_points_in_boxes(points, boxes.array),
        "scores": None,
        "extras": {},
    }
    return facts | {"iou": None if others is None else _best_overlap(boxes, others)}


def _label_columns(labels: Labels) -> dict[str, Any]:
    columns = {"occlusion": labels.occlusion, "truncation": labels.truncation, "track": labels.track_ids}
    return {"extras": {name: values for name, values in columns.items() if values is not None}}


def _best_overlap(boxes: Boxes3D, others: Boxes3D) -> Float64Array:
    """(B,) the greatest 3D overlap with any of the others."""
    best = np.zeros(len(boxes))
    if not len(boxes) or not len(others):
        return best
    mine, theirs = np.nonzero(bev_iou(boxes.array, others.array) > 0)
    overlaps = iou_3d_of_pairs(boxes.array[mine], others.array[theirs])
    np.maximum.at(best, mine, overlaps)
    return best


def cameras_of(dataset: Dataset, frame_id: str) -> list[Camera]:
    """The cameras of a frame whose images are there; that of KITTI's layout, where a data set has no others."""
    found = list(cameras(dataset, frame_id))
    if not found:
        frame = dataset.read(frame_id)
        if frame.calibration is not None and frame.image_path is not None:
            found = [Camera("camera", frame.image_path, frame.calibration)]
    return [camera for camera in found if camera.image_path is not None and camera.image_path.is_file()]


def camera_facts(camera: Camera) -> dict[str, Any]:
    """Name and matrix of a camera: (3, 4) from the frame's coordinates to homogeneous pixels."""
    calibration = camera.calibration
    matrix = calibration.projection @ calibration.camera_SE3_lidar
    return {"name": camera.name, "matrix": matrix, "size": calibration.image_size}


def image_bytes(path: Path) -> tuple[str, bytes]:
    """Type and content of an image: a JPEG or PNG as it is, any other that can be read as a JPEG.

    Raises:
        ScanpickError: It cannot be read.
    """
    import io

    from PIL import Image

    from scanpick.files import read_bytes

    content = read_bytes(path, most_bytes=100_000_000)
    for start, kind in ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png")):
        if content.startswith(start):
            return kind, content
    try:
        written = io.BytesIO()
        Image.open(io.BytesIO(content)).convert("RGB").save(written, "JPEG", quality=90)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise ScanpickError(f"{path.name}: expected an image, got something else.") from error
    return "image/jpeg", written.getvalue()
