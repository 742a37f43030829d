"""Unpacking the points of a ``.laz`` file with lazrs, after everything that lazrs takes on trust was checked.

lazrs takes memory for what a file promises and ends the whole process where there is none. So the items of a point,
the number of chunks and the sizes of layers are held against the size of the file first.
"""

import io
import struct
from pathlib import Path

import lazrs

from scanpick.errors import FrameError

_POINT_WISE, _LAYERED = 2, 3

_ITEM_BYTES = {6: 20, 7: 8, 8: 6, 9: 29, 10: 30, 11: 6, 12: 8, 13: 29}
"""Item type -> bytes: point, GPS time, RGB, wave packet; the same of the layered formats, 12 with near infrared."""

_ITEM_LAYERS = {10: 9, 11: 1, 12: 2, 13: 1}
"""Layers of the items of layered formats; extra bytes (14) have one each."""

_EXTRA_BYTES, _EXTRA_BYTES_LAYERED = 0, 14
_BLOCK_BYTES = 1 << 20


def unpack(content: bytes, offset: int, points: int, point_bytes: int, laszip_record: bytes, path: Path) -> bytes:
    """The points as an uncompressed file holds them; a `FrameError` where that cannot be."""
    layers = _layers_of_record(laszip_record, point_bytes, path)
    end = _check_chunk_table(content, offset, point_bytes, path)
    if layers is not None:
        _check_layers(content, offset, point_bytes, layers, end, path)
    source = io.BytesIO(content)
    source.seek(offset)
    rows = bytearray()
    try:
        decompressor = lazrs.LasZipDecompressor(source, laszip_record)
        wanted = points * point_bytes
        block = _BLOCK_BYTES - _BLOCK_BYTES % point_bytes
        while len(rows) < wanted:  # memory grows with what is really there
            part = bytearray(min(block, wanted - len(rows)))
            decompressor.decompress_many(part)
            rows += part
    except lazrs.LazrsError as error:
        raise FrameError(f"{path}: its packed points are damaged: {error}.") from error
    except BaseException as error:  # a panic of lazrs is not an Exception
        if type(error).__name__ != "PanicException":
            raise
        raise FrameError(f"{path}: its packed points are damaged.") from error
    return bytes(rows)


def _layers_of_record(record: bytes, point_bytes: int, path: Path) -> int | None:
    """How many layers a chunk has; None where points are packed one after the other."""
    broken = FrameError(f"{path}: the record that tells how its points are packed is broken.")
    if len(record) < 34:
        raise broken
    compressor, coder = struct.unpack_from("<HH", record, 0)
    (count,) = struct.unpack_from("<H", record, 32)
    if compressor not in (_POINT_WISE, _LAYERED) or coder != 0 or len(record) != 34 + 6 * count:
        raise broken
    layered = compressor == _LAYERED
    sizes, layers = [], 0
    for item in range(count):
        kind, size, _version = struct.unpack_from("<3H", record, 34 + 6 * item)
        extra = kind == (_EXTRA_BYTES_LAYERED if layered else _EXTRA_BYTES)
        known = kind in _ITEM_BYTES and (kind >= 10) == layered and size == _ITEM_BYTES[kind]
        if not (extra or known) or size == 0:
            raise broken
        sizes.append(size)
        layers += size if extra else _ITEM_LAYERS.get(kind, 0)
    if sum(sizes) != point_bytes:
        raise FrameError(f"{path}: packed points have {sum(sizes)} bytes, but the header says {point_bytes}.")
    return layers if layered else None


def _check_chunk_table(content: bytes, offset: int, point_bytes: int, path: Path) -> int:
    """Where the chunks end and their table starts."""
    start = offset + 8
    broken = FrameError(f"{path}: truncated: the table of its packed chunks is not where it should be.")
    if len(content) < start + 8:
        raise broken
    (table,) = struct.unpack_from("<q", content, offset)
    if table == -1:  # written by a program that could not go back: the place is told at the end
        (table,) = struct.unpack_from("<q", content, len(content) - 8)
    if not start <= table <= len(content) - 8:
        raise broken
    (chunks,) = struct.unpack_from("<I", content, table + 4)
    if chunks * point_bytes > table - start:  # each starts with a point that is not packed
        raise broken
    return table


def _check_layers(content: bytes, offset: int, point_bytes: int, layers: int, end: int, path: Path) -> None:
    """Walk over the chunks: a point, the number of points, the sizes of layers, the layers."""
    position = offset + 8
    head = point_bytes + 4
    while position < end:
        if position + head + 4 * layers > end:
            raise FrameError(f"{path}: its packed points are damaged: a chunk is cut off.")
        sizes = struct.unpack_from(f"<{layers}I", content, position + head)
        position += head + 4 * layers + sum(sizes)
    if position != end:
        raise FrameError(f"{path}: its packed points are damaged: a chunk is larger than the file.")
