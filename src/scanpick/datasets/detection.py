"""From what a user types to an open data set: ``NAME:ARGUMENT``, or a folder whose layout is recognised."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scanpick.datasets.argoverse2 import log_folders
from scanpick.datasets.dataset import Dataset
from scanpick.datasets.kitti_object import object_root
from scanpick.datasets.kitti_odometry import odometry_sequences
from scanpick.datasets.kitti_raw import raw_drives
from scanpick.datasets.kitti_tracking import tracking_root
from scanpick.datasets.nuscenes.layout import table_folders
from scanpick.datasets.openpcdet import training_folder
from scanpick.datasets.other_files import unread_layout
from scanpick.datasets.pandaset import pandaset_sequences
from scanpick.datasets.recordings.files import has_recordings
from scanpick.datasets.waymo import waymo_parts
from scanpick.errors import ScanpickError, unknown_name
from scanpick.registry import Registry

Readers = Registry[Callable[..., Dataset]]

# Any folder may be a folder of point files; one that has two of these layouts is refused.
LAYOUTS: tuple[tuple[str, Callable[[Path], object]], ...] = (
    ("kitti-object", object_root),
    ("kitti-tracking", tracking_root),
    ("kitti-raw", raw_drives),
    ("kitti-odometry", odometry_sequences),
    ("nuscenes", table_folders),
    ("argoverse2", log_folders),
    ("openpcdet", training_folder),
    ("pandaset", pandaset_sequences),
    ("waymo", waymo_parts),
    ("rosbag", has_recordings),
)


def open_by_specification(readers: Readers, specification: str, options: Mapping[str, Any]) -> Dataset:
    """Open ``NAME:ARGUMENT`` with the name of a reader, or a folder whose layout is recognised; see `open_dataset`."""
    if not specification:  # a path of "" would be the current folder: what a script passes whose variable is unset
        raise ScanpickError("Expected a folder of LiDAR frames, or NAME:ARGUMENT such as simulated:demo, got ''.")
    name, colon, argument = specification.partition(":")
    if colon and name in readers.names():
        if not argument:
            raise ScanpickError(f"'{specification}': expected something after the colon: {name}:FOLDER_OR_NAME.")
        return readers.make(name, options, argument)
    folder = Path(specification).expanduser()
    if folder.is_dir() or (folder.is_file() and has_recordings(folder)):
        return _open_folder(readers, folder, options)
    if folder.suffix == ".pkl" and folder.is_file():
        return readers.make("infos", options, str(folder))
    if folder.exists():
        raise ScanpickError(
            f"{folder}: expected a folder of frames, a recording (.bag, .db3, .mcap) or a list (.pkl), got a file."
        )
    if colon and "/" not in name and "\\" not in name:
        raise unknown_name("data set", name, readers.names())
    raise ScanpickError(
        f"{folder}: no such folder. Expected a folder of LiDAR frames, or NAME:ARGUMENT such as simulated:demo."
    )


def _open_folder(readers: Readers, folder: Path, options: Mapping[str, Any]) -> Dataset:
    if folder.name in ("training", "testing"):
        above = recognise(folder.parent)
        if above in ("kitti-object", "kitti-tracking"):  # one part of a KITTI layout was given
            return readers.make(above, {"split": folder.name, **options}, str(folder.parent))
    layout = recognise(folder)
    unread = unread_layout(folder) if layout == "folder" and "pattern" not in options else None
    if unread is not None:
        raise ScanpickError(f"{folder}: {unread}")
    return readers.make(layout, options, str(folder))


def recognise(folder: Path) -> str:
    """The name of the layout that a folder has; "folder" where it is none of the known ones.

    Raises:
        ScanpickError: It has two.
    """
    found = [name for name, looks_right in LAYOUTS if looks_right(folder)]
    if len(found) > 1:
        raise ScanpickError(
            f"{folder}: has the layouts of {' and '.join(found)}. Say which is meant: {found[0]}:{folder} or "
            f"{found[1]}:{folder}."
        )
    return found[0] if found else "folder"
