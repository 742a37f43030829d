"""``scanpick simulate``: write simulated drives as a KITTI folder."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, Seed, Workers


def command(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write: new, or begun by the same command.")],
    frames: Annotated[
        int | None, typer.Option("--frames", "-n", min=1, help="How many frames; as many as the set has by default.")
    ] = None,
    seed: Seed = 0,
    name: Annotated[str, typer.Option("--set", help="Which set of drives: demo or drives.")] = "demo",
    full: Annotated[
        bool, typer.Option("--full", help="Points all around instead of those that the camera sees.")
    ] = False,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Write simulated drives as a KITTI object folder: points, labels, calibrations, lists, drives.

    Killed and started again, it goes on where it stopped.

    Example: [bold]scanpick simulate drives --set drives --frames 200 --seed 1[/]
    """
    from scanpick.cli.output import progress_bar
    from scanpick.cli.results import print_facts
    from scanpick.face.simulation import simulate

    made = simulate(out, frames, seed=seed, drives=name, full=full, workers=workers, progress=progress_bar)
    facts = {
        "folder": str(out),
        "data_set": f"{made.drives.name}, {made.drives.description}",
        "frames": len(made.drives.records),
        "written_now": made.written,
        "drives": len({record.sequence for record in made.drives.records}),
    }
    print_facts(facts, as_json=as_json)
