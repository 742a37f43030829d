"""``scanpick recall``: take frames back from annotators."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, WorkspaceArgument


def command(
    project: WorkspaceArgument,
    frames: Annotated[
        Path | None,
        typer.Option("--frames", help="Which frames: one id a line, or a column frame_id; all that were sent without."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take frames back that were sent and have not come back, or that annotators refused: they may be picked again.

    Example: [bold]scanpick recall project --frames late.txt[/]
    """
    from scanpick.cli.results import print_facts
    from scanpick.face.handing_off import recall

    taken = recall(project, frames)
    print_facts({"recalled": len(taken)} | ({"frames": list(taken)} if as_json else {}), as_json=as_json)
