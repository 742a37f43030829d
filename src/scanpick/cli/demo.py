"""``scanpick demo``: the main job on simulated drives, then a small study."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import Seed, Workers


def command(
    out: Annotated[Path, typer.Option("--out", help="The folder of the results.")] = Path("scanpick-demo"),
    budget: Annotated[str, typer.Option("--budget", "-b", help="How many frames to pick, or what share.")] = "20",
    study: Annotated[
        bool, typer.Option("--study/--no-study", help="Then train detectors on picked and on random frames: minutes.")
    ] = True,
    seed: Seed = 0,
    workers: Workers = None,
) -> None:
    """Pick frames from simulated drives, without any data of your own, and show how the report looks; then a study.

    Example: [bold]scanpick demo[/]
    """
    import shlex

    from rich.markup import escape

    from scanpick.cli.output import console
    from scanpick.cli.pick import command as pick
    from scanpick.cli.study import command as run_study
    from scanpick.errors import MissingExtraError, require

    pick(dataset="simulated:demo", budget=budget, out=out, seed=seed, workers=workers)
    pages = [out / "report.html"]
    try:
        if study:
            require("torch", "torch", "The study that follows")
    except MissingExtraError as missing:  # the pick is a demonstration by itself
        console.print(f"\n{escape(str(missing))}", soft_wrap=True)
        study = False
    if study:
        console.print("\nNow a small study: is a detector better that was trained on picked frames? It takes minutes.")
        run_study(preset="demo", out=out / "study", seeds=f"{seed}-{seed}", jobs=workers or 0)
        pages.append(out / "study" / "report.html")
    for page in pages:
        console.print(f"\nOpen [bold]{escape(str(page.resolve()))}[/] in a browser.", soft_wrap=True)
    console.print(f"\nLook at the frames in 3D: [bold]scanpick view {escape(shlex.quote(str(out)))}[/]", soft_wrap=True)
