"""``report.html``: what was picked from a pool, and why."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np

from scanpick.files import write_text
from scanpick.reports.comparison import REPEATS, compare_coverage, compare_redundancy
from scanpick.reports.contact_sheet import FIRST_VIEWS, MOST_VIEWS, draw_contact_sheet
from scanpick.reports.embedding_map import draw_map
from scanpick.reports.html import Progress, page_path, render
from scanpick.reports.page import Results, page_of
from scanpick.reports.picked_pool import picked_pool
from scanpick.reports.redundancy import time_neighbours
from scanpick.reports.set_aside import reasons
from scanpick.reports.timeline import draw_timeline
from scanpick.workspace import Workspace

STEPS = REPEATS + FIRST_VIEWS + 2
"""How often, in all, `write_report` advances its progress."""


def write_report(
    workspace: Workspace | Path, selection: str, out: Path, *, advance: Callable[[int], None] | None = None
) -> Path:
    """Write one self-contained HTML page about a selection of a workspace. It reads; only maps are kept, in ``cache/``.

    The same workspace gives the same bytes: the page holds no date, and its random selections start from the
    selection's seed.

    Args:
        workspace: The workspace, or its folder.
        selection: Name of the selection.
        out: The file to write; a folder, or a name without a suffix, gets a ``report.html``.
        advance: Called with the number of steps done, `STEPS` in all.

    Returns:
        The file that was written.

    Raises:
        ScanpickError: The workspace or the selection is missing or damaged.
    """
    progress = Progress(advance)

    # 1. The selection, and the frames it was made from
    pool = picked_pool(workspace, selection)

    # 2. Against random selections: coverage of the embedding, neighbours in time
    coverage = redundancy = None
    if len(pool.picks):
        if pool.values is not None:
            coverage = compare_coverage(pool.values, pool.picks, pool.labelled, seed=pool.seed, advance=progress.by)
        neighbours = time_neighbours(pool.records)
        if (neighbours >= 0).any():
            redundancy = compare_redundancy(neighbours, pool.picks, pool.labelled, seed=pool.seed)
    progress.to(REPEATS)

    # 3. The embedding as a map
    embedding_map = None
    if pool.values is not None:
        distances = np.full(len(pool.records), np.nan) if coverage is None else coverage.distances
        embedding_map = draw_map(pool.records, pool.values, pool.picks, pool.labelled, distances, pool.cache)
    progress.to(REPEATS + 1)

    # 4. Sequences and time; the first picks from above; what was set aside
    timeline = draw_timeline(pool.records, pool.picks, pool.labelled)
    drawn, shown = count(1), max(min(len(pool.picks), MOST_VIEWS), 1)
    sheet = draw_contact_sheet(
        pool.dataset,
        pool.records,
        pool.selection,
        pool.picks,
        pool.predictions,
        advance=lambda _: progress.to(REPEATS + 1 + FIRST_VIEWS * next(drawn) // shown),
    )
    root = f"{pool.manifest.dataset.root}{os.sep}"  # a page is handed on: it names files by their place in the data set
    set_aside = {frame_id: why.replace(root, "") for frame_id, why in pool.set_aside.items()}
    results = Results(pool, coverage, redundancy, embedding_map, timeline, sheet, reasons(set_aside))

    # 5. The page
    path = page_path(out)
    write_text(path, render("report.html", **page_of(results)))
    progress.to(STEPS)
    return path
