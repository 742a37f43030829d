"""KITTI objects of many frames in one table, read from a folder of label or result files in one go."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanpick.arrays import Int64Array
from scanpick.errors import ScanpickError
from scanpick.files import read_bytes
from scanpick.formats.kitti_text import LABEL_COLUMNS, objects_from_rows, read_objects, rows_from_objects
from scanpick.formats.scan_objects import scan_objects
from scanpick.structures import CameraObjects
from scanpick.structures.checks import check_unique, name_some, set_arrays
from scanpick.texts import MOST_BYTES, read_text

_WORD_LISTS = ("classes", "labels", "class_names", "names", "readme")


@dataclass(frozen=True, eq=False)
class ObjectTable:
    """K objects of F frames; those of a frame stand together, in the order of its file.

    Attributes:
        frame_ids: F ids, each once.
        offsets: (F + 1,) int64: frame f has the rows from ``offsets[f]`` up to ``offsets[f + 1]``.
        objects: The K objects.
    """

    frame_ids: tuple[str, ...]
    offsets: Int64Array
    objects: CameraObjects

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame_ids", tuple(self.frame_ids))
        check_unique("ObjectTable.frame_ids", self.frame_ids)
        set_arrays(self, offsets=(np.int64, (len(self.frame_ids) + 1,)))
        offsets = self.offsets
        if offsets[0] != 0 or offsets[-1] != len(self.objects) or (np.diff(offsets) < 0).any():
            raise ScanpickError(
                f"ObjectTable.offsets: expected to rise from 0 to {len(self.objects)}, got {name_some(offsets)}."
            )

    def __len__(self) -> int:
        return len(self.objects)

    def frame(self, index: int) -> CameraObjects:
        """The objects of the frame with this place in `frame_ids`."""
        return self.objects[slice(int(self.offsets[index]), int(self.offsets[index + 1]))]

    @property
    def frame_of_rows(self) -> Int64Array:
        """(K,) place of each object's frame in `frame_ids`."""
        return np.repeat(np.arange(len(self.frame_ids)), np.diff(self.offsets))

    @classmethod
    def from_frames(cls, frames: Mapping[str, CameraObjects]) -> ObjectTable:
        """The table of frame id -> objects, all of them labels or all of them detections."""
        rows = [rows_from_objects(part) for part in frames.values()] or [np.zeros((0, len(LABEL_COLUMNS) - 2))]
        if len({part.shape[1] for part in rows}) > 1:
            raise ScanpickError("ObjectTable: expected scores in every frame or in none, got both.")
        names = [name for part in frames.values() for name in part.class_names.tolist()]
        offsets = np.cumsum([0, *(len(part) for part in frames.values())], dtype=np.int64)
        return cls(tuple(frames), offsets, objects_from_rows(names, np.concatenate(rows)))


def read_object_files(paths: Mapping[str, Path | None], *, with_scores: bool = False) -> ObjectTable:
    """Read frame id -> label file, or result file (`with_scores`); None stands for a frame without objects.

    Raises:
        ScanpickError: A file cannot be read, or a line is malformed: file, line and column are named.
    """
    columns = len(LABEL_COLUMNS) - (1 if with_scores else 2)
    names: list[str] = []
    tables = [np.zeros((0, columns))]
    offsets = [0]
    for path in paths.values():
        if path is not None:
            scanned = scan_objects(read_bytes(path, most_bytes=MOST_BYTES).removeprefix(codecs.BOM_UTF8), columns)
            if scanned is None:  # numbers or letters that need care, or a malformed line
                objects = read_objects(path, with_scores=with_scores)
                scanned = objects.class_names.tolist(), rows_from_objects(objects)
            names += scanned[0]
            tables.append(scanned[1])
        offsets.append(len(names))
    return ObjectTable(
        tuple(paths), np.array(offsets, dtype=np.int64), objects_from_rows(names, np.concatenate(tables))
    )


def object_files(folder: Path, frame_ids: Sequence[str] | None = None) -> dict[str, Path]:
    """Frame id -> ``<frame id>.txt`` of a folder; of all its text files where no ids are given. See `text_files`.

    Raises:
        ScanpickError: The folder does not exist or has no such file, or files of `frame_ids` are missing.
    """
    if not folder.is_dir():
        raise ScanpickError(f"{folder}: expected a folder of KITTI text files (000000.txt, ...), got none.")
    present = text_files(folder)
    if frame_ids is None:
        if not present:
            raise ScanpickError(f"{folder}: expected KITTI text files (000000.txt, ...), found none.")
        return present
    missing = [frame_id for frame_id in frame_ids if frame_id not in present]
    if missing:
        raise ScanpickError(
            f"{folder}: no file for {len(missing)} of {len(frame_ids)} frames: {name_some(missing)} (.txt). "
            f"There are: {name_some(list(present), 3) or 'none'}."
        )
    return {frame_id: present[frame_id] for frame_id in frame_ids}


def text_files(folder: Path, suffix: str = ".txt") -> dict[str, Path]:
    """Name without suffix -> file, in the order of names; hidden files and lists of classes are passed over."""
    found = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() == suffix}
    return {stem: path for stem, path in found.items() if not path.name.startswith(".") and not _is_word_list(path)}


def _is_word_list(path: Path) -> bool:
    """Whether a file lists names, as tools for labelling put a ``classes.txt`` beside their labels.

    The names of frames have digits as a rule, so that their files need not be read for it.
    """
    if path.suffix.lower() != ".txt" or any(letter.isdigit() for letter in path.stem):
        return False
    if path.stem.lower() in _WORD_LISTS:
        return True
    words = read_text(path).split()
    return bool(words) and not any(letter.isdigit() for word in words for letter in word)
