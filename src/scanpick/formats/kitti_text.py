"""KITTI's text files: object labels, detection results and calibrations.

A label line has 15 columns and a result line a 16th, the score:
``type truncated occluded alpha left top right bottom height width length x y z rotation_y [score]``.
"""

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError
from scanpick.structures import Calibration, CameraObjects
from scanpick.texts import lines_of, read_text

LABEL_COLUMNS = (
    *("type", "truncated", "occluded", "alpha", "left", "top", "right", "bottom"),
    *("height", "width", "length", "x", "y", "z", "rotation_y", "score"),
)

NumberedLine = tuple[int, str]
"""A line of a file: its number, counted from 1, and its text."""


def read_objects(path: Path, *, with_scores: bool = False) -> CameraObjects:
    """Read a label file, or a result file (`with_scores`).

    Blank lines are passed over. Columns beyond the last expected one are ignored, as the official tool does.

    Raises:
        ScanpickError: The file cannot be read, or a line is malformed: file, line and column are named.
    """
    return parse_objects(read_text(path), source=str(path), with_scores=with_scores)


def parse_objects(text: str, *, source: str, with_scores: bool = False) -> CameraObjects:
    """`read_objects` on a text; `source` names it in messages."""
    return parse_lines(object_lines(text), source=source, with_scores=with_scores)


def object_lines(text: str) -> list[NumberedLine]:
    """The lines of a text from `read_text` that are not blank.

    Files that were put together from several hold byte order marks in the middle, too: they are no part of a name.
    """
    lines = enumerate(lines_of(text.replace("\ufeff", "")), start=1)
    return [(number, line) for number, line in lines if line.strip()]


def parse_lines(
    lines: Iterable[NumberedLine], *, source: str, with_scores: bool = False, columns_before: int = 0
) -> CameraObjects:
    """Objects from their lines, one each.

    Args:
        lines: The lines, without what stands before the type.
        source: Names the file in messages.
        with_scores: Lines of results, not of labels.
        columns_before: Columns of the file before the type, for messages.

    Raises:
        ScanpickError: A line is malformed: file, line and column are named.
    """
    wanted = len(LABEL_COLUMNS) if with_scores else len(LABEL_COLUMNS) - 1
    names: list[str] = []
    rows: list[list[float]] = []
    for number, line in lines:
        words = line.split()
        if len(words) < wanted:
            raise ScanpickError(
                f"{source}, line {number}: expected {columns_before + wanted} columns, "
                f"got {columns_before + len(words)}: {line[:80]!r}."
            )
        names.append(words[0])
        rows.append([_number(words[column], source, number, column, columns_before) for column in range(1, wanted)])
    return objects_from_rows(names, np.array(rows, dtype=np.float64).reshape(len(rows), wanted - 1))


def place_of(source: str, line: int, column: str, columns_before: int = 0) -> str:
    """Where a number stands, for messages: file, line and column, counted from 1."""
    return f"{source}, line {line}, column {columns_before + LABEL_COLUMNS.index(column) + 1} ({column})"


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


def _number(word: str, source: str, line: int, column: int, columns_before: int) -> float:
    try:
        number = math.nan if "_" in word else float(word)  # Python's 1_000 is no number elsewhere
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        place = place_of(source, line, LABEL_COLUMNS[column], columns_before)
        raise ScanpickError(f"{place}: expected a finite number, got {word!r}.")
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
    """Read the calibration file of KITTI's object, tracking or odometry sets, or of a converter to them.

    These are the same matrices under different names (R0_rect, R_rect; Tr_velo_to_cam, Tr_velo_cam, Tr), some padded to
    (3, 4) or (4, 4). Without a rectification it is the identity. Waymo's converters number the cameras, the first of
    which is the labels': Tr_velo_to_cam_0 with P0.

    Raises:
        ScanpickError: The file cannot be read, an entry is missing or malformed, or no camera is like this.
    """
    return parse_calibration(read_text(path), path)


