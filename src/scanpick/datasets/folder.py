"""Any folder tree of point files: sub-folders are sequences, names in natural order are time."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from scanpick.datasets.boundary import Boundary
from scanpick.datasets.listed import ListedDataset, counted, natural_key
from scanpick.datasets.other_files import UNREAD_SUFFIXES, kind_of_no_sweep
from scanpick.datasets.point_files import point_file_suffixes
from scanpick.datasets.point_reading import AUTO, find_reading
from scanpick.errors import ScanpickError
from scanpick.structures import FrameRecord
from scanpick.structures.checks import name_some
from scanpick.structures.frame import is_plain_text

_WORKSPACE = "scanpick.toml"
EVERYTHING = "*"
"""The pattern that every file matches."""

# A first digit of 9 would be beyond the year 2255 and beyond int64 nanoseconds.
_TIME_NAMES = (
    (re.compile(r"[1-8][0-9]{17,18}"), 1),
    (re.compile(r"[1-8][0-9]{15}"), 1_000),
    (re.compile(r"[1-8][0-9]{12}"), 1_000_000),
    (re.compile(r"[1-8][0-9]{9}\.[0-9]{1,9}"), 1_000_000_000),
)


class PointCloudFolder(ListedDataset):
    """Every point file below a folder. Hidden files and folders are passed over.

    Files in folders whose names say that they are no sweeps (object crops, labels, radar, maps; see `other_files`) are
    passed over and counted, unless a pattern is given.

    A frame's id is its path below the folder without the suffix; where two files would share an id, they keep it.
    A frame's sequence is the path of its folder; files directly in the root belong to one named as the root. Names that
    are times since an epoch give the frames' time.

    Args:
        root: The folder.
        columns: Columns of ``.bin`` files; "auto" infers 3 to 8, and the description says why.
        dtype: The numbers in ``.bin`` files, "float32" or "float64"; "auto" infers.
        intensity: The largest intensity that the sensor gives (1, 255, 65535, ...); "auto" infers it once for all
            files, "none" leaves intensities out.
        pattern: Only files whose path below the folder matches, as a shell does (``*/lidar/*.bin``; ``*`` also
            matches slashes).
        follow: Whether links that lead out of the folder are followed; otherwise they are passed over.

    Raises:
        ScanpickError: The folder is missing, holds no point file, or files leave open how they are to be read.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        columns: int | str = AUTO,
        dtype: Literal["auto", "float32", "float64"] = "auto",
        intensity: float | str = AUTO,
        pattern: str = EVERYTHING,
        follow: bool = False,
    ) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise ScanpickError(f"{self.root}: no such folder.")
        if (self.root / _WORKSPACE).is_file():
            raise ScanpickError(
                f"{self.root} is a workspace, not a folder of frames: it holds {_WORKSPACE}. "
                f"Name the data set instead; scanpick select, export and report go on with a workspace."
            )
        boundary = Boundary(self.root, follow)
        names, passed_over, closed = _list_files(boundary, pattern)
        beside: Counter[str] = Counter()
        if pattern == EVERYTHING:
            kinds_of = {name: kind_of_no_sweep(name) for name in names}
            beside.update(kind for kind in kinds_of.values() if kind is not None)
            names = [name for name in names if kinds_of[name] is None]
        if not names:
            raise ScanpickError(
                _nothing_found(self.root, pattern) + _told_beside(beside) + _told(closed) + boundary.told
            )
        records = _records(self.root, names)
        reading = find_reading(records, columns=columns, dtype=dtype, intensity=intensity)
        described = f"folder of point files: {counted(len(records), 'frame')} in "
        described += f"{counted(len({r.sequence for r in records}), 'sequence')}, "
        kinds = Counter(Path(name).suffix.lower() for name in names)
        described += ", ".join(f"{count} {suffix}" for suffix, count in sorted(kinds.items()))
        if any(record.timestamp_ns is not None for record in records):
            described += ", times from names"
        if passed_over:
            described += f"; passed over: {counted(passed_over, 'file')} whose name is not plain text"
        described += _told_beside(beside) + _told(closed) + boundary.told
        super().__init__("folder", described, records, reading)


def _list_files(boundary: Boundary, pattern: str) -> tuple[list[str], int, list[str]]:
    """Paths below the root, by sequence, then in natural order; how many cannot be ids; folders that are closed."""
    closed: list[str] = []
    found = [name for name in _walk(boundary, closed) if fnmatch(name, pattern)]
    names = [name for name in found if is_plain_text(name)]
    names.sort(key=lambda name: (natural_key(os.path.dirname(name)), natural_key(os.path.basename(name))))
    return names, len(found) - len(names), sorted(closed)


def _told_beside(beside: Mapping[str, int]) -> str:
    """Files that are no sweeps by the names of their folders."""
    told = ", ".join(f"{counted(count, 'file')} of {kind}" for kind, count in sorted(beside.items()))
    return f"; passed over by the names of their folders: {told} (a pattern reads them)" if beside else ""


def _told(closed: Sequence[str]) -> str:
    return f"; not to be opened: {counted(len(closed), 'folder')} ({name_some(closed)})" if closed else ""


def _walk(boundary: Boundary, closed: list[str]) -> Iterator[str]:
    """Posix paths of point files below the root, without workspaces. Linked folders are followed, each once.

    Links that lead out of the root are counted by `boundary`, and followed where it says so. Folders that cannot be
    listed are added to `closed`.
    """

    def cannot_list(error: OSError) -> None:
        closed.append(str(error.filename))

    suffixes = point_file_suffixes()
    seen: set[str] = set()
    root = boundary.root
    for folder, folders, files in os.walk(root, onerror=cannot_list, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # a link back up would never end
            folders.clear()
            continue
        seen.add(real)
        if _WORKSPACE in files:  # a workspace made inside of the data set holds embeddings, not frames
            folders.clear()
            continue
        inside = boundary.held(Path(folder) / name for name in folders if not name.startswith("."))
        folders[:] = sorted(path.name for path in inside)
        names = sorted(name for name in files if not name.startswith(".") and name.lower().endswith(suffixes))
        for path in boundary.held(Path(folder) / name for name in names):
            yield path.relative_to(root).as_posix()


def _records(root: Path, names: Sequence[str]) -> list[FrameRecord]:
    id_of = dict(zip(names, _unique_ids(names), strict=True))
    names_of: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        names_of[os.path.dirname(name)].append(name)
    root_sequence = "." if root.resolve().name in {"", *names_of} else root.resolve().name
    records = []
    for folder, inside in names_of.items():
        times = times_from_names([Path(name).stem for name in inside])
        timed = [(name, None) for name in inside] if times is None else _by_time(inside, times)
        for index, (name, time) in enumerate(timed):
            records.append(FrameRecord(id_of[name], folder or root_sequence, index, time, root / name))
    return records


def _by_time(names: Sequence[str], times: Sequence[int]) -> list[tuple[str, int]]:
    """Names with their times, earliest first: natural order does not know fractions of different lengths."""
    return sorted(zip(names, times, strict=True), key=lambda timed: timed[1])


def times_from_names(stems: Sequence[str]) -> list[int] | None:
    """Nanoseconds, where all names of a folder are times since an epoch as recorders write them; None otherwise.

    Known are ns (18 or 19 digits), us (16), ms (13), and seconds with a fraction (10 digits, a dot, up to 9).
    """
    for pattern, nanoseconds in _TIME_NAMES:
        if all(pattern.fullmatch(stem) for stem in stems):
            return [int(Decimal(stem) * nanoseconds) for stem in stems]
    return None


def _unique_ids(names: Sequence[str]) -> list[str]:
    """Names without suffix; where that is not unique, with it."""
    ids = [name[: -len(Path(name).suffix)] for name in names]
    while len(set(ids)) < len(ids):  # a name kept whole may clash again with a shortened one ("a.bin", "a.bin.pcd")
        counts = Counter(ids)
        ids = [name if counts[short] > 1 else short for short, name in zip(ids, names, strict=True)]
    return ids


def _nothing_found(root: Path, pattern: str) -> str:
    others = Counter(Path(name).suffix for _, _, files in os.walk(root) for name in files)
    found = ", ".join(f"{count} {suffix or 'without suffix'}" for suffix, count in others.most_common(5))
    unread = ", ".join(f"{suffix} ({what})" for suffix, what in UNREAD_SUFFIXES.items() if suffix in others)
    wanted = "" if pattern == EVERYTHING else f" that match '{pattern}'"
    return (
        f"{root}: no point files{wanted}: expected {', '.join(point_file_suffixes())} in it or in its sub-folders, "
        f"or a KITTI layout; got {found or 'no files'}.{f' Not read yet: {unread}.' if unread else ''}"
    )
