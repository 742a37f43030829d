"""A walk over the rows of a ``.ply`` element that has lists: where a value is depends on all lengths before it."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from scanpick.arrays import BoolArray, Int64Array


@njit(cache=True, nogil=True)
def walk(
    body: NDArray[np.uint8],
    rows: int,
    value_bytes: Int64Array,
    length_bytes: Int64Array,
    signed: BoolArray,
    big_endian: bool,
) -> tuple[Int64Array, int]:
    """Where each property of each row starts in `body`, and where the last row ends; -1 where that is beyond the body.

    Args:
        body: The bytes from the first row on.
        rows: Rows of the element, R.
        value_bytes: (C,) bytes of a value of each property.
        length_bytes: (C,) bytes of the length before the values of a list; 0 of a property that is no list.
        signed: (C,) whether that length is a signed number.
        big_endian: Whether the highest byte of a length comes first.

    Returns:
        (R, C) places, and the end.
    """
    starts = np.empty((rows, len(value_bytes)), dtype=np.int64)
    position = 0
    for row in range(rows):
        for column in range(len(value_bytes)):
            width = length_bytes[column]
            if position + width > len(body):
                return starts, -1
            length = 1
            if width > 0:
                length = 0
                for place in range(width):
                    byte = body[position + (place if big_endian else width - 1 - place)]
                    if place == 0 and signed[column] and byte >= 128:  # a negative length
                        return starts, -1
                    length = length * 256 + int(byte)
                position += width
            starts[row, column] = position
            if length > len(body):  # before the product below can overflow
                return starts, -1
            position += length * value_bytes[column]
    return starts, position if position <= len(body) else -1
