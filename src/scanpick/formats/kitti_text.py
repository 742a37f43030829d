"""KITTI's text files: object labels, detection results and calibrations.

A label line has 15 columns and a result line a 16th, the score:
``type truncated occluded alpha left top right bottom height width length x y z rotation_y [score]``.
"""

from pathlib import Path

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError
from scanpick.structures import Calibration, CameraObjects

LABEL_COLUMNS = (
    *("type", "truncated", "occluded", "alpha", "left", "top", "right", "bottom"),
    *("height", "width", "length", "x", "y", "z", "rotation_y", "score"),
)


def read_objects(path: Path, *, with_scores: bool = False) -> CameraObjects:
    """Read a label file, or a result file (`with_scores`).

    Blank lines are passed over. Columns beyond the last expected one are ignored, as the official tool does.

    Raises:
        ScanpickError: The file cannot be read, or a line is malformed: file, line and column are named.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScanpickError(f"{path}: cannot read the label file: {error}.") from error
    return parse_objects(text, source=str(path), with_scores=with_scores)


def parse_objects(text: str, *, source: str, with_scores: bool = False) -> CameraObjects:
    """`read_objects` on a text; `source` names it in messages."""
    wanted = len(LABEL_COLUMNS) if with_scores else len(LABEL_COLUMNS) - 1
    names: list[str] = []
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        if len(words) < wanted:
            raise ScanpickError(f"{source}, line {number}: expected {wanted} columns, got {len(words)}: {line[:80]!r}.")
        values = []
        for column in range(1, wanted):
            try:
                values.append(float(words[column]))
            except ValueError:
                raise ScanpickError(
                    f"{source}, line {number}, column {column + 1} ({LABEL_COLUMNS[column]}): "
                    f"expected a number, got {words[column]!r}."
                ) from None
        names.append(words[0])
        rows.append(values)
    table = np.array(rows, dtype=np.float64).reshape(len(rows), wanted - 1)
    return CameraObjects(
        class_names=np.array(names, dtype=np.str_),
        truncation=table[:, 0],
        occlusion=table[:, 1],
        alpha=table[:, 2],
        image_boxes=table[:, 3:7],
        sizes_hwl=table[:, 7:10],
        bottom_centres=table[:, 10:13],
        rotation_y=table[:, 13],
        scores=table[:, 14] if with_scores else None,
    )


def format_objects(objects: CameraObjects) -> str:
    """The text of a label file, or of a result file where `objects` has scores."""
    lines = []
    for row in range(len(objects)):
        numbers = [
            objects.alpha[row],
            *objects.image_boxes[row],
            *objects.sizes_hwl[row],
            *objects.bottom_centres[row],
            objects.rotation_y[row],
        ]
        words = [
            str(objects.class_names[row]),
            f"{objects.truncation[row]:.2f}",
            f"{objects.occlusion[row]:.0f}",
            *(f"{number:.2f}" for number in numbers),
        ]
        if objects.scores is not None:
            words.append(f"{objects.scores[row]:.6g}")
        lines.append(" ".join(words) + "\n")
    return "".join(lines)


def read_calibration(path: Path) -> Calibration:
    """Read a KITTI object or tracking calibration file (P2, R0_rect or R_rect, Tr_velo_to_cam or Tr_velo_cam).

    Raises:
        ScanpickError: The file cannot be read, or an entry is missing or malformed.
    """
    entries = _read_entries(path)
    projection = _entry(entries, ("P2",), (3, 4), path)
    rectification = _entry(entries, ("R0_rect", "R_rect"), (3, 3), path)
    lidar_to_camera = _entry(entries, ("Tr_velo_to_cam", "Tr_velo_cam"), (3, 4), path)
    return _calibration(rectification @ lidar_to_camera, projection, path)


def format_calibration(calibration: Calibration) -> str:
    """The text of an object calibration file: all cameras as P2, rectification folded into Tr_velo_to_cam."""
    camera_SE3_lidar = calibration.camera_SE3_lidar
    entries = {f"P{camera}": calibration.projection for camera in range(4)}
    entries |= {"R0_rect": np.eye(3), "Tr_velo_to_cam": camera_SE3_lidar[:3], "Tr_imu_to_velo": np.eye(4)[:3]}
    return "".join(
        f"{name}: {' '.join(f'{number:.12e}' for number in matrix.ravel())}\n" for name, matrix in entries.items()
    )


def read_raw_calibration(velo_to_cam_path: Path, cam_to_cam_path: Path) -> Calibration:
    """Read the two files of a KITTI raw date: R and T of the one, R_rect_00, P_rect_02 and S_rect_02 of the other.

    Raises:
        ScanpickError: A file cannot be read, or an entry is missing or malformed.
    """
    lidar, cameras = _read_entries(velo_to_cam_path), _read_entries(cam_to_cam_path)
    rotation = _entry(lidar, ("R",), (3, 3), velo_to_cam_path)
    translation = _entry(lidar, ("T",), (3, 1), velo_to_cam_path)
    rectification = _entry(cameras, ("R_rect_00",), (3, 3), cam_to_cam_path)
    projection = _entry(cameras, ("P_rect_02",), (3, 4), cam_to_cam_path)
    size = _entry(cameras, ("S_rect_02",), (1, 2), cam_to_cam_path)[0] if "S_rect_02" in cameras else None
    image_size = None if size is None else (round(size[0]), round(size[1]))
    camera_from_lidar = rectification @ np.hstack([rotation, translation])
    return _calibration(camera_from_lidar, projection, velo_to_cam_path, image_size)


def parse_calibration_entries(text: str, *, source: str) -> dict[str, Float64Array]:
    """``name: numbers`` lines, with or without the colon (tracking has ``R_rect 9.99e-01``); no empty ones."""
    entries = {}
    for number, line in enumerate(text.splitlines(), start=1):
        name, *words = line.replace(":", " ", 1).split() or [""]
        if not words:
            continue
        try:
            entries[name] = np.array([float(word) for word in words])
        except ValueError:
            if name == "calib_time":  # KITTI raw states the date of calibration
                continue
            raise ScanpickError(
                f"{source}, line {number}: expected numbers after '{name}', got {line[:80]!r}."
            ) from None
    return entries


def _read_entries(path: Path) -> dict[str, Float64Array]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScanpickError(f"{path}: cannot read the calibration: {error}.") from error
    return parse_calibration_entries(text, source=str(path))


def _calibration(
    camera_from_lidar: Float64Array, projection: Float64Array, path: Path, image_size: tuple[int, int] | None = None
) -> Calibration:
    """A calibration from the upper (3, 4) of the transform; what it finds wrong is told with the file."""
    camera_SE3_lidar = np.eye(4)
    camera_SE3_lidar[:3] = camera_from_lidar
    try:
        return Calibration(camera_SE3_lidar, projection, image_size)
    except ScanpickError as error:
        raise ScanpickError(f"{path}: {error}") from error


def _entry(
    entries: dict[str, Float64Array], names: tuple[str, ...], shape: tuple[int, int], path: Path
) -> Float64Array:
    for name in names:
        if name in entries:
            if entries[name].size != shape[0] * shape[1]:
                raise ScanpickError(
                    f"{path}: expected {shape[0] * shape[1]} numbers after '{name}', got {entries[name].size}."
                )
            return entries[name].reshape(shape)
    raise ScanpickError(f"{path}: expected an entry '{names[0]}', got only: {', '.join(entries) or 'nothing'}.")
