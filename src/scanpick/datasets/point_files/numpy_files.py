"""``.npy`` and ``.npz``: (P, 3 to 16) numbers, a grid of them, or records with the fields x, y, z and intensity.

Nothing is unpickled.
"""

import io
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpick.datasets.point_files.bin_columns import unevenness
from scanpick.datasets.point_files.cloud import (
    PointCloud,
    check_size,
    cloud_from_fields,
    cloud_from_table,
    intensity_name,
    listed,
    most_unpacked,
    read_file,
)
from scanpick.errors import FrameError
from scanpick.texts import one_line, parsing

ARRAY_NAMES = ("points", "point_cloud", "pointcloud", "lidar", "pc", "xyz", "data")
"""Which array of an ``.npz`` holds the points. Any name does where there is only one array."""

TURNED = "points of an array with a row per coordinate, turned"
FLATTENED = "points of a grid of rows and columns, in one list"

_COLUMNS = range(3, 17)
"""Numbers that a point may have: more are features or embeddings."""

_REAL_KINDS = "fiub"
_MOST_AXES = 8
_LONGEST_AXIS = 1 << 48


def read_npy(path: Path) -> PointCloud:
    """Read an ``.npy`` file.

    Raises:
        FrameError: It is malformed, its shape is none of points, or as `cloud_from_table`.
    """
    return _cloud(_parse_npy(read_file(path), path), path)


def read_npz(path: Path) -> PointCloud:
    """Read the points of an ``.npz`` file, compressed or not.

    They are the only array, or the only one of a name in `ARRAY_NAMES` (an array of the intensities may lie beside it),
    or arrays x, y, z and intensity.

    Raises:
        FrameError: It is malformed, does not tell which array holds the points, or as `read_npy`.
    """
    content = read_file(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_archive(archive, most_unpacked(len(content)), path)
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError, OSError, OverflowError),
        *(RuntimeError, NotImplementedError, ValueError),  # encrypted, of another zip version, of impossible offsets
    ) as error:
        raise FrameError(f"{path}: not a whole .npz file: {one_line(error)}.") from error


def _read_archive(archive: zipfile.ZipFile, most_bytes: int, path: Path) -> PointCloud:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}

    def read(name: str) -> NDArray[Any]:
        info = members[name]
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FrameError(f"{path}: expected the array '{name}' stored or deflated, as numpy writes it.")
        check_size(path, f"bytes of '{name}'", info.file_size, 1, most_bytes)
        with archive.open(info) as file:
            return _parse_npy(file.read(info.file_size), path)

    known = [name for name in members if name.lower() in ARRAY_NAMES]
    intensity = intensity_name(members)
    if len(members) == 1 or len(known) == 1:
        array = read(known[0] if known else next(iter(members)))
        if intensity is None or array.ndim != 2 or 3 not in array.shape:
            return _cloud(array, path)
        return _cloud(array, path, read(intensity))
    if not known and {"x", "y", "z"} <= {name.lower() for name in members}:
        wanted = [name for name in members if name.lower() in ("x", "y", "z") or name == intensity]
        return _cloud_of_fields({name: read(name) for name in wanted}, path)
    raise FrameError(
        f"{path}: expected one array, or only one called {', '.join(ARRAY_NAMES)}, got {listed(members)}: which one "
        f"holds the points is not clear.",
        kind="wrong columns",
    )


def _parse_npy(content: bytes, path: Path) -> NDArray[Any]:
    file = io.BytesIO(content)  # numpy takes memory for what a header promises when it reads a real file
    try:
        version = np.lib.format.read_magic(file)
        read_header = {1: np.lib.format.read_array_header_1_0}.get(version[0], np.lib.format.read_array_header_2_0)
        shape, fortran_order, dtype = read_header(file)
    except Exception as error:  # numpy lets out any kind on a hostile header
        raise FrameError(f"{path}: not an .npy array of numbers: {one_line(error)}.") from error
    sound = len(shape) <= _MOST_AXES and all(0 <= length < _LONGEST_AXIS for length in shape)
    if dtype.hasobject or dtype.itemsize == 0 or not sound:
        raise FrameError(f"{path}: expected an array of numbers, got the type {str(dtype)[:80]} of {len(shape)} axes.")
    check_size(path, "values", math.prod(shape), dtype.itemsize, len(content) - file.tell())
    flat = np.frombuffer(content, dtype=dtype, count=math.prod(shape), offset=file.tell())
    with parsing(str(path), "an array of numbers", error=FrameError):
        return flat.reshape(shape, order="F" if fortran_order else "C")


