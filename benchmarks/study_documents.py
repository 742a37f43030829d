"""Parts of documents that are made from a study's tables, so that they can be made again.

A document holds marks at the start of lines, and what is between them is replaced::

    <!-- study simulated scores: begin -->
    <!-- study simulated scores: end -->

The first word names a folder in ``docs/results/`` (several with commas, for learning curves and cross-validation), the
second one of `PARTS`. Figures are written into ``docs/images/``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.learning_curves import cross_validation_table, plot_learning_curves
from scanpick.errors import ScanpickError, unknown_name
from scanpick.evaluation.study_statistics.estimates import Estimate
from scanpick.files import without_places, write_bytes, write_text
from scanpick.reports.figures import figure_style, save_figure
from scanpick.reports.study import plots, sentences, tables
from scanpick.reports.study.folder import Arm, StudyFolder, read_study
from scanpick.reports.study.page import grid_name
from scanpick.reports.study.redundancy import MEASURES, Redundancy
from scanpick.reports.study.results import StudyResults, study_results
from scanpick.texts import format_yaml, parse_yaml, parsing, read_csv, read_sealed, read_text

_MARK = re.compile(
    r"^(?P<begin><!-- study (?P<names>\S+) (?P<part>[a-z-]+): begin -->\n)"
    r"(?P<text>.*?)"
    r"^(?P<end><!-- study (?P=names) (?P=part): end -->)",
    re.DOTALL | re.MULTILINE,
)
_BEGIN = re.compile(r"^<!-- study (\S+) ([a-z-]+): begin -->", re.MULTILINE)

COPIED = ("study.yaml", "scores.csv", "trainings.csv", "picks.csv")
"""What is kept of a study for its documents; the redundancy measures come from ``tables/redundancy.csv``."""


@dataclass(frozen=True, eq=False)
class Source:
    """What a part is made from.

    Attributes:
        folders: The folders of ``docs/results/``.
        images: Where figures are written.
        document: The document that the part is in: links are relative to it.
    """

    folders: tuple[Path, ...]
    images: Path
    document: Path

    @cached_property
    def studies(self) -> list[StudyFolder]:
        """The studies."""
        return [read_study(folder) for folder in self.folders]

    @cached_property
    def results(self) -> StudyResults:
        """What the first study found."""
        return study_results(self.studies[0])

    def figure(self, name: str, figure: Figure, described: str) -> str:
        """Write a figure and give the link to it."""
        stem = self.images / f"study-{'-'.join(folder.name for folder in self.folders)}-{name}"
        with figure_style():
            path = save_figure(figure, stem, formats=("png", "svg"))[1]
        return _link(path, self.document, described)


def rebuild(document: Path, results: Path, images: Path) -> str:
    """The document with every marked part made anew; figures are written on the way. The file itself is left alone.

    Args:
        document: A markdown file.
        results: ``docs/results``: a folder for each study.
        images: Where figures are written.

    Raises:
        ScanpickError: A mark has no end, names a part that is not known, or a study that is not there.
    """
    text = read_text(document)
    if len(_BEGIN.findall(text)) != len(_MARK.findall(text)):
        raise ScanpickError(f"{document}: expected an end for every mark '<!-- study NAME PART: begin -->'.")

    def made(found: re.Match[str]) -> str:
        part = found["part"]
        if part not in PARTS:
            raise unknown_name("part of a study's document", part, PARTS)
        folders = tuple(results / name for name in found["names"].split(","))
        with figure_style():
            content = PARTS[part](Source(folders, images, document))
        return f"{found['begin']}\n{content.strip()}\n\n{found['end']}"

    return _MARK.sub(made, text)


def has_marks(document: Path) -> bool:
    """Whether a document has parts that are made from studies."""
    return bool(_BEGIN.search(read_text(document)))


def keep(study: Path, results: Path, images: Path) -> Path:
    """Copy what documents need of a study, its raw numbers first of all, and the map of its pool.

    Args:
        study: The study's folder, with its report.
        results: ``docs/results``.
        images: Where figures are kept.

    Returns:
        The study's folder in `results`.
    """
    folder = read_study(study)
    target = results / folder.name
    for name in COPIED:
        if (study / name).is_file():
            content = read_sealed(study / name)
            write_text(
                target / name,
                format_yaml(without_places(parse_yaml(content, name))) if name == "study.yaml" else content,
            )
    if (study / "tables" / "redundancy.csv").is_file():
        write_bytes(target / "redundancy.csv", (study / "tables" / "redundancy.csv").read_bytes())
    for ending in ("png", "svg"):
        drawn = study / "figures" / f"pool.{ending}"
        if drawn.is_file():
            write_bytes(images / f"study-{folder.name}-pool.{ending}", drawn.read_bytes())
    return target


def write_document(document: Path, text: str) -> bool:
    """Write a document if it changed; says whether it did."""
    if read_text(document) == text:
        return False
    write_text(document, text)
    return True


def markdown(table: tables.Table) -> str:
    """The table for a document."""
    header = [name for name, _ in table.columns]
    rule = ["--:" if numbers else "---" for _, numbers in table.columns]
    return "\n".join(_line(cells) for cells in [header, rule, *table.rows])


def read_redundancy(path: Path) -> list[Redundancy]:
    """Read measures back from ``redundancy.csv``, as `scanpick.reports.study.tables.redundancy_rows` lays them out."""
    found = []
    with parsing(str(path), "measures of redundancy"):
        for row in read_csv(path):
            measures = {}
            for name in MEASURES:
                value, low, high, deviation = (
                    float(text) if (text := row[key]) else None
                    for key in (name, f"{name}_low", f"{name}_high", f"{name}_deviation")
                )
                bounds = None if low is None or high is None else (low, high)
                measures[name] = Estimate(value, bounds, deviation, int(row["seeds"]), row[f"{name}_note"])
            found.append(Redundancy(Arm(row["strategy"], row["variant"]), measures))
    return found


def _strategies(source: Source) -> str:
    described = "AP of each strategy, and its difference to random, with every seed"
    return source.figure("strategies", plots.plot_strategies(source.results), described)


def _curves(source: Source) -> str:
    figure = plots.plot_curves(source.results)
    if figure is None:
        raise ScanpickError(f"{source.folders[0]}: no strategy has a curve to draw yet.")
    return source.figure("curves", figure, "AP against labelled frames, objects and cost")


def _grids(source: Source) -> str:
    parts = []
    for grid in source.results.grids:
        figure = plots.plot_grid(source.results, grid)
        parts.append(source.figure(grid_name(grid), figure, f"AP of every variant of {grid.strategy}"))
        parts.append("\n".join(sentences.grid_sentences(grid, source.results)))
    return "\n\n".join(parts)


def _pool(source: Source) -> str:
    path = source.images / f"study-{source.folders[0].name}-pool.svg"
    if not path.is_file():
        raise ScanpickError(f"{path}: expected the map of the pool, kept from the study's report.")
    return _link(path, source.document, "The pool as a map, with what each strategy picked")


def _redundancy(source: Source) -> str:
    path = source.folders[0] / "redundancy.csv"
    if not path.is_file():
        raise ScanpickError(f"{path}: expected the measures of redundancy, kept from the study's report.")
    return markdown(tables.redundancy_table(read_redundancy(path)))


def _bullets(make: Callable[[StudyResults], list[str]]) -> Callable[[Source], str]:
    return lambda source: "\n".join(f"- {text}" for text in make(source.results))


def _table(make: Callable[[StudyResults], tables.Table]) -> Callable[[Source], str]:
    return lambda source: markdown(make(source.results))


def _learning_curve(source: Source) -> str:
    figure = plot_learning_curves(source.studies)
    return source.figure("learning-curve", figure, "AP against randomly chosen labelled frames")


PARTS: dict[str, Callable[[Source], str]] = {
    "findings": lambda source: "\n\n".join(sentences.findings(source.results)),
    "strategies": _strategies,
    "scores": _table(tables.ap_table),
    "metrics": _table(tables.metrics_table),
    "differences": _table(tables.difference_table),
    "said": _bullets(sentences.difference_sentences),
    "method": lambda source: "\n\n".join(sentences.method_notes(source.results)),
    "prices": _table(tables.price_table),
    "dearer": lambda source: "\n\n".join(sentences.price_sentences(source.results)),
    "curves": _curves,
    "budget": _table(tables.budget_table),
    "savings": _bullets(sentences.saving_sentences),
    "grids": _grids,
    "pool": _pool,
    "redundancy": _redundancy,
    "notices": lambda source: "\n\n".join(source.results.board.notices()),
    "learning-curve": _learning_curve,
    "cross-validation": lambda source: markdown(cross_validation_table(source.studies)),
}
"""Part of a document -> what makes it."""


def _link(path: Path, document: Path, described: str) -> str:
    relative = Path(os.path.relpath(path, document.parent)).as_posix()
    return f"![{described}]({relative})"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
