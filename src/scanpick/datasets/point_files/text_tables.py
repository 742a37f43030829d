r"""What ``.pcd`` and ``.ply`` files hold as text: headers and tables of numbers. A line ends in \n, \r\n or \r."""

import re
from pathlib import Path

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.datasets.point_files.cloud import check_size
from scanpick.errors import FrameError
from scanpick.texts import one_line

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
    """A count in a header.

    Raises:
        ValueError: It is none, is negative, or has more digits than any size.
    """
    if not re.fullmatch(rf"\+?[0-9]{{1,{_MOST_DIGITS}}}", word):
        raise ValueError(f"expected a whole number of at most {_MOST_DIGITS} digits, got {word[:40]!r}")
    return int(word)


def parse_table(body: bytes, rows: int, columns: int, path: Path) -> Float64Array:
    """The first `rows` lines of a text as (rows, columns) numbers; "nan" and "inf" are numbers here.

    Raises:
        FrameError: There are fewer lines, or a line holds something else.
    """
    lines = table_lines(body, rows, columns, path)
    if rows == 0:
        return np.zeros((0, columns))
    try:
        table = np.loadtxt(lines, comments=None, ndmin=2)
    except (ValueError, OverflowError) as error:
        raise FrameError(f"{path}: expected rows of {columns} numbers: {one_line(error)}.") from error
    if table.shape[1] != columns:
        raise FrameError(f"{path}: the header promises points of {columns} numbers, got {table.shape[1]} in a row.")
    return table


def table_lines(body: bytes, rows: int, columns: int, path: Path) -> list[str]:
    """The first `rows` lines of a text that are not blank, each of at least so many columns.

    Raises:
        FrameError: There are fewer, or they are not ASCII.
    """
    check_size(path, "rows of text", rows, 2 * columns, len(body) + 1)  # a digit and a separator at least
    if b"#" in body or b"(" in body:
        body = _MICROSOFT_INFINITY.sub(b"inf", _MICROSOFT_NAN.sub(b"nan", body))
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError as error:
        raise FrameError(f"{path}: expected rows of numbers as text: byte {error.start} is no ASCII.") from error
    # Blank lines are left out here: numpy warns of each file that has one.
    lines = [line for line in text.replace("\r", "\n").split("\n") if line and not line.isspace()][:rows]
    if len(lines) < rows:
        raise FrameError(f"{path}: the header promises {rows} points, got {len(lines)} rows. Is it truncated?")
    return lines
