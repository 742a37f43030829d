"""``scanpick index``: list the frames of a data set and read each once."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, Columns, DatasetArgument, DatasetOptions, Workers, dataset_options


def command(
    dataset: DatasetArgument,
    out: Annotated[Path, typer.Option("--out", help="The workspace to make or bring up to date.")],
    columns: Columns = None,
    option: DatasetOptions = None,
    again: Annotated[bool, typer.Option("--again", help="Read every frame again, also those that look the same.")] = (
        False
    ),
    moved: Annotated[
        bool, typer.Option("--moved", help="The workspace's data set now lies here; the points of frames are compared.")
    ] = False,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Make a workspace: list the frames of a data set, read each once, set aside those that cannot be used.

    Run again, it reads only frames whose files have changed.

    Example: [bold]scanpick index path/to/kitti --out pool[/]
    Example: [bold]scanpick index new/path/to/kitti --out pool --moved[/]
    """
    from scanpick.cli.output import progress_bar
    from scanpick.cli.results import findings, frame_facts, print_facts, print_findings, print_set_aside
    from scanpick.face.pools import index

    options = dataset_options(option, columns)
    workspace = index(dataset, out, options=options, again=again, moved=moved, workers=workers, progress=progress_bar)
    frames = workspace.frames()
    assert workspace.changes is not None
    facts = frame_facts(workspace) | vars(workspace.changes)
    facts |= findings(frames) if as_json else {}
    print_facts(facts, as_json=as_json)
    print_findings(frames, dataset)
    if not as_json:
        print_set_aside(frames.set_aside)
