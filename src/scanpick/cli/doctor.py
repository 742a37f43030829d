"""``scanpick doctor``: open every frame of a data set and tell what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scanpick.cli.options import AsJson, Columns, DatasetArgument, DatasetOptions, Workers, dataset_options

if TYPE_CHECKING:
    from scanpick.datasets.inspection import Inspection

FRAMES_IN_A_JOB = 8
MOST_NAMED = 5


def command(
    dataset: DatasetArgument,
    columns: Columns = None,
    option: DatasetOptions = None,
    workers: Workers = None,
    name_all: Annotated[
        bool, typer.Option("--all", help=f"Name every frame with a problem, not the first {MOST_NAMED} of a kind.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Open every frame of a data set and report what is there and what is wrong with it.

    Problems are: files that cannot be read, no points, NaN or infinity, a wrong number of columns, intensities on
    another scale, implausible units or axes, files that are no sweeps, the same points twice, missing, broken or
    impossible calibration, broken or implausible labels, labelled boxes without points. The exit status is 1 where
    there are any.

    Example: [bold]scanpick doctor path/to/kitti --option points=velodyne[/]
    """
    from scanpick.cli.output import print_json, progress_bar
    from scanpick.datasets import open_dataset
    from scanpick.datasets.inspection import FrameInspector, collect
    from scanpick.workspace.worker_pool import available_cores, run_jobs

    opened = open_dataset(dataset, **dataset_options(option, columns))
    frame_ids = [record.frame_id for record in opened.records]
    jobs = [frame_ids[start : start + FRAMES_IN_A_JOB] for start in range(0, len(frame_ids), FRAMES_IN_A_JOB)]
    inspected = []
    with progress_bar("Opening frames", len(frame_ids)) as advance:
        for _, found in run_jobs(FrameInspector(opened), jobs, workers or available_cores()):
            inspected += found
            advance(len(found))
    inspection = collect(opened, inspected)
    if as_json:
        print_json(inspection.summary())
    else:
        _print(inspection, None if name_all else MOST_NAMED)
    if inspection.problems:
        raise typer.Exit(1)


def _print(inspection: Inspection, most: int | None) -> None:
    from rich.markup import escape
    from rich.table import Table

    from scanpick.cli.output import console
    from scanpick.cli.results import print_facts
    from scanpick.datasets.inspection import PROBLEM_KINDS

    summary = inspection.summary()
    facts = {"found": summary["description"], "frames": summary["frames"], "usable": summary["usable_frames"]}
    facts |= {"sequences": summary["sequences"], "points per frame": summary["points_per_frame"] or "none"}
    facts |= {"labelled frames": summary["labelled_frames"]}
    facts |= {"boxes": summary["boxes"]} if summary["boxes"] else {}
    print_facts(facts | {f"note: {note}": count for note, count in summary["notes"].items()}, as_json=False)
    if not inspection.problems:
        console.print("\n[green]No problems found.[/]")
        return
    table = Table(title="\nProblems", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("frames", justify="right")
    table.add_column("problem", style="bold")
    table.add_column("meaning")
    for kind, count in inspection.counts.items():
        table.add_row(str(count), escape(kind), escape(PROBLEM_KINDS.get(kind, "")))
    console.print(table)
    for kind, count in inspection.counts.items():
        console.print(f"\n[bold]{escape(kind)}[/]")
        chosen = [problem for problem in inspection.problems if problem.kind == kind][:most]
        for problem in chosen:
            console.print(f"  {escape(problem.frame_id)}: {escape(problem.detail)}", highlight=False, soft_wrap=True)
        if count > len(chosen):
            console.print(f"  and {count - len(chosen)} more frames: --all names them, --json too")
