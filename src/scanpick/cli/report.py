"""``scanpick report``: one page about a selection, or about a study."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson
from scanpick.errors import ScanpickError


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A workspace with a selection, or the folder of a study.")
    ],
    selection: Annotated[
        str | None, typer.Option("--selection", help="Which selection; the only one if there is one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write, or a folder; by default in FOLDER.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option("--metric", help="Of a study: the metric to compare; its primary one by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a self-contained page: about a selection (map, coverage, drives, picks from above), or about a study.

    Example: [bold]scanpick report pool --selection diversity[/]
    """
    from scanpick.cli.results import print_facts

    if (folder / "scores.csv").is_file():
        print_facts(_study_report(folder, selection, out, metric), as_json=as_json)
        return
    if metric is not None:
        raise ScanpickError(f"--metric is for the folder of a study, with its scores.csv; {folder} has none.")
    from scanpick.cli.output import progress_bar
    from scanpick.reports.report import STEPS, write_report
    from scanpick.workspace.selections import load_selection
    from scanpick.workspace.workspace import Workspace

    name, _ = load_selection(Workspace.open(folder), selection)
    with progress_bar("Writing the report", STEPS) as advance:
        path = write_report(folder, name, folder if out is None else out, advance=advance)
    print_facts({"selection": name, "report": str(path)}, as_json=as_json)


def _study_report(folder: Path, selection: str | None, out: Path | None, metric: str | None) -> dict[str, str]:
    from scanpick.cli.output import progress_bar
    from scanpick.reports.study.report import STEPS, write_study_report

    if selection is not None:
        raise ScanpickError(f"--selection is for a workspace; {folder} is the folder of a study.")
    with progress_bar("Writing the report", STEPS) as advance:
        path = write_study_report(folder, out, metric=metric, advance=advance)
    return {"study": str(folder), "report": str(path)}
