"""``scanpick demo``: the main job on simulated drives."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import Seed, Workers


def command(
    out: Annotated[Path, typer.Option("--out", help="The folder of the results.")] = Path("scanpick-demo"),
    budget: Annotated[str, typer.Option("--budget", "-b", help="How many frames to pick, or what share.")] = "20",
    seed: Seed = 0,
    workers: Workers = None,
) -> None:
    """Pick frames from simulated drives, without any data of your own, and show how the report looks.

    Example: [bold]scanpick demo[/]
    """
    from scanpick.cli.output import console
    from scanpick.cli.pick import command as pick

    pick(dataset="simulated:demo", budget=budget, out=out, seed=seed, workers=workers)
    console.print(f"\nOpen [bold]{(out / 'report.html').resolve()}[/] in a browser.", soft_wrap=True)
