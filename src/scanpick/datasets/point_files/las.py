"""``.las`` and ``.laz``, the ASPRS format of surveying. x, y, z are scaled and shifted as the header says.

Coordinates become float32: those of a sweep keep a tenth of a millimetre, those of a map (hundreds of kilometres from
their origin) do not, and are of no use here. `scanpick doctor` names such frames.

Not left to laspy, with which the tests compare: it trusts the header, and lazrs behind it ends the process where
there is less memory than a file promises (`laz`).
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.datasets.point_files.cloud import PointCloud, check_size, cloud_from_fields, most_unpacked, read_file
from scanpick.errors import FrameError

_HEADER_BYTES = 227  # of versions 1.0 to 1.2; later ones are longer
_HEADER_BYTES_1_4 = 375
_COMPRESSED_BIT = 0x80
_RECORD_BYTES = {0: 20, 1: 28, 2: 26, 3: 34, 4: 57, 5: 63, 6: 30, 7: 36, 8: 38, 9: 59, 10: 67}
"""The bytes of a point by format; extra bytes may follow. All start with x, y, z as int32 and intensity as uint16."""


@dataclass(frozen=True)
class _Header:
    size: int
    points_offset: int
    records: int  # variable length records between header and points
    compressed: bool
    point_bytes: int
    points: int
    scales: Float64Array
    offsets: Float64Array


def read(path: Path) -> PointCloud:
    """Read a ``.las`` or ``.laz`` file; the header tells which it is.

    Raises:
        FrameError: It is malformed or truncated, or as `cloud_from_table`.
    """
    content = read_file(path)
    header = _parse_header(content, path)
    if header.compressed:
        from scanpick.datasets.point_files import laz  # only where it is needed

        packed_bytes = len(content) - header.points_offset
        check_size(path, "points", header.points, header.point_bytes, most_unpacked(packed_bytes))
        record = _laszip_record(content, header, path)
        rows = laz.unpack(content, header.points_offset, header.points, header.point_bytes, record, path)
    else:
        check_size(path, "points", header.points, header.point_bytes, len(content) - header.points_offset)
        rows = content[header.points_offset : header.points_offset + header.points * header.point_bytes]
    dtype = [("x", "<i4"), ("y", "<i4"), ("z", "<i4"), ("intensity", "<u2"), ("rest", f"V{header.point_bytes - 14}")]
    points = np.frombuffer(rows, dtype, header.points)
    with np.errstate(over="ignore"):  # what is not finite is found when the cloud is made
        coordinates = [points[name] * header.scales[axis] + header.offsets[axis] for axis, name in enumerate("xyz")]
    fields = dict(zip("xyz", coordinates, strict=True))
    return cloud_from_fields({**fields, "intensity": points["intensity"]}, path)


def _parse_header(content: bytes, path: Path) -> _Header:
    if len(content) < _HEADER_BYTES or not content.startswith(b"LASF"):
        raise FrameError(f"{path}: not a .las file: expected it to start with 'LASF' and a header.")
    version = content[24], content[25]
    size, points_offset, records, format_byte, point_bytes, points = struct.unpack_from("<HIIBHI", content, 94)
    if version >= (1, 4) and len(content) >= _HEADER_BYTES_1_4:
        (all_points,) = struct.unpack_from("<Q", content, 247)
        points = all_points or points
    scales, offsets = (np.array(struct.unpack_from("<3d", content, at)) for at in (131, 155))
    compressed = bool(format_byte & _COMPRESSED_BIT)
    header = _Header(size, points_offset, records, compressed, point_bytes, points, scales, offsets)
    least = _RECORD_BYTES.get(format_byte & 0x3F)
    if least is None or point_bytes < least:
        raise FrameError(
            f"{path}: expected a point format from 0 to 10 with its whole record, got format {format_byte & 0x3F} "
            f"with {point_bytes} bytes."
        )
    if not (np.isfinite(header.scales).all() and np.isfinite(header.offsets).all()):
        raise FrameError(f"{path}: its header is broken: scales or offsets are not finite.")
    if not _HEADER_BYTES <= size <= points_offset <= len(content):
        raise FrameError(f"{path}: its header is broken: points start at byte {points_offset} of {len(content)}.")
    return header


def _laszip_record(content: bytes, header: _Header, path: Path) -> bytes:
    """The variable length record that tells how the points are packed."""
    position = header.size
    for _ in range(header.records):
        if position + 54 > header.points_offset:
            break
        user, record_id, length = struct.unpack_from("<16sHH", content, position + 2)
        position += 54
        if user.rstrip(b"\0") == b"laszip encoded" and record_id == 22204:
            return content[position : position + length]
        position += length
    raise FrameError(f"{path}: its points are compressed, but it has no record that tells how.")
