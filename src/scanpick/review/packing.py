"""Arrays for the page: a JSON header and the arrays behind it, which a browser reads without copying.

Little-endian: ``uint32`` length of the header, the header as JSON, and each array from a multiple of 8 bytes on. The
header names the arrays: ``{"arrays": {"x": ["f4", offset, length], ...}, ...}``, offsets from the end of the header.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KINDS = {"f4", "i2", "u1", "u2", "u4", "i4"}
_ALIGNED = 8


def pack(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """One message of a header and arrays of float32, int16, int32, uint8, uint16 or uint32."""
    places: dict[str, list[Any]] = {}
    parts: list[bytes] = []
    offset = 0
    for name, array in arrays.items():
        kind = f"{array.dtype.kind}{array.dtype.itemsize}"
        assert kind in _KINDS, kind
        content = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
        content += bytes(-len(content) % _ALIGNED)
        places[name] = [kind, offset, array.size]
        parts.append(content)
        offset += len(content)
    text = as_json({**header, "arrays": places})
    text += b" " * (-(len(text) + 4) % _ALIGNED)
    return b"".join([len(text).to_bytes(4, "little"), text, *parts])


def as_json(values: Any) -> bytes:
    """JSON that a browser reads: numbers that are not finite become null, numpy's become plain."""
    return json.dumps(_plain(values), allow_nan=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)
