"""Texts from outside (labels, lists, settings), read and parsed, or refused in one sentence.

Every text that scanpick reads comes through here. So a byte order mark, another line ending, another encoding, a pipe
in place of a file, nesting without end or a number of 5000 digits is met in one place.
"""

from __future__ import annotations

import csv
import io
import json
import re
import struct
import tokenize
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scanpick.errors import ScanpickError
from scanpick.files import read_bytes, write_bytes
from scanpick.seals import BLANK, ENTRY, check_beside, check_seal, sealed, write_beside

MOST_BYTES = 1 << 28
"""A text of labels, ids or settings stays far below this; a file of another kind that was named by mistake may not."""

MakeError = Callable[[str], ScanpickError]

_PARSING_FAULTS = (
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError, MemoryError),
    *(OSError, EOFError, SyntaxError, NotImplementedError),
    # No ValueErrors, unlike the others' own errors:
    *(csv.Error, struct.error, tokenize.TokenError, zlib.error, zipfile.BadZipFile),
)

# A spreadsheet takes a cell that begins so for a formula; a number that begins so is one.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_GUARDED = re.compile(r"''*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(inf|nan)", re.IGNORECASE | re.ASCII)


def advised(again: str) -> MakeError:
    """An error whose message ends with what to do."""
    return lambda message: ScanpickError(f"{message} {again}." if again else message)


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


def read_text(path: Path, *, error: MakeError = ScanpickError) -> str:
    r"""The text of a file: UTF-8, without a byte order mark, every line ending a ``\n``.

    Raises:
        ScanpickError: The file cannot be read, is no regular file, is larger than `MOST_BYTES`, or is not UTF-8.
    """
    content = read_bytes(path, most_bytes=MOST_BYTES, error=error)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        hint = " It starts as UTF-16 does." if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise error(f"{path}: expected UTF-8 text: byte {fault.start} is none.{hint} Save it as UTF-8.") from fault
    check_beside(path, content)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def lines_of(text: str) -> list[str]:
    r"""The lines of a text from `read_text`, split at ``\n`` alone.

    `str.splitlines` also splits at letters that names may hold, such as U+0085 and U+2028.
    """
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def parse_json(text: str, where: str, *, error: MakeError = ScanpickError) -> Any:
    """What a JSON text holds; else a `ScanpickError` that names `where`."""
    with parsing(where, "JSON", error=error):
        return json.loads(text)


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """What a TOML text holds; else a `ScanpickError` that names `where`."""
    with parsing(where, "TOML"):
        return tomllib.loads(text)


def parse_yaml(text: str, where: str) -> Any:
    """What a YAML text holds, plain values only; else a `ScanpickError` that names `where`."""
    import yaml

    with parsing(where, "YAML"):
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as fault:
            raise ValueError(" ".join(str(fault).split())) from fault


def parse_csv(text: str, where: str, *, short_rows: bool = True) -> list[dict[str, str]]:
    """The rows of a CSV text by the names in its first line; a row that is too short has "" in the rest.

    An apostrophe that `format_csv` put before a cell is taken away.

    Raises:
        ScanpickError: It is malformed, or a row is longer than the first line, or shorter where `short_rows` are none.
    """
    with parsing(where, "CSV"):
        rest: Any = "" if short_rows else None
        rows = csv.DictReader(io.StringIO(text, newline=""), restval=rest, strict=True)
        found = []
        for number, row in enumerate(rows, start=2):
            if None in row:
                raise ScanpickError(f"{where}, row {number}: more values than the first line has names.")
            if None in row.values():
                raise ScanpickError(f"{where}, row {number}: fewer values than the first line has names.")
            found.append({unguarded(name): unguarded(cell) for name, cell in row.items()})
        return found