def parse_calibration(text: str, path: Path) -> Calibration:
    """`read_calibration` on a text; `path` names it in messages."""
    entries = parse_calibration_entries(text, source=str(path))
    waymo = "Tr_velo_to_cam_0" in entries and "Tr_velo_to_cam" not in entries
    projection = _entry(entries, ("P0", "P2") if waymo else ("P2", "P_rect_02"), (3, 4), path)
    rectification = _entry(entries, ("R0_rect", "R_rect", "R_rect_00"), (3, 3), path, default=np.eye(3))
    names = ("Tr_velo_to_cam", "Tr_velo_cam", "Tr_velo2cam", "Tr", "Tr_velo_to_cam_0")
    lidar_to_camera = _entry(entries, names, (3, 4), path)
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
    """``name: numbers`` lines, with or without the colon (tracking has ``R_rect 9.99e-01``); no empty ones.

    Lines of words ("calib_time: 09-Jan-2012") are passed over, unless they bear the name of a matrix.
    """
    entries = {}
    for number, line in enumerate(lines_of(text), start=1):
        name, *words = line.replace(":", " ", 1).replace(",", " ").split() or [""]
        if not words:
            continue
        try:
            entries[name] = np.array([float(word) for word in words])
        except ValueError:
            if not _MATRIX.fullmatch(name):
                continue
            raise ScanpickError(
                f"{source}, line {number}: expected numbers after '{name}', got {line[:80]!r}."
            ) from None
    return entries


_MATRIX = re.compile(r"P\d|[PRS]_rect_\d\d|R0?_rect|Tr(_\w+)?|[RT]", re.IGNORECASE)


def _read_entries(path: Path) -> dict[str, Float64Array]:
    return parse_calibration_entries(read_text(path), source=str(path))


def _calibration(
    camera_from_lidar: Float64Array, projection: Float64Array, path: Path, image_size: tuple[int, int] | None = None
) -> Calibration:
    """A calibration from the upper (3, 4) of the transform; what it finds wrong is told with the file."""
    camera_SE3_lidar = np.eye(4)
    camera_SE3_lidar[:3] = camera_from_lidar
    try:
        calibration = Calibration(camera_SE3_lidar, projection, image_size)
    except ScanpickError as error:
        raise ScanpickError(f"{path}: {error}") from error
    fault = calibration.fault
    if fault:
        raise ScanpickError(
            f"{path}: no camera is like this: {fault}. Expected x right, y down, z forward, seen from a "
            f"LiDAR with z up. It cannot place labels, nor cut points to its view; correct it."
        )
    return calibration


def _entry(
    entries: dict[str, Float64Array],
    names: tuple[str, ...],
    shape: tuple[int, int],
    path: Path,
    default: Float64Array | None = None,
) -> Float64Array:
    """The first of these entries as a matrix."""
    by_name = {name.lower(): (name, values) for name, values in entries.items()}
    name, values = next((by_name[name.lower()] for name in names if name.lower() in by_name), ("", default))
    if values is None:
        raise ScanpickError(f"{path}: expected an entry '{names[0]}', got only: {', '.join(entries) or 'nothing'}.")
    matrix = _unpadded(values, shape)
    if matrix is None:
        raise ScanpickError(f"{path}: expected {shape[0] * shape[1]} numbers after '{name}', got {values.size}.")
    return matrix


def _unpadded(values: Float64Array, shape: tuple[int, int]) -> Float64Array | None:
    """Numbers as a matrix, also where it was padded to (3, 4) or (4, 4) as the identity is; None for other numbers."""
    for full in (shape, (3, 4), (4, 4)):
        if values.size == full[0] * full[1]:
            matrix = values.reshape(full)
            inside = matrix[: shape[0], : shape[1]]
            padded = np.eye(*full)
            padded[: shape[0], : shape[1]] = inside
            return inside if inside.shape == shape and np.array_equal(padded, matrix, equal_nan=True) else None
    return None
