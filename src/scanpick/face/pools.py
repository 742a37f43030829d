"""``sp.index`` and ``sp.open_pool``: the folder that a job lives in, made and opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scanpick.workspace import index as in_workspace
from scanpick.workspace.reading import Progress, no_progress
from scanpick.workspace.workspace import Workspace


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
