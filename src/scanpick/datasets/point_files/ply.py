"""``.ply``, the Stanford format: ascii, and binary of either byte order. The points are the element "vertex".

Lists before or among the vertices, which meshes and photographs have and sweeps have not, are not read.
"""

from dataclasses import dataclass, field
from pathlib import Path

from scanpick.datasets.point_files.cloud import PointCloud, check_size, cloud_from_fields, listed, read_file
from scanpick.datasets.point_files.text_tables import fields_of_rows, fields_of_text, split_header, whole_number
from scanpick.errors import FrameError
from scanpick.texts import parsing

_TYPES = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"},
    **{"float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2"},
    **{"int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8"},
}
_BYTE_ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}


@dataclass(frozen=True)
class _Element:
    name: str
    count: int
    properties: list[tuple[str, str, int]] = field(default_factory=list)  # name, type, values
    lists: list[str] = field(default_factory=list)


def read(path: Path) -> PointCloud:
    """Read a ``.ply`` file.

    Raises:
        FrameError: It is malformed or truncated, has no vertices with x, y, z or lists before them, or as
            `cloud_from_table`.
    """
    content = read_file(path)
    order, elements, position = _parse_header(content, path)
    lines_before = 0
    for element in elements:
        if element.name == "vertex":
            if element.lists:
                raise FrameError(f"{path}: expected points without lists, got the list {listed(element.lists)}.")
            if not order:
                fields = fields_of_text(content[position:], element.properties, element.count, path, lines_before)
            else:
                columns = [(name, order + kind, count) for name, kind, count in element.properties]
                fields = fields_of_rows(content, columns, element.count, path, position)
            return cloud_from_fields(fields, path)
        if order and element.lists:
            raise FrameError(f"{path}: expected the points before lists, got '{element.name}' with lists first.")
        lines_before += element.count
        row_bytes = sum(int(kind[1]) for _, kind, _ in element.properties)
        if order:
            check_size(path, f"rows of '{element.name}'", element.count, row_bytes, len(content) - position)
            position += element.count * row_bytes
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
                    elements[-1].lists.append(words[4])
                case ["property", *_]:
                    elements[-1].properties.append((words[2], _TYPES[words[1].lower()], 1))
    if order is None:
        raise FrameError(f"{path}: expected a sound .ply header, got one that names no format.")
    return order, elements, position
