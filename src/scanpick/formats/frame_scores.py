"""A number for each frame as a table that a selection weighs with: frame_id, the score, expected_boxes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow

from scanpick.arrays import Float64Array
from scanpick.formats.parquet import write_parquet


def write_frame_scores(
    path: Path, name: str, frame_ids: Sequence[str], values: Float64Array, expected_boxes: Float64Array
) -> None:
    """Write (N,) scores of N frames, and the boxes expected in each, as Parquet."""
    columns = {"frame_id": list(frame_ids), name: values, "expected_boxes": expected_boxes}
    write_parquet(path, pyarrow.table(columns))
