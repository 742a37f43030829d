"""Feather files (Arrow's own format), of which nothing is trusted."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from scanpick.errors import ScanpickError
from scanpick.files import read_bytes
from scanpick.texts import MakeError, one_line, parsing

MOST_BYTES = 1 << 29
MOST_ROWS = 1 << 26
"""As many points as no sweep has."""


def read_feather(
    path: Path, columns: Mapping[str, Sequence[str]], *, error: MakeError = ScanpickError
) -> dict[str, NDArray[Any]]:
    """The named columns as arrays of one length.

    Args:
        path: A Feather file of version 2, whether compressed or not.
        columns: Name -> kinds of numpy dtypes that it may have ("iu" whole numbers, "f" fractions), or "U" for text.
        error: Makes the error; `FrameError` where only one frame is lost.

    Raises:
        ScanpickError: The file cannot be read, lacks a column, or one has another type or no value in some row.
    """
    import pyarrow

    content = read_bytes(path, most_bytes=MOST_BYTES, error=error)
    with parsing(str(path), "a Feather file", error=error):
        try:
            reader = pyarrow.ipc.open_file(pyarrow.BufferReader(content))
            lacking = [name for name in columns if name not in reader.schema.names]
            if lacking:
                there = ", ".join(reader.schema.names[:30])
                raise error(f"{path}: expected the columns {', '.join(columns)}, got no {', '.join(lacking)}: {there}.")
            table = reader.read_all().select(list(columns))
            table.validate(full=True)  # before anything follows an offset of the file's
        except (pyarrow.ArrowException, MemoryError) as fault:
            raise error(f"{path}: expected a Feather file: {one_line(fault)}.") from fault
        if table.num_rows > MOST_ROWS:
            raise error(f"{path}: {table.num_rows} rows; expected at most {MOST_ROWS}.")
        return {name: _array(table[name], name, kinds, path, error) for name, kinds in columns.items()}


def _array(column: Any, name: str, kinds: Sequence[str], path: Path, error: MakeError) -> NDArray[Any]:
    if column.null_count:
        raise error(f"{path}: {column.null_count} rows have no value of {name}.")
    array: NDArray[Any] = column.to_numpy()
    if array.dtype.kind == "O":
        array = array.astype(str)
    if len(array) and array.dtype.kind not in kinds:
        raise error(f"{path}: expected {name} of another type, got {column.type}.")
    return array
