"""``scanpick report``: one page about a selection."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, WorkspaceArgument


def command(
    workspace: WorkspaceArgument,
    selection: Annotated[
        str | None, typer.Option("--selection", help="Which selection; the only one if there is one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write, or a folder; by default in the workspace.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a self-contained page about a selection: map, coverage, drives, the first picks from above.

    Example: [bold]scanpick report pool --selection diversity[/]
    """
    from scanpick.cli.output import progress_bar
    from scanpick.cli.results import print_facts
    from scanpick.reports.report import STEPS, write_report
    from scanpick.workspace.selections import load_selection
    from scanpick.workspace.workspace import Workspace

    name, _ = load_selection(Workspace.open(workspace), selection)
    with progress_bar("Writing the report", STEPS) as advance:
        path = write_report(workspace, name, workspace if out is None else out, advance=advance)
    print_facts({"selection": name, "report": str(path)}, as_json=as_json)
