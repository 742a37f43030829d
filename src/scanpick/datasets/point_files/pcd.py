"""``.pcd``, the Point Cloud Library's format: ascii, binary and binary_compressed.

Fields may come in any order, of any type and size, and so may the entries of the header. VIEWPOINT is ignored, as the
library's own tools do. Not left to pypcd4, which takes the memory that a file names: here its sizes are checked first.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpick.datasets.point_files.cloud import PointCloud, check_size, cloud_from_fields, most_unpacked, read_file
from scanpick.datasets.point_files.text_tables import Column, fields_of_rows, fields_of_text, split_header, whole_number
from scanpick.errors import FrameError, ScanpickError
from scanpick.texts import parsing

_TYPES = {
    **{("F", "4"): "<f4", ("F", "8"): "<f8"},
    **{("U", "1"): "<u1", ("U", "2"): "<u2", ("U", "4"): "<u4", ("U", "8"): "<u8"},
    **{("I", "1"): "<i1", ("I", "2"): "<i2", ("I", "4"): "<i4", ("I", "8"): "<i8"},
}
_MOST_POINT_BYTES = 1 << 16


@dataclass(frozen=True)
class _Header:
    fields: tuple[Column, ...]
    points: int
    data: str
    size: int  # bytes of the header itself

    @property
    def point_bytes(self) -> int:
        return sum(np.dtype(kind).itemsize * count for _, kind, count in self.fields)


def read(path: Path) -> PointCloud:
    """Read a ``.pcd`` file.

    Raises:
        FrameError: It is malformed or truncated, has no x, y, z, or holds no finite point.
    """
    content = read_file(path)
    header = _parse_header(content, path)
    body = content[header.size :]
    if header.data == "ascii":
        fields = fields_of_text(body, header.fields, header.points, path)
    elif header.data == "binary":
        fields = fields_of_rows(body, header.fields, header.points, path)
    else:
        fields = _from_columns(_unpack(body, header, path), header)
    return cloud_from_fields(fields, path)


def _parse_header(content: bytes, path: Path) -> _Header:
    split = split_header(content, "data")
    if split is None:
        raise FrameError(f"{path}: not a .pcd file: no line DATA in its header.")
    lines, size = split
    entries: dict[str, list[str]] = {}  # in any order, beside lines of other programs
    for words in lines:
        if words and not words[0].startswith("#"):
            comment = next((place for place, word in enumerate(words) if word.startswith("#")), len(words))
            entries[words[0].upper()] = words[1:comment]
    with parsing(str(path), "a sound .pcd header", error=FrameError):
        fields = _parse_fields(entries)
        points = _parse_points(entries)
        data = " ".join(entries["DATA"][:1]).lower()
    header = _Header(fields, points, data, size)
    if not 0 < header.point_bytes <= _MOST_POINT_BYTES:
        raise FrameError(f"{path}: its header is broken: SIZE and COUNT give points of {header.point_bytes} bytes.")
    if data not in ("ascii", "binary", "binary_compressed"):
        raise FrameError(f"{path}: expected DATA ascii, binary or binary_compressed, got {data[:40]!r}.")
    return header


def _parse_fields(entries: dict[str, list[str]]) -> tuple[Column, ...]:
    """The fields that take bytes: the Point Cloud Library has written padding of a COUNT of 0, which takes none."""
    names = entries.get("FIELDS", entries.get("COLUMNS"))  # the latter until version 0.6
    missing = [entry for entry in ("SIZE", "TYPE") if entry not in entries]
    if names is None or missing:
        raise ValueError(f"it has no line {'FIELDS' if names is None else missing[0]}")
    sizes, types = entries["SIZE"], entries["TYPE"]
    counts = entries.get("COUNT", ["1"] * len(names))
    if not len(names) == len(sizes) == len(types) == len(counts):
        numbers = f"{len(names)}, {len(sizes)}, {len(types)} and {len(counts)}"
        raise ValueError(f"FIELDS, SIZE, TYPE and COUNT have {numbers} entries")
    fields = []
    for name, size, kind, count in zip(names, sizes, types, counts, strict=True):
        if (kind.upper(), size) not in _TYPES:
            raise ValueError(f"no field is of TYPE {kind[:40]!r} and SIZE {size[:40]!r}")
        fields.append((name, _TYPES[kind.upper(), size], whole_number(count)))
    return tuple(field for field in fields if field[2])


def _parse_points(entries: dict[str, list[str]]) -> int:
    """The number of points, which POINTS says, or WIDTH, and HEIGHT of organised clouds."""
    counts = {}
    for entry in ("POINTS", "WIDTH", "HEIGHT"):
        if entry in entries:
            counts[entry] = whole_number(" ".join(entries[entry]))
    if "POINTS" in counts and not {"WIDTH", "HEIGHT"} <= counts.keys():
        return counts["POINTS"]
    if "WIDTH" not in counts:
        raise ValueError("neither POINTS nor WIDTH says how many points there are")
    grid = counts["WIDTH"] * counts.get("HEIGHT", 1)
    if counts.get("POINTS", grid) != grid:
        raise ValueError(f"POINTS is {counts['POINTS']}, WIDTH times HEIGHT is {grid}")
    return grid


def _from_columns(body: bytes, header: _Header) -> dict[str, NDArray[Any]]:
    """Field after field, each with its points."""
    fields: dict[str, NDArray[Any]] = {}
    offset = 0
    for name, kind, count in header.fields:
        values = np.frombuffer(body, kind, header.points * count, offset)
        fields.setdefault(name, values[::count])
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
    check_size(path, "unpacked bytes", unpacked, 1, most_unpacked(packed))
    try:
        return lzf.decompress(body[8 : 8 + packed], unpacked)
    except ScanpickError as error:
        raise FrameError(f"{path}: {error}") from error
