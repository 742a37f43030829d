"""``sp.index`` and ``sp.open_pool``: the folder that a job lives in, made and opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scanpick.datasets import Dataset, open_dataset
from scanpick.errors import ScanpickError
from scanpick.files import without_places
from scanpick.formats.predictions import read_predictions
from scanpick.structures import Detections
from scanpick.workspace import index as in_workspace
from scanpick.workspace.reading import Progress, no_progress
from scanpick.workspace.workspace import MANIFEST, Workspace


def index(
    data: str | Path,
    out: str | Path,
    *,
    options: Mapping[str, Any] | None = None,
    again: bool = False,
    moved: bool = False,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Workspace:
    """Make a pool: list the frames of a data set, read each once, set aside those that cannot be used.

    Run again, it reads only frames whose files have changed.

    Args:
        data: A folder of frames (KITTI or any point files), or ``NAME:ARGUMENT`` such as ``simulated:demo``.
        out: The folder to make or bring up to date.
        options: Options of the data set (columns, pattern, split, ...).
        again: Read every frame again, also those that look the same.
        moved: The pool's data set now lies at `data`; the points of some frames are compared.
        workers: Processes; all cores by default.
        progress: Shows how far it is.

    Raises:
        ScanpickError: The data set cannot be opened, none of its frames can be used or is in metres, or the folder is
            the data set's own or the pool of another one.

    Example:
        >>> import scanpick as sp
        >>> pool = sp.index("simulated:demo", "pool", options={"frames": 8})
        >>> int(pool.frames().usable.sum())
        8
    """
    return in_workspace.index(
        str(data), Path(out), options=options, again=again, moved=moved, workers=workers, progress=progress
    )


def open_pool(folder: Workspace | str | Path) -> Workspace:
    """Open the folder of a pool, made by `pick` or `index`: its frames, embeddings and selections.

    Raises:
        ScanpickError: The folder is none.

    Example:
        >>> import scanpick as sp
        >>> picks = sp.pick("simulated:demo", 2, "picks", encoder="statistics", options={"frames": 8}, report=False)
        >>> sp.open_pool("picks").selection_names()
        ['diversity-1']
    """
    return folder if isinstance(folder, Workspace) else Workspace.open(Path(folder))


Frames = Dataset | Workspace | str | Path
"""A data set, a pool, or what `open_dataset` or `open_pool` takes."""


def is_pool(folder: str | Path) -> bool:
    """Whether a folder is that of a pool."""
    return (Path(folder) / MANIFEST).is_file()


def opened(frames: Frames, options: Mapping[str, Any] | None = None) -> tuple[Dataset, Workspace | None]:
    """A data set, and the pool that it was named by, if it was.

    Raises:
        ScanpickError: It cannot be opened, or options are given for a pool, which has its own.
    """
    if isinstance(frames, str | Path) and is_pool(frames):
        frames = Workspace.open(Path(frames))
    if isinstance(frames, Workspace):
        if options:
            raise ScanpickError(f"{frames.path} is a pool, whose data set has its options: leave `options=...` out.")
        return frames.dataset(), frames
    if isinstance(frames, str | Path):
        return open_dataset(str(frames), **(options or {})), None
    return frames, None


def name_of(frames: Frames) -> str:
    """What files say of a data set: nothing of whose machine it is on."""
    if isinstance(frames, Workspace):
        return frames.manifest().dataset.name
    return without_places(str(frames)) if isinstance(frames, str | Path) else frames.name


def predictions_in(predictions: str | Path, pool: Workspace | None = None) -> tuple[Path, dict[str, Detections]]:
    """Predictions with their file: by name in `pool`, or a table, or a pool with only one.

    Raises:
        ScanpickError: There are none, several, or the table cannot be read.
    """
    path = Path(predictions)
    if pool is not None and (str(predictions) in pool.prediction_names() or not path.suffix):
        return pool.predictions(str(predictions))
    if is_pool(path):
        return Workspace.open(path).predictions()
    return path, read_predictions(path)
