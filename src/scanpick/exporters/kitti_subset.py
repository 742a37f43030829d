"""A KITTI object folder of picked frames, which KITTI tools read as they read KITTI.

::

training/velodyne/000123.bin   training/label_2/000123.txt   training/calib/000123.txt   training/image_2/000123.png
ImageSets/<name>.txt           the frames of this selection, in the order in which they were picked
frame_ids.csv                  name in this folder -> frame id, where names had to be given
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from scanpick.errors import FrameError, ScanpickError
from scanpick.exporters.exporter import ExportSummary, FrameSource
from scanpick.files import atomic_path, write_bytes, write_text
from scanpick.formats.kitti_text import format_calibration, format_objects
from scanpick.structures import Frame

POINT_FOLDERS = ("velodyne", "velodyne_reduced")


def export_kitti_subset(
    source: FrameSource,
    frame_ids: Sequence[str],
    folder: Path,
    *,
    name: str,
    link: bool = False,
    advance: Callable[[int], None] = lambda steps: None,
) -> ExportSummary:
    """Write frames as a KITTI object folder.

    Files that are in KITTI's form already are copied or linked as they are; others are written in it: four columns of
    points, labels and calibration as far as the data set knows them. Frame ids that are no plain file names
    ("0000/000012") are numbered from 000000 in order of rank, and ``frame_ids.csv`` keeps the numbers, so that a
    second selection exported into the same folder shares frames with the first.

    Raises:
        ScanpickError: A file cannot be linked or written, an id clashes with a number given before, or the folder
            is the one that the frames come from.
    """
    names = _names(frame_ids, folder)
    counts: Counter[str] = Counter()
    failed = {}
    training = folder / "training"
    for frame_id in frame_ids:
        try:
            frame = _read(source, frame_id)
            _check_apart(frame, folder)
            counts.update(_export_frame(source, frame, training, names[frame_id], link=link))
        except FrameError as error:
            failed[frame_id] = str(error)
        advance(1)
    done = [names[frame_id] for frame_id in frame_ids if frame_id not in failed]
    write_text(folder / "ImageSets" / f"{name}.txt", "".join(f"{line}\n" for line in done))
    return ExportSummary(folder, {frame_id: names[frame_id] for frame_id in frame_ids}, dict(counts), failed)


def _read(source: FrameSource, frame_id: str) -> Frame:
    """A frame; one that the data set no longer has costs only itself, too."""
    try:
        return source.read(frame_id)
    except FrameError:
        raise
    except ScanpickError as error:
        raise FrameError(str(error)) from error


def _check_apart(frame: Frame, folder: Path) -> None:
    """Copies would overwrite the data set's own files, and links would replace them by themselves."""
    path = frame.record.path
    if path is not None and path.parent.resolve().is_relative_to((folder / "training").resolve()):
        raise ScanpickError(f"{folder} is the data set's own folder ({path} is in it). Export into another folder.")


def _export_frame(source: FrameSource, frame: Frame, training: Path, name: str, *, link: bool) -> Counter[str]:
    counts: Counter[str] = Counter()
    # Points
    content = frame.points[:, :4].astype("<f4").tobytes()
    path = frame.record.path
    original = path if path is not None and path.suffix == ".bin" and path.read_bytes() == content else None
    _place(original, content, training / "velodyne" / f"{name}.bin", link=link)
    counts["points"] += 1
    # Labels
    original = _beside(frame, "label_2")
    labels = source.labels(frame.record.frame_id) if original is None else None
    if original is not None or (labels is not None and labels.camera_objects is not None):
        text = "" if labels is None or labels.camera_objects is None else format_objects(labels.camera_objects)
        _place(original, text.encode(), training / "label_2" / f"{name}.txt", link=link)
        counts["labels"] += 1
    # Calibration
    if frame.calibration is not None:
        text = format_calibration(frame.calibration)
        _place(_beside(frame, "calib"), text.encode(), training / "calib" / f"{name}.txt", link=link)
        counts["calibrations"] += 1
    # Image
    if frame.image_path is not None:
        _place(frame.image_path, b"", training / "image_2" / f"{name}{frame.image_path.suffix}", link=link)
        counts["images"] += 1
    return counts


def _beside(frame: Frame, folder: str) -> Path | None:
    """The frame's file in another folder of a KITTI object layout, where its points lie in one."""
    points = frame.record.path
    if points is None or points.parent.name not in POINT_FOLDERS:
        return None
    path = points.parent.parent / folder / f"{points.stem}.txt"
    return path if path.is_file() else None


def _place(original: Path | None, content: bytes, target: Path, *, link: bool) -> None:
    """Link to or copy the original, or write the content where there is none."""
    if original is None:
        write_bytes(target, content)
        return
    if target.exists() and target.samefile(original) and target.is_symlink() == link:
        return  # done before
    if link:
        _link(original, target)
        return
    with atomic_path(target) as temporary:
        shutil.copyfile(original, temporary)


def _link(original: Path, target: Path) -> None:
    # Not through atomic_path, which would set the mode of what the link leads to.
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(os.path.abspath(original))
        temporary.replace(target)
    except OSError as error:
        raise ScanpickError(f"{target}: cannot link to {original}: {error}. Copy instead: --copy.") from error


def _names(frame_ids: Sequence[str], folder: Path) -> dict[str, str]:
    """A plain file name for each frame: its id where that is one for all of them, else a number that stays."""
    path = folder / "frame_ids.csv"
    given = _read_names(path)
    if not given and all(re.fullmatch(r"\w[\w.-]*", frame_id, flags=re.ASCII) for frame_id in frame_ids):
        return {frame_id: frame_id for frame_id in frame_ids}
    if not given and any((folder / "training" / "velodyne").glob("*.bin")):
        raise ScanpickError(f"{folder}: holds frames of another export, whose names these would take. Use another.")
    names = dict(given)
    number = 1 + max((int(name) for name in given.values()), default=-1)
    for frame_id in frame_ids:
        if frame_id not in names:
            names[frame_id] = f"{number:06d}"
            number += 1
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "frame_id"])
    writer.writerows((name, frame_id) for frame_id, name in names.items())
    write_text(path, text.getvalue())
    return names


def _read_names(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {row["frame_id"]: str(int(row["name"])).zfill(6) for row in csv.DictReader(file)}
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise ScanpickError(
            f"{path}: cannot read the names of an earlier export: {error}. Export into another folder."
        ) from error
