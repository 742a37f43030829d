"""``sp.report``: one page about a selection, or about a study."""

from __future__ import annotations

from pathlib import Path

from scanpick.errors import ScanpickError
from scanpick.face.pools import open_pool
from scanpick.reports.report import STEPS, write_report
from scanpick.workspace.reading import Progress, no_progress
from scanpick.workspace.selections import load_selection, publish_page
from scanpick.workspace.workspace import Workspace


def report(
    folder: Workspace | str | Path,
    selection: str | None = None,
    *,
    out: str | Path | None = None,
    metric: str | None = None,
    progress: Progress = no_progress,
) -> Path:
    """Write a self-contained page: about a selection (map, coverage, drives, picks from above), or about a study.

    The page of a selection is selections/NAME.html; that of the newest one is also report.html in the pool.

    Args:
        folder: A pool with a selection, or the folder of a study.
        selection: Which selection; the newest one by default.
        out: The file to write, or a folder; by default in the folder itself.
        metric: Of a study: the metric to compare; its primary one by default.
        progress: Shows how far it is.

    Returns:
        The file that was written.

    Raises:
        ScanpickError: An argument is for the other kind of folder, or something is missing or damaged.

    Example:
        >>> import scanpick as sp
        >>> picks = sp.pick("simulated:demo", 2, "picks", encoder="statistics", options={"frames": 8}, report=False)
        >>> sp.report("picks").name
        'diversity-1.html'
    """
    out = None if out is None else Path(out)
    if not isinstance(folder, Workspace) and is_study(Path(folder)):
        from scanpick.reports.study.report import STEPS as STUDY_STEPS
        from scanpick.reports.study.report import write_study_report

        if selection is not None:
            raise ScanpickError(f"`selection=...` is for a workspace; {folder} is the folder of a study.")
        with progress("Writing the report", STUDY_STEPS) as advance:
            return write_study_report(Path(folder), out, metric=metric, advance=advance)
    if metric is not None:
        raise ScanpickError(f"`metric=...` is for the folder of a study, with its scores.csv; {folder} has none.")
    pool = open_pool(folder)
    name, _ = load_selection(pool, selection)
    if out is None and pool.read_only:
        raise ScanpickError(f"{pool.path} may not be written into. Name another place for the page: `out='FILE.html'`")
    page = pool.selection_path(name).with_suffix(".html") if out is None else out
    with progress("Writing the report", STEPS) as advance:
        path = write_report(pool, name, page, advance=advance)
    if out is None:
        publish_page(pool, name)
    return path


def is_study(folder: Path) -> bool:
    """Whether a folder is that of a study."""
    return (folder / "scores.csv").is_file()
