"""Which sequence each frame belongs to, from a table with the columns ``frame_id`` and ``sequence``."""

from collections.abc import Sequence
from pathlib import Path

from scanpick.errors import ScanpickError
from scanpick.formats.parquet import read_parquet, strings_of
from scanpick.structures.checks import name_some
from scanpick.texts import read_csv

COLUMNS = ("frame_id", "sequence")


def read_sequences(path: Path, frame_ids: Sequence[str]) -> list[str]:
    """The sequences of these frames, in their order; a workspace's ``frames.parquet`` has them.

    Raises:
        ScanpickError: The file cannot be read, lacks a column, or does not tell of every frame.
    """
    if path.suffix.lower() == ".parquet":
        table = read_parquet(path)
        rows = dict(zip(*(strings_of(table, name, path) for name in COLUMNS), strict=True))
    else:
        rows = {row["frame_id"]: row["sequence"] for row in read_csv(path, COLUMNS)}
    missing = [frame_id for frame_id in frame_ids if not rows.get(frame_id)]
    if missing:
        raise ScanpickError(
            f"{path}: no sequence of {len(missing)} of {len(frame_ids)} frames: {name_some(missing)}. "
            f"It tells of {name_some(list(rows), 3) or 'none'}."
        )
    return [rows[frame_id] for frame_id in frame_ids]
