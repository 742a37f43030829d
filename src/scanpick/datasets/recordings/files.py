"""Which files are recordings, by their names alone: what recognises a folder must not import what reads it."""

import os
from collections.abc import Iterator
from pathlib import Path

from scanpick.datasets.boundary import Boundary
from scanpick.datasets.listed import natural_key

SUFFIXES = (".bag", ".db3", ".mcap")


def has_recordings(path: Path) -> bool:
    """Whether a path is a recording, or a folder with some in it or in a folder of it."""
    if path.is_file():
        return path.suffix.lower() in SUFFIXES
    return any(next(path.glob(f"{depth}*{suffix}"), None) for depth in ("", "*/") for suffix in SUFFIXES)


def recording_files(root: Path, boundary: Boundary) -> Iterator[Path]:
    """The file itself, or recordings in a folder and below it, in natural order."""
    if root.is_file():
        yield root
        return
    for folder, folders, names in os.walk(root):
        folders[:] = sorted((name for name in folders if not name.startswith(".")), key=natural_key)
        wanted = [name for name in names if name.lower().endswith(SUFFIXES) and not name.startswith(".")]
        yield from boundary.held(Path(folder) / name for name in sorted(wanted, key=natural_key))
