"""Which frames have labels already, as people keep it: lists of ids, and folders of label files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scanpick.errors import ScanpickError
from scanpick.formats.frame_ids import read_frame_ids
from scanpick.structures.checks import name_some

_SUFFIXES = (".txt", ".json", ".xml", ".yaml", ".yml", ".csv")
"""Files of labels; points have others."""

_NO_FRAMES = {"classes", "class_names", "labels", "labelmap", "label_map", "predefined_classes", "readme", "info"}
"""What annotation tools put beside the labels of frames."""


def read_labelled_ids(sources: Sequence[Path]) -> dict[str, Path]:
    """Frame id -> the first source that names it.

    Args:
        sources: Lists of ids as `read_frame_ids` takes them, or folders of label files: the path of a file below its
            folder, without the suffix, is the id of a frame.

    Raises:
        ScanpickError: A source cannot be read, or names no frame.
    """
    found: dict[str, Path] = {}
    for source in sources:
        for frame_id in _from_folder(source) if source.is_dir() else read_frame_ids(source):
            found.setdefault(frame_id, source)
    return found


def _from_folder(folder: Path) -> list[str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not _hidden(path.relative_to(folder))]
    ids = [
        path.relative_to(folder).with_suffix("").as_posix()
        for path in files
        if path.suffix.lower() in _SUFFIXES and path.stem.lower() not in _NO_FRAMES
    ]
    if not ids:
        names = [path.name for path in files]
        raise ScanpickError(
            f"{folder}: expected files of labels named as their frames ({', '.join(_SUFFIXES)}), "
            f"got {name_some(names, 3) or 'no files'}."
        )
    return list(dict.fromkeys(ids))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
