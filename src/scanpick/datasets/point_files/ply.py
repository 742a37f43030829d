"""``.ply``, the Stanford format: ascii, and binary of either byte order. The points are the element "vertex"."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpick.datasets.point_files.cloud import PointCloud, check_size, cloud_from_fields, listed, read_file
from scanpick.datasets.point_files.text_tables import parse_table, split_header, table_lines, whole_number
from scanpick.errors import FrameError
from scanpick.texts import parsing

_TYPES = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"},
    **{"float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2"},
    **{"int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8"},
}
_BYTE_ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}


@dataclass(frozen=True)
class _Property:
    name: str
    type: str
    count_type: str = ""  # of the number before the values of a list; "" where it is no list


@dataclass(frozen=True)
class _Element:
    name: str
    count: int
    properties: list[_Property] = field(default_factory=list)

    @property
    def has_lists(self) -> bool:
        return any(found.count_type for found in self.properties)

    @property
    def row_bytes(self) -> int:
        """The bytes of a row; of a list only those of its length, so that it is the least."""
        return sum(np.dtype(found.count_type or found.type).itemsize for found in self.properties)


def read(path: Path) -> PointCloud:
    """Read a ``.ply`` file.

    Raises:
        FrameError: It is malformed or truncated, has no vertices with x, y, z, or as `cloud_from_table`.
    """
    content = read_file(path)
    order, elements, position = _parse_header(content, path)
    body = memoryview(content)[position:]
    if not order:
        body = memoryview(bytes(body).replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    for element in elements:
        if element.name == "vertex":
            return cloud_from_fields(_read_vertices(body, element, order, path), path)
        body = body[_bytes_of(body, element, order, path) :]
    raise FrameError(f"{path}: expected an element 'vertex', got {listed(element.name for element in elements)}.")


def _parse_header(content: bytes, path: Path) -> tuple[str, list[_Element], int]:
    """The byte order, the elements, and where they start."""
    split = split_header(content, "end_header")
    if split is None or split[0][0] != ["ply"]:
        raise FrameError(f"{path}: not a .ply file: expected it to start with 'ply' and a header.")
    lines, position = split
    order, elements = None, list[_Element]()
    for words in lines:
        with parsing(str(path), f"a sound .ply header, got the line {' '.join(words)[:80]!r}", error=FrameError):
            match [word.lower() for word in words[:2]]:
                case ["format", *_]:
                    order = _BYTE_ORDERS[words[1].lower()]
                case ["element", *_]:
                    elements.append(_Element(words[1], whole_number(words[2])))
                case ["property", "list"]:
                    count_type, value_type = (_TYPES[word.lower()] for word in words[2:4])
                    if count_type.startswith("f"):
                        raise ValueError("the length of a list is a whole number")
                    elements[-1].properties.append(_Property(words[4], value_type, count_type))
                case ["property", *_]:
                    elements[-1].properties.append(_Property(words[2], _TYPES[words[1].lower()]))
    if order is None:
        raise FrameError(f"{path}: expected a sound .ply header, got one that names no format.")
    return order, elements, position


def _read_vertices(body: memoryview, element: _Element, order: str, path: Path) -> dict[str, NDArray[Any]]:
    """The single properties of the vertices; of two of a name the first counts."""
    if element.has_lists:
        return _read_beside_lists(body, element, order, path)
    fields: dict[str, NDArray[Any]] = {}
    if not element.properties:
        return fields
    if not order:
        table = parse_table(bytes(body), element.count, len(element.properties), path)
        for column, found in enumerate(element.properties):
            fields.setdefault(found.name, table[:, column])
        return fields
    check_size(path, "vertices", element.count, element.row_bytes, len(body))
    dtype = np.dtype([(f"{place}", order + found.type) for place, found in enumerate(element.properties)])
    rows = np.frombuffer(body, dtype, element.count) if element.count else np.zeros(0, dtype)
    for place, found in enumerate(element.properties):
        fields.setdefault(found.name, rows[f"{place}"])
    return fields


def _read_beside_lists(body: memoryview, element: _Element, order: str, path: Path) -> dict[str, NDArray[Any]]:
    fields: dict[str, NDArray[Any]] = {}
    if order:
        starts, _ = _walk(np.frombuffer(body, np.uint8), element, order, path)
        for place, found in enumerate(element.properties):
            if not found.count_type:
                width = np.arange(np.dtype(found.type).itemsize)
                values = np.frombuffer(body, np.uint8)[starts[:, place, None] + width]  # (P, bytes of a value)
                fields.setdefault(found.name, values.view(order + found.type)[:, 0])
        return fields
    lines = table_lines(bytes(body), element.count, len(element.properties), path)
    with parsing(str(path), "rows of numbers", error=FrameError):
        values = np.array(" ".join(lines).split(), dtype=np.float64)
    # The walk goes over the lengths of lists as over a binary file in which every number is an int64.
    whole = (np.abs(values) < 1e15) & (np.floor(values) == values)
    lengths = np.where(whole, values, -1).astype("<i8")
    lengths.flags.writeable = False  # as a file's bytes are: numba compiles the walk once
    numbers = _Element(element.name, element.count, [_eight_bytes(found) for found in element.properties])
    starts, end = _walk(lengths.view(np.uint8), numbers, "<", path)
    if end != lengths.nbytes:
        raise FrameError(f"{path}: expected {element.count} rows of numbers, got more numbers than their lists have.")
    for place, found in enumerate(element.properties):
        if not found.count_type:
            fields.setdefault(found.name, values[starts[:, place] // 8])
    return fields


def _eight_bytes(found: _Property) -> _Property:
    return _Property(found.name, "i8", "i8" if found.count_type else "")


def _bytes_of(body: memoryview, element: _Element, order: str, path: Path) -> int:
    """How many bytes an element takes."""
    if not order:
        ends = np.flatnonzero(np.frombuffer(body, np.uint8) == ord("\n"))
        check_size(path, f"lines of '{element.name}'", element.count, 1, len(ends))
        return int(ends[element.count - 1]) + 1 if element.count else 0
    if element.has_lists:
        return _walk(np.frombuffer(body, np.uint8), element, order, path)[1]
    check_size(path, f"rows of '{element.name}'", element.count, element.row_bytes, len(body))
    return element.count * element.row_bytes


def _walk(body: NDArray[np.uint8], element: _Element, order: str, path: Path) -> tuple[NDArray[np.int64], int]:
    """Where each value of each row starts (P, properties), and where the rows end."""
    from scanpick.datasets.point_files import ply_lists  # numba, only where it is needed

    check_size(path, f"rows of '{element.name}'", element.count, element.row_bytes, len(body))
    starts, end = ply_lists.walk(
        body,
        element.count,
        np.array([np.dtype(found.type).itemsize for found in element.properties]),
        np.array([np.dtype(found.count_type).itemsize if found.count_type else 0 for found in element.properties]),
        np.array([found.count_type.startswith("i") for found in element.properties]),
        order == ">",
    )
    if end < 0:
        raise FrameError(f"{path}: truncated in the element '{element.name}', or a list has an impossible length.")
    return starts, end
