"""What several verbs take in the same forms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scanpick.formats.frame_ids import read_frame_ids

FrameIds = str | Path | Sequence[str]
"""Frame ids, or a file of them: one id a line, or a column frame_id."""


def frame_ids_of(frames: FrameIds) -> tuple[str, ...]:
    """The ids, read where a file holds them."""
    return tuple(read_frame_ids(Path(frames)) if isinstance(frames, str | Path) else frames)