def read_csv(path: Path, required: Iterable[str] = ()) -> list[dict[str, str]]:
    """The rows of a CSV file; see `parse_csv`.

    Raises:
        ScanpickError: The file cannot be read, is malformed, lacks a column of `required`, or has a row of another
            length.
    """
    text = read_text(path)
    rows = parse_csv(text, str(path), short_rows=False)
    names = list(rows[0]) if rows else next(csv.reader(io.StringIO(text)), [])
    if missing := [name for name in required if name not in names]:
        raise ScanpickError(
            f"{path}: expected the columns {', '.join(required)}, got no {', '.join(missing)}; there are: "
            f"{', '.join(names) or 'none'}."
        )
    return rows


def format_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV; what is None or missing is empty, numbers keep every digit.

    A text that a spreadsheet would take for a formula (``=1+1``, ``@here``) gets an apostrophe before it, with which
    spreadsheets mark text, and which `parse_csv` takes away.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([guarded(name) for name in columns])
    writer.writerows([guarded(row.get(name)) for name in columns] for row in rows)
    return text.getvalue()


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as CSV (see `format_csv`) atomically, with the digest of the file beside it."""
    write_beside(path, format_csv(columns, rows).encode())


def guarded(cell: Any) -> Any:
    """A cell of a table such that no spreadsheet takes a text for a formula.

    Example:
        >>> guarded("=1+1"), guarded("-1.5"), guarded("frame-1"), unguarded(guarded("'=x"))
        ("'=1+1", '-1.5', 'frame-1', "'=x")
    """
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def unguarded(cell: str) -> str:
    """The cell that `guarded` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell


def write_json(path: Path, values: Mapping[str, Any], *, indent: int = 2) -> None:
    """Write a JSON object atomically, with the digest of the file as its last entry; what JSON lacks becomes text."""
    write_bytes(path, sealed((json.dumps({**values, ENTRY: BLANK}, indent=indent, default=str) + "\n").encode()))


def read_json(path: Path, again: str = "") -> dict[str, Any]:
    """The JSON object that a file holds, without its digest; `again` says how to have it made again, for messages.

    Raises:
        ScanpickError: The file cannot be read, holds something else, or was changed since `write_json` wrote it.
    """
    text = read_sealed(path, again)
    values = parse_json(text, str(path), error=advised(again))
    if not isinstance(values, dict):
        raise advised(again)(f"{path}: expected a JSON object, got {type(values).__name__}.")
    values.pop(ENTRY, None)
    return values


def write_sealed(path: Path, text: str) -> None:
    """Write a TOML or YAML text atomically, with the digest of the file as a comment at its end."""
    write_bytes(path, sealed(f"{text}# {BLANK}\n".encode()))


def read_sealed(path: Path, again: str = "") -> str:
    """The text of a file; a `ScanpickError` where it was changed since its digest was written."""
    text = read_text(path, error=advised(again))
    check_seal(text.encode(), str(path), again)
    return text


def format_yaml(values: Any) -> str:
    """Settings as YAML, in the order given."""
    import yaml

    return str(yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120))


def read_mapping(path: Path) -> dict[str, Any]:
    """The settings by name that a YAML file holds; else a `ScanpickError`."""
    return parse_mapping(read_text(path), str(path))


def parse_mapping(text: str, where: str) -> dict[str, Any]:
    """The settings by name that a YAML text holds; else a `ScanpickError` that names `where`."""
    values = parse_yaml(text, where)
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise ScanpickError(f"{where}: expected settings as 'name: value' lines, got {type(values).__name__}.")
    return values


def printable(text: str) -> str:
    r"""A text without what a terminal, a page or a figure would obey: it is shown as ``\x1b`` instead.

    These are control codes but for tabs and line ends, marks that change the direction of writing, and the halves of
    letters that stand in names of files that are no UTF-8.

    Example:
        >>> printable("a\x1b[2Jb")
        'a\\x1b[2Jb'
    """
    return _UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(fault: BaseException) -> str:
    """What an exception says, cut to one line of a sensible length."""
    lines = str(fault).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(fault).__name__
