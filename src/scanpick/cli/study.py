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
    from scanpick.cli.study_tables import print_comparison, print_plan, print_status
    from scanpick.errors import ScanpickError
    from scanpick.studies.study import read_study

    verb, folders = _asked(words or [])
    if verb in ("status", "compare") and (preset or out or seeds or changes):
        raise ScanpickError(f"scanpick study {verb} takes folders only.")
    if verb == "status":
        print_status(folders[0], as_json=as_json)
    elif verb == "compare":
        print_comparison(folders[0], folders[1], as_json=as_json)
    elif verb == "resume":
        config = _changed(read_study(folders[0]).model_dump(mode="json"), changes, seeds, str(folders[0]))
        _run(config, folders[0], jobs, report=not no_report, as_json=as_json)
    else:
        config = _configured(folders, preset, data, weights, changes, seeds)
        folder = out or Path("runs") / config.name
        if dry_run:
            print_plan(config, folder, jobs, as_json=as_json)
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


def _configured(
    files: list[Path],
    preset: str | None,
    data: Path | None,
    weights: Path | None,
    changes: list[str] | None,
    seeds: str | None,
) -> StudyConfig:
    from scanpick.errors import ScanpickError
    from scanpick.studies.presets import read_preset
    from scanpick.texts import read_mapping

    if (preset is None) == (not files):
        raise ScanpickError("Give either a configuration or --preset, such as: scanpick study --preset simulated")
    if preset is None:
        return _changed(read_mapping(files[0]), changes, seeds, str(files[0]))
    given = {"data": None if data is None else str(data), "weights": None if weights is None else str(weights)}
    # What is named by --set needs not be told otherwise.
    for text in changes or []:
        if text.startswith("encoder.options"):
            given["weights"] = given["weights"] or ""
    return _changed(read_preset(preset, given), changes, seeds, f"the preset '{preset}'")


def _changed(values: dict[str, Any], changes: list[str] | None, seeds: str | None, where: str) -> StudyConfig:
    from scanpick.studies.config import StudyConfig
    from scanpick.studies.overrides import overridden

    values = overridden(values, changes or [])
    if seeds is not None:
        values["seeds"] = _seeds(seeds)
    return StudyConfig.of(values, where)


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
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from scanpick.cli.output import log, progress_bar
    from scanpick.cli.results import print_facts
    from scanpick.cli.study_tables import duration, print_scores
    from scanpick.errors import ScanpickError
    from scanpick.studies.study import Study

    study = Study(config, folder, jobs)
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

    try:
        failures = study.run(progress_bar, show)
    finally:
        bar.stop()
    for where, why in failures.items():
        log.print(f"{where}: {why}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    path = _write_report(folder) if report else None
    print_scores(folder, as_json=as_json)
    if path is not None and not as_json:
        print_facts({"report": str(path)}, as_json=False)
    if failures:
        raise ScanpickError(
            f"{len(failures)} of {len(study.experiments)} experiments failed, for the reasons above. "
            f"What was finished is kept. Go on with: scanpick study resume {folder}"
        )


def _write_report(folder: Path) -> Path:
    from scanpick.cli.output import progress_bar
    from scanpick.reports.study.report import STEPS, write_study_report

    with progress_bar("Writing the report", STEPS) as advance:
        return write_study_report(folder, advance=advance)
