"""``scanpick decide``: what the review page writes, from the command line."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, Frames, OldSelection, WorkspaceArgument


def command(
    workspace: WorkspaceArgument,
    decision: Annotated[
        str | None,
        typer.Option("--decision", metavar="accept|reject|pin", help="What is decided; an empty text takes it back."),
    ] = None,
    frame: Annotated[list[str] | None, typer.Option("--frame", help="The id of a frame. May be repeated.")] = None,
    frames: Frames = None,
    selection: OldSelection = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why.")] = None,
    add_tag: Annotated[list[str] | None, typer.Option("--add-tag", help="A tag to add. May be repeated.")] = None,
    remove_tag: Annotated[
        list[str] | None, typer.Option("--remove-tag", help="A tag to take away. May be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Accept, reject, pin or tag frames of a selection: what the review page does by a key.

    Decisions are kept in reviews/SELECTION.parquet, a table of columns by frame_id that the next selection can take.

    Example: [bold]scanpick decide pool --frame drive_02/000005 --decision reject --reason 'standing still'[/]
    Example: [bold]scanpick select pool -b 9 --table pool/reviews/random-1.parquet --exclude "decision == 'reject'"[/]
    """
    from collections import Counter

    from scanpick.cli.results import print_facts
    from scanpick.errors import ScanpickError
    from scanpick.face.pools import open_pool
    from scanpick.face.viewing import decide
    from scanpick.workspace.reviews import review_path
    from scanpick.workspace.selections import load_selection

    if bool(frame) == (frames is not None):
        raise ScanpickError("Name frames with either --frame or --frames FILE.")
    pool = open_pool(workspace)
    name, _ = load_selection(pool, selection)
    about: Path | list[str] = frame or [] if frames is None else frames
    known = decide(
        pool,
        about,
        decision,
        selection=name,
        reason=reason,
        add_tags=add_tag or (),
        remove_tags=remove_tag or (),
    )
    counts = Counter(one.decision or "tagged only" for one in known.values())
    print_facts({"selection": name, **counts, "file": str(review_path(pool, name))}, as_json=as_json)
