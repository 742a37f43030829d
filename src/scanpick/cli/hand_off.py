"""``scanpick hand-off``: give the frames of a round to an annotation tool."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import (
    AsJson,
    OldSelection,
    Replace,
    WorkspaceArgument,
    list_option,
    pairs_option,
    parse_pairs,
    split_list,
)


def command(
    project: WorkspaceArgument,
    out: Annotated[Path, typer.Option("--out", help="The file or folder to write.")],
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="TOOL", help="The tool: see scanpick list exporters; the list of ids alone without it."
        ),
    ] = None,
    option: Annotated[list[str] | None, pairs_option("--option", "-o", help="An option of the tool.")] = None,
    selection: OldSelection = None,
    predictions: Annotated[
        Path | None, typer.Option("--predictions", help="A detector's boxes, to be corrected rather than drawn.")
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option(
            "--min-score",
            help="The least score of these boxes; by default from where on half of them are right.",
        ),
    ] = None,
    classes: Annotated[
        list[str] | None, list_option("--classes", help="What annotators choose from: Car,Pedestrian.")
    ] = None,
    context: Annotated[
        str | None,
        typer.Option("--context", metavar="1s|5 frames", help="Whole sequences: so far to either side of a frame."),
    ] = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Hand the newest round to an annotation tool, and remember which frames went, under which names.

    Frames of validation go first; frames that have labels already do not go again.

    Example: [bold]scanpick hand-off project --to kitti_subset --out to-label[/]
    Example: [bold]scanpick hand-off project --out round-1.txt[/]
    """
    from scanpick.cli.output import progress_bar
    from scanpick.cli.results import print_facts, print_set_aside
    from scanpick.face.handing_off import hand_off

    sent = hand_off(
        project,
        to,
        out,
        selection=selection,
        exporter_options=parse_pairs(option),
        predictions=predictions,
        min_score=min_score,
        classes=split_list(classes),
        context=context,
        replace=replace,
        progress=progress_bar,
    )
    facts = {"round": sent.round, "handed_off": sent.frames, "files": [str(path) for path in sent.files]}
    failed = {} if sent.summary is None else dict(sent.summary.failed)
    if sent.summary is not None:
        facts |= {"written": dict(sent.summary.counts)}
        facts |= {"upload": list(sent.summary.upload)} if sent.summary.upload else {}
    if sent.note:
        facts["pre_labels"] = sent.note
    if sent.again:
        facts["note"] = "the same frames were handed off so before"
    print_facts(facts | ({"failed": failed} if as_json else {}), as_json=as_json)
    if not as_json:
        print_set_aside(failed, all_named_in="scanpick hand-off --json")
