"""LZF, the compression of binary_compressed ``.pcd`` files (Marc Lehmann's liblzf)."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from scanpick.errors import ScanpickError

Bytes = NDArray[np.uint8]

MOST_GROWTH = 88
"""A back-reference of 3 bytes stands for at most 264."""


def decompress(source: bytes, size: int) -> bytes:
    """Unpack LZF to exactly `size` bytes, at most `MOST_GROWTH` times those of `source`.

    Raises:
        ScanpickError: The data are damaged, or unpack to another size.
    """
    if not 0 <= size <= MOST_GROWTH * len(source):
        raise ScanpickError(f"LZF: {len(source)} bytes cannot hold {size}.")
    target = np.empty(size, dtype=np.uint8)
    written = _decompress(np.frombuffer(source, dtype=np.uint8), target)
    if written != size:
        sound = written if written >= 0 else -written - 1
        raise ScanpickError(f"LZF: expected {size} bytes, but the data are damaged after {sound}.")
    return target.tobytes()


@njit(cache=True, nogil=True)
def _decompress(source: Bytes, target: Bytes) -> int:
    """Fill `target`; returns the bytes written, w, or -w - 1 where what comes next is damaged."""
    read, written = 0, 0
    while read < len(source):
        control = int(source[read])
        read += 1
        if control < 32:  # a run of literal bytes
            length = control + 1
            if read + length > len(source) or written + length > len(target):
                return -written - 1
            for _ in range(length):
                target[written] = source[read]
                read += 1
                written += 1
            continue
        length = control >> 5  # a copy of what was written before
        if length == 7:
            if read >= len(source):
                return -written - 1
            length += int(source[read])
            read += 1
        length += 2
        if read >= len(source):
            return -written - 1
        start = written - ((control & 31) << 8) - int(source[read]) - 1
        read += 1
        if start < 0 or written + length > len(target):
            return -written - 1
        for step in range(length):  # byte by byte: a copy may overlap itself
            target[written] = target[start + step]
            written += 1
    return written
