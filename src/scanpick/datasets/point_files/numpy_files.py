"""``.npy`` and ``.npz``: (P, C >= 3) numbers, or records with the fields x, y, z and intensity.

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

from scanpick.datasets.point_files.cloud import (
    MOST_BYTES,
    PointCloud,
    check_size,
    cloud_from_fields,
    cloud_from_table,
    read_file,
)
from scanpick.errors import FrameError

ARRAY_NAMES = ("points", "point_cloud", "pointcloud", "lidar", "pc", "xyz", "data", "arr_0")
"""Which array of an ``.npz`` holds the points, the surest name first. Any name does where there is only one array."""

_MOST_DEFLATED = 1032
"""No deflated byte becomes more bytes than this."""

_REAL_KINDS = "fiub"


def read_npy(path: Path) -> PointCloud:
    """Read an ``.npy`` file.

    Raises:
        FrameError: It is malformed, or as `cloud_from_table`.
    """
    return _cloud(_parse_npy(read_file(path), path), path)


def read_npz(path: Path) -> PointCloud:
    """Read the points of an ``.npz`` file, compressed or not: the array of a name in `ARRAY_NAMES`, or the only one.

    Raises:
        FrameError: It is malformed, no array is called as one of points, or as `cloud_from_table`.
    """
    content = read_file(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _cloud(_parse_npy(_read_member(archive, _choose_member(archive, path), path), path), path)
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError, OSError, OverflowError),
        *(RuntimeError, NotImplementedError, ValueError),  # encrypted, of another zip version, of impossible offsets
    ) as error:
        raise FrameError(f"{path}: not a whole .npz file: {error}.") from error


def _choose_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    for name in ARRAY_NAMES:
        if name in members:
            return members[name]
    if len(members) == 1:
        return next(iter(members.values()))
    raise FrameError(
        f"{path}: expected one array or one called {', '.join(ARRAY_NAMES)}, got {', '.join(members) or 'none'}.",
        kind="wrong columns",
    )


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> bytes:
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FrameError(f"{path}: expected the array '{info.filename}' stored or deflated, as numpy writes it.")
    most = min(MOST_BYTES, info.compress_size * _MOST_DEFLATED)
    check_size(path, f"bytes of '{info.filename}'", info.file_size, 1, most)
    with archive.open(info) as file:
        return file.read(info.file_size)


def _parse_npy(content: bytes, path: Path) -> NDArray[Any]:
    file = io.BytesIO(content)  # numpy takes memory for what a header promises when it reads a real file
    try:
        version = np.lib.format.read_magic(file)
        read_header = {1: np.lib.format.read_array_header_1_0}.get(version[0], np.lib.format.read_array_header_2_0)
        shape, fortran_order, dtype = read_header(file)
    except Exception as error:  # numpy lets out any kind on a hostile header
        raise FrameError(f"{path}: not an .npy array of numbers: {_one_line(error)}.") from error
    if dtype.hasobject or dtype.itemsize == 0 or any(length < 0 for length in shape):
        raise FrameError(f"{path}: expected an array of numbers, got the type {dtype} and the shape {shape}.")
    check_size(path, "values", math.prod(shape), dtype.itemsize, len(content) - file.tell())
    flat = np.frombuffer(content, dtype=dtype, count=math.prod(shape), offset=file.tell())
    return flat.reshape(shape, order="F" if fortran_order else "C")


def _cloud(array: NDArray[Any], path: Path) -> PointCloud:
    if array.dtype.names is not None:
        fields = {name: array[name] for name in array.dtype.names}
        plain = all(values.ndim == 1 and values.dtype.kind in _REAL_KINDS for values in fields.values())
        if array.ndim != 1 or not plain:
            raise FrameError(f"{path}: expected a number per field and point, got {array.dtype}.", kind="wrong columns")
        return cloud_from_fields(fields, path)
    if array.dtype.kind not in _REAL_KINDS:
        raise FrameError(f"{path}: expected numbers, got values of the type {array.dtype}.", kind="wrong columns")
    return cloud_from_table(array, path)


def _one_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
