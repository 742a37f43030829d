"""``scanpick report``: one page about a selection, or about a study."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, OldSelection


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A workspace with a selection, or the folder of a study.")
    ],
    selection: OldSelection = None,
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
    from scanpick.cli.output import progress_bar
    from scanpick.cli.results import print_facts
    from scanpick.face.pools import open_pool
    from scanpick.face.reporting import is_study, report
    from scanpick.workspace.selections import load_selection

    about = {"study": str(folder)}
    if not is_study(folder) and metric is None:
        selection, _ = load_selection(open_pool(folder), selection)
        about = {"selection": selection}
    page = report(folder, selection, out=out, metric=metric, progress=progress_bar)
    print_facts(about | {"report": str(page)}, as_json=as_json)
