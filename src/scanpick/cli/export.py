"""``scanpick export``: hand a selection over."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from scanpick.cli.options import AsJson, Replace, WorkspaceArgument

DEFAULT_FORM = "kitti_subset"
"""What --copy and --link write."""


def command(
    workspace: WorkspaceArgument,
    out: Annotated[Path, typer.Option("--out", help="The folder to write into.")],
    selection: Annotated[
        str | None, typer.Option("--selection", help="Which selection; the newest one by default.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--as", metavar="EXPORTER", help="Write the picked frames, too: see scanpick list exporters."),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="NAME=VALUE", help="An option of the exporter. May be repeated."),
    ] = None,
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
    import tempfile

    from scanpick.cli.output import log, progress_bar
    from scanpick.cli.results import print_facts, print_set_aside
    from scanpick.cli.wording import in_flags
    from scanpick.errors import ScanpickError
    from scanpick.exporters import EXPORTERS
    from scanpick.exporters.folder import ExportFile, ExportFolder
    from scanpick.options import parse_pairs
    from scanpick.structures.checks import name_some
    from scanpick.workspace.index import check_apart
    from scanpick.workspace.indexed_frames import IndexedFrames
    from scanpick.workspace.selections import load_selection, write_lists
    from scanpick.workspace.workspace import Workspace

    if copy and link:
        raise ScanpickError("Give either --copy or --link, not both.")
    options = parse_pairs(option or (), "--option")
    if copy or link:
        form = form or DEFAULT_FORM
        options |= {"link": "true"} if link else {}
    if options and form is None:
        raise ScanpickError("--option is for an exporter: name it with --as, see scanpick list exporters.")
    opened = Workspace.open(workspace)
    check_apart(opened.manifest().dataset, out)
    name, picked = load_selection(opened, selection)
    frames = IndexedFrames(opened)
    with tempfile.TemporaryDirectory() as folder:
        written = write_lists(opened, picked, Path(folder))
        lists = [ExportFile(path.name, path.read_bytes()) for path in written]
    ExportFolder(out, replace=replace).check(lists)

    facts = {"selection": name, "frames": len(picked), "folder": str(out)}
    failed = {}
    if form is not None:
        with progress_bar("Linking frames" if link else "Exporting frames", len(picked)) as advance:
            summary = EXPORTERS.make(
                form, options, frames, picked.frame_ids, out, name=name, replace=replace, advance=advance
            )
        facts |= {"written": dict(summary.counts)} | ({} if summary.order is None else {"list": str(summary.order)})
        failed = dict(summary.failed)
        facts["failed"] = failed if as_json else len(failed)
    elif changed := frames.changed(picked.frame_ids):
        log.print(
            f"[yellow]The files of {len(changed)} picked frames have changed since they were indexed:[/] "
            f"{escape(name_some(changed))}. Select again after: {escape(in_flags(frames.again))}",
            soft_wrap=True,
        )
    with ExportFolder(out, replace=replace).remembered() as target:
        target.write(lists)
    facts["files"] = [str(out / file.place) for file in lists]
    print_facts(facts, as_json=as_json)
    if not as_json:
        print_set_aside(failed, all_named_in="scanpick export --json")
