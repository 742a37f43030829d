"""From what a user types to an open data set: ``NAME:ARGUMENT``, or a folder whose layout is recognised."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from scanpick.datasets import DATASETS
from scanpick.datasets.dataset import Dataset
from scanpick.datasets.kitti_object import object_root
from scanpick.datasets.kitti_raw import raw_drives
from scanpick.datasets.kitti_tracking import tracking_root
from scanpick.datasets.options import check_options
from scanpick.datasets.other_files import unread_layout
from scanpick.errors import ScanpickError, unknown_name

# In this order: the first layout that a folder has is taken, and any folder may be a folder of point files.
LAYOUTS: tuple[tuple[str, Callable[[Path], object]], ...] = (
    ("kitti-object", object_root),
    ("kitti-tracking", tracking_root),
    ("kitti-raw", raw_drives),
)


def open_by_specification(specification: str, **options: Any) -> Dataset:
    """Open ``NAME:ARGUMENT`` with a known name, or a folder whose layout is recognised.

    Raises:
        ScanpickError: Neither a known name nor a folder, nothing usable in it, or an unknown option.
    """
    if not specification:  # a path of "" would be the current folder: what a script passes whose variable is unset
        raise ScanpickError("Expected a folder of LiDAR frames, or NAME:ARGUMENT such as simulated:demo, got ''.")
    name, colon, argument = specification.partition(":")
    if colon and name in DATASETS.names():
        if not argument:
            raise ScanpickError(f"'{specification}': expected something after the colon: {name}:FOLDER_OR_NAME.")
        return _open(name, argument, options)
    folder = Path(specification).expanduser()
    if folder.is_dir():
        return _open_folder(folder, options)
    if folder.exists():
        raise ScanpickError(f"{folder}: expected a folder of frames, got a file.")
    if colon and "/" not in name and "\\" not in name:
        raise unknown_name("data set", name, DATASETS.names())
    raise ScanpickError(
        f"{folder}: no such folder. Expected a folder of LiDAR frames, or NAME:ARGUMENT such as simulated:demo."
    )


def _open_folder(folder: Path, options: dict[str, Any]) -> Dataset:
    if folder.name in ("training", "testing"):
        above = recognise(folder.parent)
        if above in ("kitti-object", "kitti-tracking"):  # one part of a KITTI layout was given
            return _open(above, str(folder.parent), {"split": folder.name} | options)
    layout = recognise(folder)
    unread = unread_layout(folder) if layout == "folder" and "pattern" not in options else None
    if unread is not None:
        raise ScanpickError(f"{folder}: {unread}")
    return _open(layout, str(folder), options)


def recognise(folder: Path) -> str:
    """The name of the layout that a folder has; "folder" where it is none of the known ones."""
    return next((name for name, looks_right in LAYOUTS if looks_right(folder)), "folder")


def _open(name: str, argument: str, options: dict[str, Any]) -> Dataset:
    factory = DATASETS.load(name)
    check_options(name, factory, options)
    return factory(argument, **options)
