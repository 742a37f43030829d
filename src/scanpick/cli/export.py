"""``scanpick export``: hand a selection over."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, OldSelection, Replace, WorkspaceArgument, pairs_option, parse_pairs

DEFAULT_FORM = "kitti_subset"
"""What --copy and --link write."""


def command(
    workspace: WorkspaceArgument,
    out: Annotated[Path, typer.Option("--out", help="The folder to write into.")],
    selection: OldSelection = None,
    form: Annotated[
        str | None,
        typer.Option("--as", metavar="EXPORTER", help="Write the picked frames, too: see scanpick list exporters."),
    ] = None,
    option: Annotated[list[str] | None, pairs_option("--option", "-o", help="An option of the exporter.")] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Short for --as kitti_subset.")] = False,
    link: Annotated[
        bool, typer.Option("--link", help="The same with links to the files, where that is possible: -o link=true.")
    ] = False,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Write a selection as selection.csv, selection.parquet and frames.txt, and its frames in the form of another tool.

    That of kitti_subset is a KITTI object folder: training/velodyne, label_2, calib and image_2 as far as the data set
    has them, and the picks in order in ImageSets. What earlier exports wrote into the folder is brought up to date; a
    file that none of them wrote, or that was changed since, is not replaced.

    Example: [bold]scanpick export pool --selection diversity-1 --copy --out to-label[/]
    """
    from rich.markup import escape

    from scanpick.cli.output import log, progress_bar
    from scanpick.cli.results import print_facts, print_set_aside
    from scanpick.cli.wording import in_flags
    from scanpick.errors import ScanpickError
    from scanpick.face.exporting import export

    if copy and link:
        raise ScanpickError("Give either --copy or --link, not both.")
    options = parse_pairs(option)
    if copy or link:
        form = form or DEFAULT_FORM
        options |= {"link": "true"} if link else {}
    if options and form is None:
        raise ScanpickError("--option is for an exporter: name it with --as, see scanpick list exporters.")
    exported = export(
        workspace, out, selection, exporter=form, exporter_options=options, replace=replace, progress=progress_bar
    )
    if exported.doubt:
        log.print(escape(in_flags(exported.doubt)), style="yellow", highlight=False, soft_wrap=True)
    facts = {"selection": exported.selection, "frames": exported.frames, "folder": str(out)}
    failed: dict[str, str] = {}
    if (summary := exported.summary) is not None:
        failed = dict(summary.failed)
        facts |= {"written": dict(summary.counts)} | ({} if summary.order is None else {"list": str(summary.order)})
        facts["failed"] = failed if as_json else len(failed)
    facts["files"] = [str(path) for path in exported.files]
    print_facts(facts, as_json=as_json)
    if not as_json:
        print_set_aside(failed, all_named_in="scanpick export --json")
