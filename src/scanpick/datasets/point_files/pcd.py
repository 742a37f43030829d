"""``.pcd``, the Point Cloud Library's format: ascii, binary and binary_compressed.

Fields may come in any order, of any type and size. Points that are not finite are dropped and counted, not refused:
organised clouds hold a NaN wherever a beam did not return. VIEWPOINT is ignored, as the library's own tools do.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpick.datasets.point_files.cloud import MOST_BYTES, PointCloud, check_size, cloud_from_fields, read_file
from scanpick.datasets.point_files.text_tables import parse_table
from scanpick.errors import FrameError, ScanpickError

_TYPES = {
    **{("F", 4): "<f4", ("F", 8): "<f8"},
    **{("U", 1): "<u1", ("U", 2): "<u2", ("U", 4): "<u4", ("U", 8): "<u8"},
    **{("I", 1): "<i1", ("I", 2): "<i2", ("I", 4): "<i4", ("I", 8): "<i8"},
}
_MOST_HEADER_BYTES = 1 << 16
_MOST_POINT_BYTES = 1 << 16


@dataclass(frozen=True)
class _Field:
    name: str
    type: str
    count: int  # values per point; more than one in histograms and padding


@dataclass(frozen=True)
class _Header:
    fields: tuple[_Field, ...]
    points: int
    data: str
    size: int  # bytes of the header itself

    @property
    def point_bytes(self) -> int:
        return sum(np.dtype(field.type).itemsize * field.count for field in self.fields)


def read(path: Path) -> PointCloud:
    """Read a ``.pcd`` file.

    Raises:
        FrameError: It is malformed or truncated, has no x, y, z, or holds no finite point.
    """
    content = read_file(path)
    header = _parse_header(content, path)
    body = content[header.size :]
    if header.data == "ascii":
        fields = _from_text(body, header, path)
    elif header.data == "binary":
        check_size(path, "points", header.points, header.point_bytes, len(body))
        fields = _from_rows(body, header)
    else:
        fields = _from_columns(_unpack(body, header, path), header)
    return cloud_from_fields(fields, path, drop_non_finite=True)


def _parse_header(content: bytes, path: Path) -> _Header:
    entries: dict[str, list[str]] = {}
    position = 0
    while "DATA" not in entries:
        end = content.find(b"\n", position, _MOST_HEADER_BYTES)
        if end < 0:
            raise FrameError(f"{path}: not a .pcd file: no line DATA in its header.")
        words = content[position:end].decode("latin-1").split("#", 1)[0].split()
        if words:
            entries[words[0].upper()] = words[1:]
        position = end + 1
    try:
        names, sizes, types = entries["FIELDS"], [int(word) for word in entries["SIZE"]], entries["TYPE"]
        counts = [int(word) for word in entries["COUNT"]] if "COUNT" in entries else [1] * len(names)
        grid = int(entries["WIDTH"][0]) * int(entries["HEIGHT"][0])
        points = int(entries["POINTS"][0]) if "POINTS" in entries else grid
        data = entries["DATA"][0].lower()
        fields = tuple(
            _Field(name, _TYPES[kind.upper(), size], count)
            for name, kind, size, count in zip(names, types, sizes, counts, strict=True)
        )
    except (KeyError, IndexError, ValueError) as error:
        raise FrameError(f"{path}: its header is broken: {type(error).__name__} {error}.") from error
    header = _Header(fields, points, data, position)
    if points != grid or points < 0:
        raise FrameError(f"{path}: its header is broken: POINTS is {points}, WIDTH times HEIGHT is {grid}.")
    if any(field.count < 1 for field in fields) or not 0 < header.point_bytes <= _MOST_POINT_BYTES:
        raise FrameError(f"{path}: its header is broken: COUNT or SIZE give points of {header.point_bytes} bytes.")
    if data not in ("ascii", "binary", "binary_compressed"):
        raise FrameError(f"{path}: expected DATA ascii, binary or binary_compressed, got {data!r}.")
    return header


def _from_text(body: bytes, header: _Header, path: Path) -> dict[str, NDArray[Any]]:
    table = parse_table(body, header.points, sum(field.count for field in header.fields), path)
    fields: dict[str, NDArray[Any]] = {}
    column = 0
    for field in header.fields:
        fields.setdefault(field.name, table[:, column])
        column += field.count
    return fields


def _from_rows(body: bytes, header: _Header) -> dict[str, NDArray[Any]]:
    """Point after point, each with its fields."""
    offsets = np.cumsum([0, *(np.dtype(field.type).itemsize * field.count for field in header.fields)])
    fields: dict[str, NDArray[Any]] = {}
    for field, offset in zip(header.fields, offsets, strict=False):
        strides = (header.point_bytes,)
        values = np.ndarray((header.points,), field.type, body, int(offset), strides) if header.points else np.zeros(0)
        fields.setdefault(field.name, values)
    return fields


def _from_columns(body: bytes, header: _Header) -> dict[str, NDArray[Any]]:
    """Field after field, each with its points."""
    fields: dict[str, NDArray[Any]] = {}
    offset = 0
    for field in header.fields:
        values = np.frombuffer(body, field.type, header.points * field.count, offset)
        fields.setdefault(field.name, values[:: field.count])
        offset += values.nbytes
    return fields


def _unpack(body: bytes, header: _Header, path: Path) -> bytes:
    from scanpick.datasets.point_files import lzf  # numba, only where it is needed

    if len(body) < 8:
        raise FrameError(f"{path}: truncated: no sizes after the header of binary_compressed data.")
    packed, unpacked = struct.unpack_from("<II", body)
    wanted = header.points * header.point_bytes
    if unpacked != wanted:
        raise FrameError(f"{path}: its data unpack to {unpacked} bytes, but its header promises {wanted}.")
    check_size(path, "packed bytes", packed, 1, len(body) - 8)
    check_size(path, "unpacked bytes", unpacked, 1, MOST_BYTES)
    try:
        return lzf.decompress(body[8 : 8 + packed], unpacked)
    except ScanpickError as error:
        raise FrameError(f"{path}: {error}") from error
