"""A JSON list of objects, such as nuScenes' tables, read as columns: gigabytes of it in the memory of what is kept."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow
import pyarrow.json

from scanpick.errors import ScanpickError
from scanpick.files import check_regular
from scanpick.texts import one_line, parsing

CHUNK_BYTES = 1 << 24
"""Read at a time."""
BLOCK_BYTES = 1 << 20
"""Parsed at a time, which is faster than more; also what one row may take."""

_BETWEEN_ROWS = re.compile(rb"\}\s*+,\s*+\{")

Keep = Callable[[pyarrow.Table], pyarrow.ChunkedArray]


def read_json_table(
    path: Path, required: pyarrow.Schema, optional: pyarrow.Schema | None = None, keep: Keep | None = None
) -> pyarrow.Table:
    """The columns of both schemas, of the rows that `keep` chooses.

    Args:
        path: A file ``[{...}, {...}]``; values of further names are passed over.
        required: Columns that every kept row has a value in.
        optional: Columns that may lack values, or be missing.
        keep: A mask of the rows of a part of the table; all rows without it.

    Raises:
        ScanpickError: The file cannot be read, is no such list, ends too early, or a value has another type or is
            missing.
    """
    check_regular(path)
    schema = pyarrow.schema([*required, *(optional or [])])
    parts = [schema.empty_table()]
    with parsing(str(path), "a JSON list of objects, as nuScenes' tables are"):
        for rows in _lines(path):
            part = _parsed(rows, schema, path)
            parts.append(part if keep is None else part.filter(keep(part)))
        table = pyarrow.concat_tables(parts).combine_chunks()
        table.validate(full=True)  # text that is not UTF-8
    if lacking := [name for name in required.names if table[name].null_count]:
        raise ScanpickError(f"{path}: expected a value of {', '.join(lacking)} in every row; some have none.")
    return table


def _parsed(rows: bytes, schema: pyarrow.Schema, path: Path) -> pyarrow.Table:
    parse = pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    read = pyarrow.json.ReadOptions(use_threads=False, block_size=BLOCK_BYTES)
    try:
        return pyarrow.json.read_json(pyarrow.BufferReader(rows), read_options=read, parse_options=parse)
    except pyarrow.ArrowInvalid as fault:
        told = one_line(fault).removeprefix("JSON parse error: ")
        raise ScanpickError(
            f"{path}: expected a JSON list of objects with {schema_in_words(schema)}: {told}."
        ) from fault


def schema_in_words(schema: pyarrow.Schema) -> str:
    """The columns with their types, for messages."""
    return ", ".join(f"{field.name} ({field.type})" for field in schema)


def _lines(path: Path) -> Iterator[bytes]:
    """Parts of the list: whole objects, one a line, without brackets and commas.

    JSON has no raw line ends inside of texts, so all of them can go, and then stand for the ends of rows.
    """
    with path.open("rb") as file:
        rest = file.read(CHUNK_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
        if not rest.startswith(b"["):
            raise ScanpickError(f"{path}: expected a JSON list, '[' first, got {rest[:20]!r}.")
        rest = _BETWEEN_ROWS.sub(b"}\n{", rest[1:].translate(None, b"\r\n"))
        while chunk := file.read(CHUNK_BYTES):
            rows, _, rest = rest.rpartition(b"\n")
            if rows:
                yield rows
            if len(rest) > max(BLOCK_BYTES, CHUNK_BYTES):
                raise ScanpickError(f"{path}: expected a list of small objects, got one of {len(rest)} bytes or more.")
            rest = _BETWEEN_ROWS.sub(b"}\n{", rest + chunk.translate(None, b"\r\n"))
    rest = rest.rstrip()
    if not rest.endswith(b"]"):
        raise ScanpickError(f"{path}: ends in the midst of a row, expected ']' at the end. Is it truncated?")
    if rows := rest[:-1].strip():
        yield rows
