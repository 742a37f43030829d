"""``scanpick labels``: labels come back from annotators."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, WorkspaceArgument, pairs_option, parse_pairs

MOST_NAMED = 5


def command(
    project: WorkspaceArgument,
    export: Annotated[Path, typer.Argument(metavar="EXPORT", help="What the tool exported: a file, zip or folder.")],
    tool: Annotated[
        str | None, typer.Option("--from", metavar="TOOL", help="The tool; that of the newest hand-off by default.")
    ] = None,
    option: Annotated[list[str] | None, pairs_option("--option", "-o", help="An option of the tool.")] = None,
    classes: Annotated[
        list[str] | None,
        pairs_option("--classes", help="What a class of the tool is here (vehicle=Car; vehicle=- leaves it out)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take labels back that an annotation tool exported: check them, and keep them in the project.

    Frames that were sent and are not in the export stay sent. Corrected labels go before older ones, which stay as
    history. What looks wrong is named: boxes without points, drawn twice or of implausible size, frames that were not
    asked for.

    Example: [bold]scanpick labels project exported.zip[/]
    Example: [bold]scanpick labels project exported.zip --classes vehicle=Car[/]
    """
    from rich.markup import escape

    from scanpick.cli.output import log, progress_bar
    from scanpick.cli.results import print_facts
    from scanpick.cli.wording import in_flags
    from scanpick.datasets.inspection import Problem
    from scanpick.face.returning import add_labels

    back = add_labels(
        project,
        export,
        tool=tool,
        exporter_options=parse_pairs(option) if option else None,
        classes=parse_pairs(classes),
        progress=progress_bar,
    )
    kinds: dict[str, list[Problem]] = {}
    for problem in back.problems:
        kinds.setdefault(problem.kind, []).append(problem)
    facts = {
        "labelled": len(back.labels),
        "boxes": back.boxes,
        "corrected": back.corrected,
        "rejected": len(back.rejected),
        "still_sent": len(back.missing),
        "classes": dict(back.classes),
        "doubts": {kind: len(ones) for kind, ones in kinds.items()},
    }
    if not back.number:
        facts["note"] = "nothing is new: these labels are here already"
    if as_json:
        facts |= {"missing": list(back.missing), "rejections": dict(back.rejected), "notes": list(back.notes)}
        facts["problems"] = [vars(one) for one in back.problems]
    print_facts(facts, as_json=as_json)
    if as_json:
        return
    for kind, ones in kinds.items():
        log.print(f"[yellow]{len(ones)} frames, {escape(kind)}:[/]", highlight=False)
        for one in ones[:MOST_NAMED]:
            log.print(f"  {escape(one.frame_id)}: {escape(in_flags(one.detail))}", highlight=False, soft_wrap=True)
        if len(ones) > MOST_NAMED:
            log.print(f"  and {len(ones) - MOST_NAMED} more; scanpick labels --json names them all")
    for note in back.notes:
        log.print(escape(note), highlight=False, soft_wrap=True)
