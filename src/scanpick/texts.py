"""Texts from outside (labels, lists, settings), read and parsed, or refused in one sentence.

Every text that scanpick reads comes through here. So a byte order mark, another line ending, another encoding, a pipe
in place of a file, nesting without end or a number of 5000 digits is met in one place.
"""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scanpick.errors import ScanpickError
from scanpick.files import read_bytes

MOST_BYTES = 1 << 28
"""A text of labels, ids or settings stays far below this; a file of another kind that was named by mistake may not."""

MakeError = Callable[[str], ScanpickError]

_PARSING_FAULTS = (
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError, MemoryError),
    csv.Error,  # no ValueError, unlike the others' own errors
)


@contextmanager
def parsing(where: str, expected: str = "", *, error: MakeError = ScanpickError) -> Iterator[None]:
    """Turn what parsing raises on a malformed or hostile text into an error that names it.

    Args:
        where: What is parsed, for the message: a path, or a path and a line.
        expected: What should have been there ("a JSON object of settings").
        error: Makes the error; `FrameError` where only one frame is lost.

    Raises:
        ScanpickError: The block raised one of the errors that malformed texts cause.

    Example:
        >>> with parsing("list.txt, line 3", "a whole number"):
        ...     int("x")
        Traceback (most recent call last):
        ...
        scanpick.errors.ScanpickError: list.txt, line 3: expected a whole number: invalid literal ... 'x'.
    """
    try:
        yield
    except ScanpickError:
        raise
    except _PARSING_FAULTS as fault:
        wanted = f"expected {expected}: " if expected else "cannot be read: "
        raise error(f"{where}: {wanted}{one_line(fault)}.") from fault


def read_text(path: Path, *, most_bytes: int = MOST_BYTES, error: MakeError = ScanpickError) -> str:
    r"""The text of a file: UTF-8, without a byte order mark, every line ending a ``\n``.

    Raises:
        ScanpickError: The file cannot be read, is no regular file, is larger than `most_bytes`, or is not UTF-8.
    """
    content = read_bytes(path, most_bytes=most_bytes, error=error)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        hint = " It starts as UTF-16 does." if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise error(f"{path}: expected UTF-8 text: byte {fault.start} is none.{hint} Save it as UTF-8.") from fault
    return text.replace("\r\n", "\n").replace("\r", "\n")


def lines_of(text: str) -> list[str]:
    r"""The lines of a text from `read_text`, split at ``\n`` alone.

    `str.splitlines` also splits at letters that names may hold, such as U+0085 and U+2028.
    """
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def parse_json(text: str, where: str, *, error: MakeError = ScanpickError) -> Any:
    """What a JSON text holds.

    Raises:
        ScanpickError: It is none.
    """
    with parsing(where, "JSON", error=error):
        return json.loads(text)


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """What a TOML text holds.

    Raises:
        ScanpickError: It is none.
    """
    with parsing(where, "TOML"):
        return tomllib.loads(text)


def parse_yaml(text: str, where: str) -> Any:
    """What a YAML text holds; plain values only.

    Raises:
        ScanpickError: It is none.
    """
    import yaml

    with parsing(where, "YAML"):
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as fault:
            raise ValueError(" ".join(str(fault).split())) from fault


def parse_csv(text: str, where: str, *, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a CSV text by the names in its first line; a row that is too short has "" in the rest.

    Raises:
        ScanpickError: It is malformed, or a row is longer than the first line.
    """
    with parsing(where, "CSV"):
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="", strict=True)
        found = list(rows)
        for number, row in enumerate(found, start=2):
            if None in row:
                raise ScanpickError(f"{where}, row {number}: more values than the first line has names.")
        return found


def one_line(fault: BaseException) -> str:
    """What an exception says, cut to one line of a sensible length."""
    lines = str(fault).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(fault).__name__