def _cloud(array: NDArray[Any], path: Path, intensity: NDArray[Any] | None = None) -> PointCloud:
    if array.dtype.names is not None:
        return _cloud_of_fields({name: array[name] for name in array.dtype.names}, path)
    if array.dtype.kind not in _REAL_KINDS:
        raise FrameError(
            f"{path}: expected numbers, got values of the type {str(array.dtype)[:80]}.", kind="wrong columns"
        )
    table, note = _as_rows(array, path)
    if intensity is not None and intensity.dtype.kind in _REAL_KINDS and intensity.size == len(table):
        table = np.column_stack([table, intensity.reshape(-1)])
    return _noted(cloud_from_table(table, path, keeps_gaps=True), note, len(table))


def _cloud_of_fields(fields: dict[str, NDArray[Any]], path: Path) -> PointCloud:
    """A cloud of the fields that hold a number per point, each (P,) or a grid (H, W)."""
    numbers = {name: values for name, values in fields.items() if values.dtype.kind in _REAL_KINDS}
    shapes = [values.shape for name, values in numbers.items() if name.lower() == "x"]
    plain = {name: values.reshape(-1) for name, values in numbers.items() if [values.shape] == shapes[:1]}
    grid = bool(shapes) and len(shapes[0]) > 1
    return _noted(cloud_from_fields(plain, path), FLATTENED if grid else None, len(next(iter(plain.values()))))


def _noted(cloud: PointCloud, note: str | None, count: int) -> PointCloud:
    return cloud if note is None else PointCloud(cloud.points, {note: count, **cloud.notes})


def _as_rows(array: NDArray[Any], path: Path) -> tuple[NDArray[Any], str | None]:
    """The points as rows (P, C), and a note where the array held them in another way, which it must show clearly."""
    if array.size == 0:
        raise FrameError(f"{path}: the file holds no points.", kind="empty")
    table, note = array, None
    if _is_grid(array):
        table, note = array.reshape(-1, array.shape[2]), FLATTENED
    rows, columns = table.shape if table.ndim == 2 else (0, 0)
    if columns in _COLUMNS and (rows not in _COLUMNS or columns <= 8 < rows):
        return table, note
    if array.ndim == 2 and rows in _COLUMNS and columns not in _COLUMNS and _is_turned(array):
        return array.T, TURNED
    raise FrameError(
        f"{path}: expected points as rows, (P, 3 to 16) numbers, or a grid of them (H, W, 3 to 16), got the shape "
        f"{array.shape}. {_hint(array)}",
        kind="wrong columns",
    )


def _is_grid(array: NDArray[Any]) -> bool:
    """Whether (H, W, C) numbers are an organised cloud: no picture, and no list of boxes' corners or matrices."""
    return (
        array.ndim == 3
        and array.shape[2] in _COLUMNS
        and (array.shape[1] not in range(2, 9) or array.shape[0] == 1)
        and bool((array[..., :3] < 0).any())
    )


def _is_turned(array: NDArray[Any]) -> bool:
    """Whether the rows of (C, P) numbers differ as coordinates and intensities do; those of embeddings are alike."""
    some = array[:, :: max(1, array.shape[1] // 20_000)].astype(np.float64)
    some = some[:, np.isfinite(some).all(axis=0) & some[:3].any(axis=0)]
    return unevenness(some.T.reshape(-1), len(some)) > 0.1


def _hint(array: NDArray[Any]) -> str:
    if array.ndim == 1:
        return "A flat array does not say how many numbers a point has: save array.reshape(-1, 4) or the like."
    if array.ndim == 3 and array.shape[2] in _COLUMNS:
        return "It looks like matrices, corners of boxes or a picture, not like a sweep: save the points as rows."
    if array.ndim == 3:
        return "Save a range image with its channels last and x, y, z first, or the points alone."
    if array.ndim == 2 and set(array.shape) <= set(_COLUMNS):
        return "Such a small one could be read either way."
    if array.ndim == 2 and array.shape[0] in _COLUMNS:
        return "If it holds a row per coordinate, save array.T."
    return "Are these features or boxes, not points?"
