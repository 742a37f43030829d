"""``sp.export``: hand a selection over."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanpick.errors import ScanpickError
from scanpick.exporters import EXPORTERS, ExportSummary, HandOff
from scanpick.exporters.folder import ExportFile, ExportFolder
from scanpick.face.pools import open_pool
from scanpick.structures.checks import name_some
from scanpick.workspace.index import check_apart
from scanpick.workspace.indexed_frames import IndexedFrames
from scanpick.workspace.reading import Progress, no_progress
from scanpick.workspace.selections import load_selection, write_lists
from scanpick.workspace.workspace import Workspace


@dataclass(frozen=True)
class Exported:
    """A selection that was handed over.

    Attributes:
        folder: Where it is.
        selection: Its name.
        frames: How many frames it has.
        files: Its lists: selection.csv, selection.parquet, frames.txt.
        summary: What the exporter wrote; None where none was asked for.
        doubt: What a reader should know about it, in a sentence; "" where there is nothing.
    """

    folder: Path
    selection: str
    frames: int
    files: tuple[Path, ...]
    summary: ExportSummary | None
    doubt: str = ""


def export(
    folder: Workspace | str | Path,
    out: str | Path,
    selection: str | None = None,
    *,
    exporter: str | None = None,
    exporter_options: Mapping[str, Any] | None = None,
    replace: bool = False,
    progress: Progress = no_progress,
) -> Exported:
    """Write a selection as selection.csv, selection.parquet and frames.txt, and its frames in the form of another tool.

    What earlier exports wrote into the folder is brought up to date; a file that none of them wrote, or that was
    changed since, is not replaced.

    Args:
        folder: A pool with a selection.
        out: The folder to write into.
        selection: Which selection; the newest one by default.
        exporter: Write the picked frames, too: a name in `EXPORTERS`, such as "kitti_subset" for a KITTI object folder.
        exporter_options: Options of the exporter.
        replace: Also replace files that no export wrote or that were changed since, but never an original.
        progress: Shows how far it is.

    Raises:
        ScanpickError: Something is missing or damaged, an option is unknown, or a file of somebody else is in the way.

    Example:
        >>> import scanpick as sp
        >>> picks = sp.pick("simulated:demo", 2, "picks", encoder="statistics", options={"frames": 8}, report=False)
        >>> sp.export("picks", "to-label", exporter="kitti_subset").summary.counts["points"]
        2
    """
    out = Path(out)
    if exporter_options and exporter is None:
        raise ScanpickError(f"Options are for an exporter: name one of {', '.join(EXPORTERS.names())}.")
    pool = open_pool(folder)
    check_apart(pool.manifest().dataset, out)
    name, picked = load_selection(pool, selection)
    frames = IndexedFrames(pool)
    with tempfile.TemporaryDirectory() as temporary:
        lists = [ExportFile(path.name, path.read_bytes()) for path in write_lists(pool, picked, Path(temporary))]
    ExportFolder(out, replace=replace).check(lists)

    summary, doubt = None, ""
    if exporter is not None:
        with progress("Exporting frames", len(picked)) as advance:
            summary = EXPORTERS.make(exporter, exporter_options or {}).write(
                HandOff(frames, picked.frame_ids, name), out, replace=replace, advance=advance
            )
    elif changed := frames.changed(picked.frame_ids):
        doubt = (
            f"The files of {len(changed)} picked frames have changed since they were indexed: {name_some(changed)}. "
            f"Select again after: {frames.again}"
        )
    with ExportFolder(out, replace=replace).remembered() as target:
        target.write(lists)
    return Exported(out, name, len(picked), tuple(out / file.place for file in lists), summary, doubt)
