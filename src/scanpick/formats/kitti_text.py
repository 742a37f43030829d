"""KITTI's text files: object labels, detection results and calibrations.

A label line has 15 columns and a result line a 16th, the score:
``type truncated occluded alpha left top right bottom height width length x y z rotation_y [score]``.
"""

import math
from collections.abc import Sequence
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
        names.append(words[0])
        rows.append([_number(words[column], source, number, column) for column in range(1, wanted)])
    return objects_from_rows(names, np.array(rows, dtype=np.float64).reshape(len(rows), wanted - 1))


def objects_from_rows(names: Sequence[str], numbers: Float64Array) -> CameraObjects:
    """Objects from the types and the (K, 14) numbers of label lines, or the (K, 15) of result lines."""
    return CameraObjects(
        class_names=np.array(names, dtype=np.str_),
        truncation=numbers[:, 0],
        occlusion=numbers[:, 1],
        alpha=numbers[:, 2],
        image_boxes=numbers[:, 3:7],
        sizes_hwl=numbers[:, 7:10],
        bottom_centres=numbers[:, 10:13],
        rotation_y=numbers[:, 13],
        scores=numbers[:, 14] if numbers.shape[1] == len(LABEL_COLUMNS) - 1 else None,
    )


def rows_from_objects(objects: CameraObjects) -> Float64Array:
    """The inverse of `objects_from_rows`: (K, 14) numbers of labels, (K, 15) of results."""
    columns = [objects.truncation, objects.occlusion, objects.alpha, objects.image_boxes, objects.sizes_hwl]
    columns += [objects.bottom_centres, objects.rotation_y]
    return np.column_stack(columns if objects.scores is None else [*columns, objects.scores])


def _number(word: str, source: str, line: int, column: int) -> float:
    try:
        number = math.nan if "_" in word else float(word)  # Python's 1_000 is no number elsewhere
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ScanpickError(
            f"{source}, line {line}, column {column + 1} ({LABEL_COLUMNS[column]}): "
            f"expected a finite number, got {word!r}."
        )
    return number


def format_objects(objects: CameraObjects) -> str:
    """The text of a label file, or of a result file where `objects` has scores.

    Labels have 2 decimals as KITTI's own; results keep 4, 6 for angles and 9 digits for scores, so that writing them
    does not change what they score.
    """
    places, angle_places = (2, 2) if objects.scores is None else (4, 6)
    lines = []
    for row in range(len(objects)):
        lengths = (*objects.sizes_hwl[row], *objects.bottom_centres[row])
        words = [
            str(objects.class_names[row]),
            f"{objects.truncation[row]:.2f}",
            f"{objects.occlusion[row]:.0f}",
            f"{objects.alpha[row]:.{angle_places}f}",
            *(f"{number:.{places}f}" for number in (*objects.image_boxes[row], *lengths)),
            f"{objects.rotation_y[row]:.{angle_places}f}",
        ]
        if objects.scores is not None:
            words.append(f"{objects.scores[row]:.9g}")
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
