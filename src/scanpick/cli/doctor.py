"""``scanpick doctor``: open every frame of a data set and tell what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scanpick.cli.options import AsJson, Columns, DatasetArgument, DatasetOptions, Workers, dataset_options

if TYPE_CHECKING:
    from scanpick.datasets.inspection import Inspection

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
    from scanpick.face.doctor import doctor

    inspection = doctor(dataset, options=dataset_options(option, columns), workers=workers, progress=progress_bar)
    if as_json:
        print_json(inspection.summary())
    else:
        _print(inspection, None if name_all else MOST_NAMED)
    if inspection.problems:
        raise typer.Exit(1)


def _print(inspection: Inspection, most: int | None) -> None:
    from rich.markup import escape

    from scanpick.cli.output import console
    from scanpick.cli.results import print_facts
    from scanpick.datasets.inspection import PROBLEM_KINDS
    from scanpick.reports.tables import terminal_table

    summary = inspection.summary()
    facts = {"found": summary["description"], "frames": summary["frames"], "usable": summary["usable_frames"]}
    facts |= {"sequences": summary["sequences"], "points per frame": summary["points_per_frame"] or "none"}
    facts |= {"licence of the data": summary["licence"]} if summary["licence"] else {}
    facts |= {"labelled frames": summary["labelled_frames"]}
    facts |= {"boxes": summary["boxes"]} if summary["boxes"] else {}
    print_facts(facts | {f"note: {note}": count for note, count in summary["notes"].items()}, as_json=False)
    if not inspection.problems:
        console.print("\n[green]No problems found.[/]")
        return
    table = terminal_table("\nProblems", ["frames", "problem", "meaning"], texts=(1, 2), folded=(2,))
    for kind, count in inspection.counts.items():
        table.add_row(str(count), f"[bold]{escape(kind)}[/]", escape(PROBLEM_KINDS.get(kind, "")))
    console.print(table)
    for kind, count in inspection.counts.items():
        console.print(f"\n[bold]{escape(kind)}[/]")
        chosen = [problem for problem in inspection.problems if problem.kind == kind][:most]
        for problem in chosen:
            console.print(f"  {escape(problem.frame_id)}: {escape(problem.detail)}", highlight=False, soft_wrap=True)
        if count > len(chosen):
            console.print(f"  and {count - len(chosen)} more frames: --all names them, --json too")
