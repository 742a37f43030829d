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
        str | None, typer.Option("--selection", help="Which selection; the newest one by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write, or a folder; by default in FOLDER/selections.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option("--metric", help="Of a study: the metric to compare; its primary one by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a self-contained page: about a selection (map, coverage, drives, picks from above), or about a study.

    The page of a selection is selections/NAME.html; that of the newest one is also FOLDER/report.html.

    Example: [bold]scanpick report pool --selection diversity-1[/]
    """
    from scanpick.cli.results import print_facts

    if (folder / "scores.csv").is_file():
        print_facts(_study_report(folder, selection, out, metric), as_json=as_json)
        return
    if metric is not None:
        raise ScanpickError(f"--metric is for the folder of a study, with its scores.csv; {folder} has none.")
    from scanpick.cli.output import progress_bar
    from scanpick.reports.report import STEPS, write_report
    from scanpick.workspace.selections import load_selection, publish_page
    from scanpick.workspace.workspace import Workspace

    workspace = Workspace.open(folder)
    name, _ = load_selection(workspace, selection)
    if out is None and workspace.read_only:
        raise ScanpickError(f"{folder} may not be written into. Name another place for the page: --out FILE.html")
    page = workspace.selection_path(name).with_suffix(".html") if out is None else out
    with progress_bar("Writing the report", STEPS) as advance:
        path = write_report(folder, name, page, advance=advance)
    if out is None:
        publish_page(workspace, name)
    print_facts({"selection": name, "report": str(path)}, as_json=as_json)


def _study_report(folder: Path, selection: str | None, out: Path | None, metric: str | None) -> dict[str, str]:
    from scanpick.cli.output import progress_bar
    from scanpick.reports.study.report import STEPS, write_study_report

    if selection is not None:
        raise ScanpickError(f"--selection is for a workspace; {folder} is the folder of a study.")
    with progress_bar("Writing the report", STEPS) as advance:
        path = write_study_report(folder, out, metric=metric, advance=advance)
    return {"study": str(folder), "report": str(path)}
