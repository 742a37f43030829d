"""Where KITTI's object frames come from: the devkit's mapping to raw drives and frame numbers."""

from dataclasses import dataclass
from pathlib import Path

from scanpick.errors import ScanpickError
from scanpick.texts import lines_of, read_text

MAPPING_FILES = ("train_rand.txt", "train_mapping.txt")


@dataclass(frozen=True)
class RawFrame:
    """A frame of a raw drive ("2011_09_26_drive_0005_sync"), counted from 0."""

    drive: str
    index: int


def read_mapping(folder: Path) -> dict[int, RawFrame]:
    """Object id -> raw frame, from ``train_rand.txt`` and ``train_mapping.txt``; empty where they are not there.

    The k-th number of ``train_rand.txt`` belongs to object id k; it is the line, counted from 1, of
    ``train_mapping.txt`` that names date, drive and frame.

    Raises:
        ScanpickError: A file is malformed; file and place are named.
    """
    order_path, frames_path = (folder / name for name in MAPPING_FILES)
    if not (order_path.is_file() and frames_path.is_file()):
        return {}
    order = read_text(order_path).replace(",", " ").split()
    lines = lines_of(read_text(frames_path))
    mapping = {}
    for object_id, word in enumerate(order):
        if not word.isdecimal() or len(word) > 10 or not 1 <= int(word) <= len(lines):
            raise ScanpickError(
                f"{order_path}, number {object_id + 1}: expected a line of {frames_path.name} "
                f"(1 to {len(lines)}), got {word!r}."
            )
        mapping[object_id] = _parse(lines[int(word) - 1], f"{frames_path}, line {word}")
    return mapping


def _parse(line: str, source: str) -> RawFrame:
    words = line.split()
    if len(words) != 3 or not words[2].isdecimal() or len(words[2]) > 10:
        raise ScanpickError(f"{source}: expected date, drive and frame number, got {line[:80]!r}.")
    return RawFrame(words[1], int(words[2]))
