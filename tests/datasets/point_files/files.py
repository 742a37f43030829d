"""Writers of the formats that are read, for round trips. Plain, and independent of the readers."""

import io
import struct
from collections.abc import Mapping
from typing import Any

import laspy
import numpy as np
from numpy.typing import NDArray

PCD_TYPES = {"f": "F", "u": "U", "i": "I"}


def npy(array: NDArray[Any]) -> bytes:
    """An ``.npy`` file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(compressed: bool = True, **arrays: NDArray[Any]) -> bytes:
    """An ``.npz`` file."""
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def pcd(fields: Mapping[str, NDArray[Any]], data: str) -> bytes:
    """A ``.pcd`` file of (P,) or (P, count) fields."""
    columns = {
        name: v.reshape(len(v), -1 if len(v) else 1).astype(v.dtype.newbyteorder("<")) for name, v in fields.items()
    }
    count = len(next(iter(columns.values())))
    header = (
        "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\n"
        f"FIELDS {' '.join(columns)}\n"
        f"SIZE {' '.join(str(v.dtype.itemsize) for v in columns.values())}\n"
        f"TYPE {' '.join(PCD_TYPES[v.dtype.kind] for v in columns.values())}\n"
        f"COUNT {' '.join(str(v.shape[1]) for v in columns.values())}\n"
        f"WIDTH {count}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {count}\nDATA {data}\n"
    ).encode()
    if data == "ascii":
        return header + _rows_as_text(list(columns.values()))
    if data == "binary":
        return header + b"".join(v[row : row + 1].tobytes() for row in range(count) for v in columns.values())
    raw = b"".join(v.tobytes() for v in columns.values())
    packed = lzf_compress(raw)
    return header + struct.pack("<II", len(packed), len(raw)) + packed


def ply(fields: Mapping[str, NDArray[Any]], data: str, *, before: bool = False) -> bytes:
    """A ``.ply`` file with a face list after the vertices, and another element `before` them."""
    names = {"f4": "float", "f8": "double", "u1": "uchar", "u2": "ushort", "i4": "int", "i2": "short", "i1": "char"}
    count = len(next(iter(fields.values())))
    order = ">" if "big" in data else "<"
    lines = ["ply", f"format {data} 1.0", "comment made for a test"]
    lines += ["element strip 2", "property int id", "property short kind"] if before else []
    lines += [f"element vertex {count}", *(f"property {names[v.dtype.str[1:]]} {n}" for n, v in fields.items())]
    lines += ["element face 1", "property list uchar int vertex_indices", "end_header"]
    header = "".join(f"{line}\n" for line in lines).encode()
    if data == "ascii":
        strips = b"5 1\n0 1\n" if before else b""
        return header + strips + _rows_as_text([v.reshape(-1, 1) for v in fields.values()]) + b"3 0 1 2\n"
    strips = struct.pack(f"{order}ihih", 5, 1, 0, 1) if before else b""
    ordered = [v.astype(v.dtype.newbyteorder(order)) for v in fields.values()]
    rows = b"".join(v[row : row + 1].tobytes() for row in range(count) for v in ordered)
    return header + strips + rows + struct.pack(f"{order}Biii", 3, 0, 1, 2)


def las(points: NDArray[Any], *, compressed: bool, point_format: int = 3, extra: bool = False) -> bytes:
    """A ``.las`` or ``.laz`` file, written by laspy, to a tenth of a millimetre."""
    header = laspy.LasHeader(point_format=point_format, version="1.4" if point_format >= 6 else "1.3")
    header.scales, header.offsets = [1e-4] * 3, [0.0, 10.0, -1.0]
    if extra:
        header.add_extra_dim(laspy.ExtraBytesParams("echo", np.float64))
    data = laspy.LasData(header)
    data.x, data.y, data.z = points[:, 0], points[:, 1], points[:, 2]
    data.intensity = points[:, 3].astype(np.uint16)
    file = io.BytesIO()
    data.write(file, do_compress=compressed)
    return file.getvalue()


def lzf_compress(data: bytes) -> bytes:
    """LZF with back-references to the last place of the same three bytes, where that is near enough."""
    out, literals, position = bytearray(), bytearray(), 0
    last: dict[bytes, int] = {}

    def flush() -> None:
        for start in range(0, len(literals), 32):
            run = literals[start : start + 32]
            out.append(len(run) - 1)
            out.extend(run)
        literals.clear()

    while position < len(data):
        key = data[position : position + 3]
        start = last.get(key, -1)
        last[key] = position
        if len(key) < 3 or start < 0 or position - start > 8192:
            literals.append(data[position])
            position += 1
            continue
        length = 3
        most = min(264, len(data) - position)
        while length < most and data[start + length] == data[position + length]:
            length += 1
        flush()
        offset = position - start - 1
        if length - 2 < 7:
            out.append((length - 2) << 5 | offset >> 8)
        else:
            out.extend([7 << 5 | offset >> 8, length - 2 - 7])
        out.append(offset & 255)
        position += length
    flush()
    return bytes(out)


def _rows_as_text(columns: list[NDArray[Any]]) -> bytes:
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return "".join(" ".join(repr(value) for part in row for value in part) + "\n" for row in rows).encode()
