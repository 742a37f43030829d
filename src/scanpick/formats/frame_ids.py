"""Lists of frame ids in files: which frames are labelled already, or what the rows of an array stand for."""

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path

from scanpick.errors import ScanpickError
from scanpick.formats.arrays import read_array
from scanpick.formats.parquet import read_parquet
from scanpick.structures.checks import check_unique
from scanpick.structures.frame import is_plain_text
from scanpick.texts import lines_of, parse_csv, parse_json, parsing, read_text

COLUMN = "frame_id"


def read_frame_ids(path: Path) -> list[str]:
    """Read frame ids, in the order of the file.

    A ``.parquet`` or ``.csv`` file has a column ``frame_id``, a ``.npy`` file holds an array of text; any other file
    is text with one id a line, see `parse_frame_ids`.

    Raises:
        ScanpickError: The file cannot be read, has no such column, holds no id, or holds one twice.
    """
    readers = {".parquet": _from_parquet, ".csv": _from_csv, ".npy": _from_npy}
    try:
        frame_ids = readers.get(path.suffix.lower(), _from_text)(path)
    except ScanpickError as error:
        told = str(error).removeprefix(f"{path}: ")
        raise ScanpickError(f"{path}: cannot read frame ids from it: {told}") from error
    if not frame_ids:
        raise ScanpickError(f"{path}: expected frame ids, one a line or in a column '{COLUMN}', found none.")
    check_unique(str(path), frame_ids)
    return frame_ids


def parse_frame_ids(text: str) -> list[str]:
    r"""The ids of a text with one a line. Blanks around an id, and empty lines, are passed over.

    An id that this would change, which `format_frame_ids` writes in quotation marks, is taken out of them.

    Example:
        >>> parse_frame_ids('000001\n  drive/000002\n"ends with a blank "\n')
        ['000001', 'drive/000002', 'ends with a blank ']
    """
    return [_unquoted(line.strip()) for line in lines_of(text) if line.strip()]


def format_frame_ids(frame_ids: Iterable[str]) -> str:
    """Ids one a line, such that `parse_frame_ids` gives them back.

    An id with blanks at its ends, or that begins with a quotation mark, is written as JSON text.
    """
    return "".join(f"{_quoted(frame_id)}\n" for frame_id in frame_ids)


def _quoted(frame_id: str) -> str:
    needed = frame_id != frame_id.strip() or frame_id.startswith(('"', "\ufeff")) or not is_plain_text(frame_id)
    return json.dumps(frame_id, ensure_ascii=not is_plain_text(frame_id)) if needed else frame_id


def _unquoted(line: str) -> str:
    if line.startswith('"') and line.endswith('"'):
        with contextlib.suppress(ScanpickError):  # an id of a list made by hand may only look like one of ours
            return str(parse_json(line, "an id"))
    return line


def _from_text(path: Path) -> list[str]:
    return parse_frame_ids(read_text(path))


def _from_csv(path: Path) -> list[str]:
    text = read_text(path)
    rows = parse_csv(text, str(path))
    _check_column(path, list(rows[0]) if rows else lines_of(text)[:1])
    return [row[COLUMN] for row in rows if row[COLUMN]]


def _from_parquet(path: Path) -> list[str]:
    table = read_parquet(path)
    _check_column(path, table.column_names)
    column = table.column(COLUMN)
    if column.null_count:
        raise ScanpickError(f"{path}: expected a frame id in every row, {column.null_count} are empty.")
    return [str(value) for value in column.to_pylist()]


def _from_npy(path: Path) -> list[str]:
    array = read_array(path)
    if array.ndim != 1 or array.dtype.kind not in "USiu":
        raise ScanpickError(f"{path}: expected a 1-D array of text, got {array.dtype} of shape {array.shape}.")
    with parsing(str(path), "ids in UTF-8"):
        return [value.decode() if isinstance(value, bytes) else str(value) for value in array.tolist()]


def _check_column(path: Path, columns: list[str]) -> None:
    if COLUMN not in columns:
        raise ScanpickError(f"{path}: expected a column '{COLUMN}', got: {', '.join(columns) or 'no columns'}.")
