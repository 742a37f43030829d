r"""Headers and tables of numbers in ``.pcd`` and ``.ply`` files. A line of text ends in \n, \r\n or \r."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpick.datasets.point_files.cloud import check_size
from scanpick.errors import FrameError
from scanpick.texts import one_line

Column = tuple[str, str, int]
"""A field of points: its name, the type of its numbers, and how many a point has; the first of them counts."""

_MOST_HEADER_BYTES = 1 << 16
_MOST_DIGITS = 18
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_MICROSOFT_NAN = re.compile(rb"[-+]?(1\.#(QNAN|SNAN|IND)\w*|nan\(\w*\))", re.IGNORECASE)
_MICROSOFT_INFINITY = re.compile(rb"1\.#INF\w*", re.IGNORECASE)


def split_header(content: bytes, last: str) -> tuple[list[list[str]], int] | None:
    """The words of each line of a header, up to the line that starts with the word `last`, and where the body starts.

    None where there is no such line. Which line ending counts is seen at the first line: in binary files a body may
    start with a byte that looks like one.
    """
    position = len(_BYTE_ORDER_MARK) if content.startswith(_BYTE_ORDER_MARK) else 0
    head = content[:_MOST_HEADER_BYTES]
    found = re.search(rb"\r?\n|\r", head)
    ending = b"\r" if found is not None and found[0] == b"\r" else b"\n"
    lines = []
    while (end := head.find(ending, position)) >= 0:
        words = head[position:end].decode("latin-1").split()
        position = end + 1
        lines.append(words)
        if words and words[0].lower() == last:
            return lines, position
    return None


def whole_number(word: str) -> int:
    """A count in a header; a `ValueError` where it is none, or has more digits than any size."""
    if not re.fullmatch(rf"\+?[0-9]{{1,{_MOST_DIGITS}}}", word):
        raise ValueError(f"expected a whole number of at most {_MOST_DIGITS} digits, got {word[:40]!r}")
    return int(word)


def fields_of_rows(
    body: bytes, columns: Sequence[Column], rows: int, path: Path, offset: int = 0
) -> dict[str, NDArray[Any]]:
    """Name -> (rows,) values of binary rows from `offset` on; of two fields of a name the first counts.

    Raises:
        FrameError: There are fewer rows.
    """
    dtype = np.dtype([(str(place), kind, (count,)) for place, (_, kind, count) in enumerate(columns)])
    check_size(path, "points", rows, dtype.itemsize, len(body) - offset)
    table = np.frombuffer(body, dtype, rows, offset) if rows and columns else np.zeros(0, dtype)
    fields: dict[str, NDArray[Any]] = {}
    for place, (name, _, _) in enumerate(columns):
        fields.setdefault(name, table[str(place)][:, 0])
    return fields


def fields_of_text(
    body: bytes, columns: Sequence[Column], rows: int, path: Path, lines_before: int = 0
) -> dict[str, NDArray[Any]]:
    """`fields_of_rows` for lines of text, after some others; "nan" and "inf" are numbers here.

    Raises:
        FrameError: There are fewer lines, or a line holds something else.
    """
    width = sum(count for _, _, count in columns)
    # A digit and a separator at least for each number
    check_size(path, "rows of text", rows, 2 * max(width, 1), len(body) + 1)
    if b"#" in body or b"(" in body:
        body = _MICROSOFT_INFINITY.sub(b"inf", _MICROSOFT_NAN.sub(b"nan", body))
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError as error:
        raise FrameError(f"{path}: expected rows of numbers as text: byte {error.start} is no ASCII.") from error
    # Blank lines are left out here: numpy warns of each file that has one.
    lines = [line for line in text.replace("\r", "\n").split("\n") if line and not line.isspace()]
    lines = lines[lines_before : lines_before + rows]
    if len(lines) < rows:
        raise FrameError(f"{path}: the header promises {rows} points, got {len(lines)} rows. Is it truncated?")
    try:
        table = np.loadtxt(lines, comments=None, ndmin=2) if rows else np.zeros((0, width))
    except (ValueError, OverflowError) as error:
        raise FrameError(f"{path}: expected rows of {width} numbers: {one_line(error)}.") from error
    if table.shape[1] != width:
        raise FrameError(f"{path}: the header promises points of {width} numbers, got {table.shape[1]} in a row.")
    fields: dict[str, NDArray[Any]] = {}
    column = 0
    for name, _, count in columns:
        fields.setdefault(name, table[:, column])
        column += count
    return fields
