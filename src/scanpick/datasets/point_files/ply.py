"""``.ply``, the Stanford format: ascii, and binary of either byte order. The points are the element "vertex"."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpick.datasets.point_files.cloud import PointCloud, check_size, cloud_from_fields, read_file
from scanpick.datasets.point_files.text_tables import parse_table
from scanpick.errors import FrameError

_TYPES = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"},
    **{"float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2"},
    **{"int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8"},
}
_BYTE_ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
_MOST_HEADER_BYTES = 1 << 16


@dataclass(frozen=True)
class _Property:
    name: str
    type: str
    count_type: str | None = None  # of the number before the values of a list


@dataclass(frozen=True)
class _Element:
    name: str
    count: int
    properties: list[_Property]

    @property
    def has_lists(self) -> bool:
        return any(found.count_type is not None for found in self.properties)

    @property
    def row_bytes(self) -> int:
        return sum(np.dtype(found.type).itemsize for found in self.properties)


def read(path: Path) -> PointCloud:
    """Read a ``.ply`` file.

    Raises:
        FrameError: It is malformed or truncated, has no vertices with x, y, z, or as `cloud_from_table`.
    """
    content = read_file(path)
    order, elements, position = _parse_header(content, path)
    for element in elements:
        if element.name == "vertex":
            return cloud_from_fields(_read_vertices(content, position, element, order, path), path)
        position = _skip(content, position, element, order, path)
    raise FrameError(f"{path}: expected an element 'vertex', got {', '.join(e.name for e in elements) or 'none'}.")


def _parse_header(content: bytes, path: Path) -> tuple[str, list[_Element], int]:
    """The byte order, the elements, and where they start."""
    end = content.find(b"\nend_header", 0, _MOST_HEADER_BYTES)
    line_end = content.find(b"\n", end + 1)
    if not content.startswith(b"ply") or end < 0 or line_end < 0:
        raise FrameError(f"{path}: not a .ply file: expected it to start with 'ply' and a header.")
    order, elements = None, list[_Element]()
    for line in content[:end].decode("latin-1").splitlines():
        words = line.split()
        try:
            if words[:1] == ["format"]:
                order = _BYTE_ORDERS[words[1]]
            elif words[:1] == ["element"]:
                elements.append(_Element(words[1], int(words[2]), []))
            elif words[:2] == ["property", "list"]:
                elements[-1].properties.append(_Property(words[4], _TYPES[words[3]], _TYPES[words[2]]))
            elif words[:1] == ["property"]:
                elements[-1].properties.append(_Property(words[2], _TYPES[words[1]]))
        except (IndexError, KeyError, ValueError) as error:
            raise FrameError(f"{path}: its header is broken at {line[:80]!r}.") from error
    if order is None or any(element.count < 0 for element in elements):
        raise FrameError(f"{path}: its header is broken: no format, or a negative count.")
    return order, elements, line_end + 1


def _read_vertices(content: bytes, position: int, element: _Element, order: str, path: Path) -> dict[str, NDArray[Any]]:
    names = [found.name for found in element.properties]
    if element.has_lists or len(set(names)) < len(names) or not names:
        raise FrameError(f"{path}: expected vertices of different single properties, got {', '.join(names) or 'none'}.")
    if not order:
        table = parse_table(content[position:], element.count, len(names), path)
        return {name: table[:, column] for column, name in enumerate(names)}
    check_size(path, "vertices", element.count, element.row_bytes, len(content) - position)
    dtype = np.dtype([(found.name, order + found.type) for found in element.properties])
    rows = np.frombuffer(content, dtype, element.count, position)
    return {name: rows[name] for name in names}


def _skip(content: bytes, position: int, element: _Element, order: str, path: Path) -> int:
    """Where the next element starts."""
    if not order:
        check_size(path, f"lines of '{element.name}'", element.count, 1, len(content) - position)
        for _ in range(element.count):
            position = content.find(b"\n", position) + 1
            if position == 0:
                raise FrameError(f"{path}: truncated in the element '{element.name}'.")
        return position
    if not element.has_lists:
        check_size(path, f"rows of '{element.name}'", element.count, element.row_bytes, len(content) - position)
        return position + element.count * element.row_bytes
    for _ in range(element.count):  # each row takes at least one byte, so that a file ends this
        for found in element.properties:
            length = 1
            if found.count_type is not None:
                length = int(_scalar(content, position, order + found.count_type, path))
                position += np.dtype(found.count_type).itemsize
            if length < 0:
                raise FrameError(f"{path}: a list of negative length in the element '{element.name}'.")
            position += length * np.dtype(found.type).itemsize
        if position > len(content):
            raise FrameError(f"{path}: truncated in the element '{element.name}'.")
    return position


def _scalar(content: bytes, position: int, dtype: str, path: Path) -> float:
    if position + np.dtype(dtype).itemsize > len(content):
        raise FrameError(f"{path}: truncated in a list.")
    return float(np.frombuffer(content, dtype, 1, position)[0])
