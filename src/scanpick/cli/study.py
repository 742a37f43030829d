"""``scanpick study``: compare strategies by training a detector on what each picks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scanpick.cli.options import AsJson

if TYPE_CHECKING:
    from scanpick.studies.config import StudyConfig
    from scanpick.studies.study import State


def command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CONFIG | status DIR | resume DIR | compare DIR DIR",
            help="A YAML file to run; or what to do with the folder of a study.",
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", help="Instead of CONFIG: simulated, kitti-mini or kitti-3dssd.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The study's folder; runs/<name> by default.")] = None,
    seeds: Annotated[
        str | None, typer.Option("--seeds", help="How many (5), a range (0-4) or a list (0,3): instead of the study's.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Worker processes; 0 for all cores.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and how long it takes.")] = False,
    data: Annotated[Path | None, typer.Option("--data", help="The folder of KITTI, for the presets on it.")] = None,
    weights: Annotated[
        Path | None, typer.Option("--weights", help="ReCon's pre-trained checkpoint, for kitti-3dssd.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PLACE=VALUE", help="Change a value: detector.iterations=600. May be repeated."),
    ] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Leave the report out at the end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a study: from a random start each strategy picks frames, a detector is trained on them, and evaluated.

    Killed and started again, it goes on where it was, to the same numbers. Seeds and strategies can be added later.

    Example: [bold]scanpick study --preset simulated --seeds 5[/]
    """
    from scanpick.cli.output import log
    from scanpick.cli.study_tables import print_comparison, print_plan, print_status
    from scanpick.errors import ScanpickError
    from scanpick.face.study import plan_study, study_config
    from scanpick.studies.study import SETTINGS, read_study

    verb, paths = _asked(words or [])
    if verb in ("status", "compare") and (preset or out or seeds or changes):
        raise ScanpickError(f"scanpick study {verb} takes folders only.")
    if verb == "status":
        print_status(paths[0], as_json=as_json)
        return
    if verb == "compare":
        print_comparison(paths[0], paths[1], as_json=as_json)
        return
    if verb == "resume":
        read_study(paths[0])  # a folder without a study is no configuration either
        out = paths[0]
    elif paths and (paths[0] / SETTINGS).is_file():
        out = out or paths[0]
    how: dict[str, Any] = {"preset": preset, "data": data, "weights": weights, "changes": changes or []}
    how["seeds"] = None if seeds is None else _seeds(seeds)
    config = study_config(paths[0] if paths else None, **how)
    folder = out or Path("runs") / config.name
    if dry_run and verb == "run":
        log.print("Timing a few training steps ...")
        print_plan(plan_study(config, folder, jobs=jobs), as_json=as_json)
    else:
        _run(config, folder, jobs, report=not no_report, as_json=as_json)


_VERBS = {"status": 1, "resume": 1, "compare": 2}
"""What can be done with the folders of studies, and with how many."""


def _asked(words: list[str]) -> tuple[str, list[Path]]:
    from scanpick.errors import ScanpickError

    verb = words[0] if words and words[0] in _VERBS and not Path(words[0]).is_file() else "run"
    paths = [Path(word) for word in (words if verb == "run" else words[1:])]
    wanted = _VERBS.get(verb)
    if wanted is not None and len(paths) != wanted:
        raise ScanpickError(f"scanpick study {verb}: expected {wanted} folder{'s' * (wanted > 1)}, got {len(paths)}.")
    if wanted is None and len(paths) > 1:
        raise ScanpickError(
            f"scanpick study: expected one configuration, or one of {', '.join(_VERBS)} with folders, "
            f"got '{' '.join(words)}'."
        )
    return verb, paths


def _seeds(text: str) -> list[int]:
    """``5`` are five seeds, ``0-4`` a range, ``0,3,7`` a list."""
    from scanpick.errors import ScanpickError

    try:
        if "," in text:
            return [int(word) for word in text.split(",") if word.strip()]
        first, dash, last = text.partition("-")
        found = list(range(int(first), int(last) + 1)) if dash else list(range(int(first)))
    except ValueError:
        raise ScanpickError(f"--seeds: expected a number (5), a range (0-4) or a list (0,3), got '{text}'.") from None
    if not found:
        raise ScanpickError(f"--seeds: '{text}' are no seeds. A single number says how many; seed 0 alone is '0,'.")
    return found


def _run(config: StudyConfig, folder: Path, jobs: int, *, report: bool, as_json: bool) -> None:
    from collections.abc import Callable, Iterator
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from scanpick.cli.output import log, progress_bar
    from scanpick.cli.results import print_facts
    from scanpick.cli.study_tables import duration, print_scores
    from scanpick.errors import ScanpickError
    from scanpick.face.study import study

    console: Console = log
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", markup=False),
        console=console,
    )
    task = bar.add_task("Training", total=None, left="", visible=False)

    def show(state: State) -> None:
        if not bar.live.is_started:
            bar.start()
        left = "" if state.seconds_left is None else f"about {duration(state.seconds_left)} left"
        bar.update(task, completed=state.done, total=state.planned, left=left, visible=True)

    @contextmanager
    def bars(title: str, total: int) -> Iterator[Callable[[int], None]]:
        bar.stop()
        with progress_bar(title, total) as advance:
            yield advance

    try:
        result = study(config, folder, jobs=jobs, report=report, progress=bars, on_change=show)
    finally:
        bar.stop()
    for where, why in result.failures.items():
        log.print(f"{where}: {why}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    print_scores(folder, as_json=as_json)
    if result.report is not None and not as_json:
        print_facts({"report": str(result.report)}, as_json=False)
    if result.failures:
        raise ScanpickError(
            f"{len(result.failures)} of {result.experiments} experiments failed, for the reasons above. "
            f"What was finished is kept. Go on with: scanpick study resume {folder}"
        )
