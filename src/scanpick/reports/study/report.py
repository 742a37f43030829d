"""``report.html`` of a study: which strategy saved labels, by how much, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from scanpick.files import write_text
from scanpick.reports.figures import figure_style, inline_svg, save_figure
from scanpick.reports.html import Progress, page_path, render
from scanpick.reports.study import plots, tables
from scanpick.reports.study.folder import read_study
from scanpick.reports.study.page import grid_name, study_page
from scanpick.reports.study.pool import read_pool
from scanpick.reports.study.pool_map import PoolMap, draw_pool_map
from scanpick.reports.study.redundancy import Redundancy, redundancy_of
from scanpick.reports.study.results import StudyResults, study_results
from scanpick.reports.study.viewer import MOST_FRAMES, draw_viewer
from scanpick.reports.study.words import metric_words

STEPS = MOST_FRAMES + 10
"""How often, in all, `write_study_report` advances its progress."""


def write_study_report(
    study: Path, out: Path | None = None, *, metric: str | None = None, advance: Callable[[int], None] | None = None
) -> Path:
    """Write a self-contained page about a study, with ``figures/`` (PNG, SVG) and ``tables/`` (CSV) beside it.

    It reads what is there: a study that is still running is reported as far as it goes, and says so. The same folder
    gives the same bytes.

    Args:
        study: The study's folder.
        out: The page to write; a folder, or a name without a suffix, gets a ``report.html``. By default in `study`.
        metric: The metric that statistics are about; by default the study's primary one.
        advance: Called with the number of steps done, `STEPS` in all.

    Returns:
        The page.

    Raises:
        ScanpickError: The folder holds no scores, or a file in it is damaged.
    """
    progress = Progress(advance)
    path = page_path(study if out is None else out)

    # 1. The scores, and what they say
    folder = read_study(study, metric)
    results = study_results(folder)
    progress.to(2)

    # 2. What was picked: redundancy, the map of the pool, frames from above
    pool = read_pool(folder)
    arms = [one.arm for one in results.shown]
    measured = redundancy_of(folder, pool, arms, results.board.shown_round)
    pool_map = draw_pool_map(folder, pool, results.board)
    progress.to(6)
    viewer = draw_viewer(folder, results.board, advance=progress.by)

    # 3. Figures and tables as files
    with figure_style():
        pictures = study_figures(results, pool_map, measured)
        svgs = {}
        for name, figure in pictures.items():
            # Laid out once for both formats: that takes longer than drawing.
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
            drawn = save_figure(figure, path.parent / "figures" / name, formats=("svg", "png"))
            svgs[name] = inline_svg(drawn[0].read_text(encoding="utf-8"), name, _described(name, results))
    files = [f"figures/{name}.{ending}" for name in pictures for ending in ("svg", "png")]
    files += write_tables(results, measured, path.parent / "tables")

    # 4. The page
    page = study_page(results, pool, pool_map, measured, viewer, svgs, files)
    write_text(path, render("study.html", **page))
    progress.to(STEPS)
    return path


def study_figures(
    results: StudyResults, pool_map: PoolMap | None = None, measured: list[Redundancy] | None = None
) -> dict[str, Figure]:
    """Name -> figure, of everything that can be drawn. Call it within `figure_style`."""
    figures = {}
    if any(one.ap.value is not None for one in results.shown):
        figures["strategies"] = plots.plot_strategies(results)
    curves = plots.plot_curves(results)
    if curves is not None:
        figures["curves"] = curves
    figures |= {grid_name(grid): plots.plot_grid(results, grid) for grid in results.grids}
    if pool_map is not None:
        notes = {}
        for one in measured or []:
            share = one.measures["neighbours"].value
            if share is not None:
                notes[one.arm] = f"{100 * share:.0f}% next to a pick in time"
        figures["pool"] = plots.plot_pool(pool_map.positions, pool_map.picked, pool_map.start, notes)
    return figures


def write_tables(results: StudyResults, measured: list[Redundancy], folder: Path) -> list[str]:
    """Write the tables with all digits; gives their names."""
    rows = {
        "summary": tables.summary_rows(results),
        "curves": tables.curve_rows(results),
        "differences": tables.difference_rows(results),
        "redundancy": tables.redundancy_rows(measured),
    }
    written = []
    for name, of_table in rows.items():
        if of_table:
            write_text(folder / f"{name}.csv", tables.csv_text(of_table))
            written.append(f"tables/{name}.csv")
    return written


def _described(name: str, results: StudyResults) -> str:
    metric = metric_words(results.board.folder.metric)
    described = {
        "strategies": f"{metric} of each strategy with mean, deviation and every seed; differences to random",
        "curves": f"{metric} against labelled frames, objects and cost",
        "pool": "Map of the pool with what each strategy picked",
    }
    return described.get(name, f"{metric} of each variant")
