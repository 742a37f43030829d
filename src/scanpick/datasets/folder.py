"""Any folder tree of point files: sub-folders are sequences, names in natural order are time."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path

from scanpick.datasets.boundary import Boundary
from scanpick.datasets.listed import ListedDataset, counted, natural_key
from scanpick.datasets.options import whole_number
from scanpick.datasets.point_files import point_file_suffixes, read_points
from scanpick.datasets.point_files.bin_columns import InferredColumns, infer_columns
from scanpick.errors import ScanpickError
from scanpick.structures import Frame, FrameRecord
from scanpick.structures.checks import name_some
from scanpick.structures.frame import is_plain_text

_WORKSPACE = "scanpick.toml"

# A first digit of 9 would be beyond the year 2255 and beyond int64 nanoseconds.
_TIME_NAMES = (
    (re.compile(r"[1-8][0-9]{17,18}"), 1),
    (re.compile(r"[1-8][0-9]{15}"), 1_000),
    (re.compile(r"[1-8][0-9]{12}"), 1_000_000),
    (re.compile(r"[1-8][0-9]{9}\.[0-9]{1,9}"), 1_000_000_000),
)


class PointCloudFolder(ListedDataset):
    """Every point file below a folder. Hidden files and folders are passed over.

    A frame's id is its path below the folder without the suffix; where two files would share an id, they keep it.
    A frame's sequence is the path of its folder; files directly in the root belong to one named as the root. Names that
    are times since an epoch give the frames' time.

    Args:
        root: The folder.
        columns: float32 columns of ``.bin`` files; "auto" infers 4 or 5, and the description says why.
        pattern: Only files whose path below the folder matches, as a shell does (``*/lidar/*.bin``; ``*`` also
            matches slashes).
        follow: Whether links that lead out of the folder are followed; otherwise they are passed over.

    Raises:
        ScanpickError: The folder is missing, or holds no point file.
    """

    def __init__(
        self, root: Path | str, *, columns: int | str = "auto", pattern: str = "*", follow: bool | str = False
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
        if not names:
            raise ScanpickError(_nothing_found(self.root, pattern) + _told(closed) + boundary.told)
        bins = [self.root / name for name in names if name.lower().endswith(".bin")]
        inferred = infer_columns(bins) if columns == "auto" else InferredColumns(_columns(columns), "as asked")
        self.bin_columns = inferred.columns
        records = _records(self.root, names)
        described = f"folder of point files: {counted(len(records), 'frame')} in "
        described += f"{counted(len({r.sequence for r in records}), 'sequence')}, "
        kinds = Counter(Path(name).suffix.lower() for name in names)
        described += ", ".join(f"{count} {suffix}" for suffix, count in sorted(kinds.items()))
        if any(record.timestamp_ns is not None for record in records):
            described += ", times from names"
        if passed_over:
            described += f"; passed over: {counted(passed_over, 'file')} whose name is not plain text"
        described += _told(closed) + boundary.told
        if bins:
            described += f"; .bin has {inferred.columns} columns ({inferred.reason})"
        super().__init__("folder", described, records)

    def read(self, frame_id: str) -> Frame:
        """The points of one frame. See `Dataset.read`."""
        record = self.record(frame_id)
        assert record.path is not None
        cloud = read_points(record.path, bin_columns=self.bin_columns)
        return Frame(record, cloud.points, notes=cloud.notes)


def _columns(columns: int | str) -> int:
    return whole_number("columns", columns, least=3, most=16)


def _list_files(boundary: Boundary, pattern: str) -> tuple[list[str], int, list[str]]:
    """Paths below the root, by sequence, then in natural order; how many cannot be ids; folders that are closed."""
    closed: list[str] = []
    found = [name for name in _walk(boundary, closed) if fnmatch(name, pattern)]
    names = [name for name in found if is_plain_text(name)]
    names.sort(key=lambda name: (natural_key(os.path.dirname(name)), natural_key(os.path.basename(name))))
    return names, len(found) - len(names), sorted(closed)


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
    wanted = "" if pattern == "*" else f" that match '{pattern}'"
    return (
        f"{root}: no point files{wanted}: expected {', '.join(point_file_suffixes())} in it or in its sub-folders, "
        f"or a KITTI layout; got {found or 'no files'}."
    )
