"""``sp.study``: compare strategies by training a detector on what each picks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanpick.errors import ScanpickError
from scanpick.reports.study.report import STEPS, write_study_report
from scanpick.studies.config import StudyConfig
from scanpick.studies.experiment import experiments_of
from scanpick.studies.overrides import overridden
from scanpick.studies.plan import PlannedTraining, Rates, draft, measure_rates, plan_of, seconds_left
from scanpick.studies.presets import read_preset
from scanpick.studies.splits import Fold
from scanpick.studies.study import SETTINGS, State, Study, default_jobs, mean_scores, read_plan, read_study
from scanpick.texts import read_mapping
from scanpick.workspace.reading import Progress, no_progress

Config = StudyConfig | Mapping[str, Any] | str | Path


@dataclass(frozen=True, eq=False, repr=False)
class StudyResult:
    """A study that was run.

    Attributes:
        folder: Where everything is: tables, trainings, the report.
        experiments: How many there are.
        failures: What went wrong, by experiment; empty where it is complete.
        report: The page about it; None where none was asked for.
    """

    folder: Path
    experiments: int
    failures: Mapping[str, str]
    report: Path | None

    @property
    def metric(self) -> str:
        """The primary metric."""
        return mean_scores(self.folder)[0]

    @property
    def scores(self) -> list[dict[str, Any]]:
        """A row for each round and strategy: frames, boxes, cost, and the primary metric over seeds."""
        return mean_scores(self.folder)[1]

    def __repr__(self) -> str:
        strategies = len({(row["strategy"], row["variant"]) for row in self.scores})
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"StudyResult({strategies} strategies by {self.metric}{failed}, in '{self.folder}')"


def study(
    config: Config | None = None,
    out: str | Path | None = None,
    *,
    preset: str | None = None,
    data: str | Path | None = None,
    weights: str | Path | None = None,
    changes: Mapping[str, Any] | Iterable[str] = (),
    seeds: int | Sequence[int] | None = None,
    jobs: int = 0,
    report: bool = True,
    progress: Progress = no_progress,
    on_change: Callable[[State], None] = lambda state: None,
) -> StudyResult:
    """Run a study: from a random start each strategy picks frames, a detector is trained on them, and evaluated.

    Killed and started again, it goes on where it was, to the same numbers. Seeds and strategies can be added later.

    Args:
        config: A YAML file, the same as plain values, or the folder of a study to go on with.
        out: The study's folder; ``runs/<name>`` by default.
        preset: Instead of `config`: simulated, kitti-mini, kitti-3dssd or demo.
        data: The folder of KITTI, for the presets on it.
        weights: ReCon's pre-trained checkpoint, for kitti-3dssd.
        changes: Values to change by their place: ``{"detector.iterations": 600}``.
        seeds: Instead of the study's: how many, or which.
        jobs: Worker processes; 0 for all cores.
        report: Write report.html at the end.
        progress: Shows how far reading, embedding and the report are.
        on_change: Called with how far the trainings are, whenever something was finished and every few seconds.

    Raises:
        ScanpickError: A key is unknown, a value does not fit the data, another process runs it, or a worker died.

    Example:
        >>> import scanpick as sp
        >>> tiny = {"channels": [8, 8, 8], "blocks": [1, 1, 1], "point_channels": 8, "head_channels": 8}
        >>> config = {"name": "tiny", "data": [{"source": "simulated:demo", "options": {"frames": 24}}],
        ...     "split": {"by": "drives", "folds": 2, "take": 1}, "start": {"frames": 2}, "rounds": [2],
        ...     "strategies": ["random"], "encoder": {"name": "statistics"},
        ...     "detector": {"iterations": 1, "options": tiny}, "metrics": ["Car_3d_moderate_R40_0.5"]}
        >>> result = sp.study(config, "tiny-study", jobs=1, report=False)
        >>> [(row["strategy"], row["frames"]) for row in result.scores]
        [('start', 2.0), ('random', 4.0)]
    """
    if isinstance(config, str | Path) and (Path(config) / SETTINGS).is_file():
        out = config if out is None else out
    asked = study_config(config, preset=preset, data=data, weights=weights, changes=changes, seeds=seeds)
    folder = Path("runs") / asked.name if out is None else Path(out)
    running = Study(asked, folder, jobs)
    failures = running.run(progress, on_change)
    page = None
    if report:
        with progress("Writing the report", STEPS) as advance:
            page = write_study_report(folder, advance=advance)
    return StudyResult(folder, len(running.experiments), failures, page)


def study_config(
    config: Config | None = None,
    *,
    preset: str | None = None,
    data: str | Path | None = None,
    weights: str | Path | None = None,
    changes: Mapping[str, Any] | Iterable[str] = (),
    seeds: int | Sequence[int] | None = None,
) -> StudyConfig:
    """What `study` would run, see there.

    Raises:
        ScanpickError: A key is unknown, a value does not fit, or neither a configuration nor a preset is given.
    """
    if (preset is None) == (config is None):
        raise ScanpickError("Give either a configuration or `preset=...`, such as `preset='simulated'`.")
    if preset is not None:
        given = {"data": None if data is None else str(data), "weights": None if weights is None else str(weights)}
        # What is changed by its place needs not be named otherwise
        if any(str(place).startswith("encoder.options") for place in changes):
            given["weights"] = given["weights"] or ""
        values, where = read_preset(preset, given), f"the preset '{preset}'"
    elif isinstance(config, str | Path):
        path = Path(config)
        values = read_study(path).model_dump(mode="json") if path.is_dir() else read_mapping(path)
        where = str(path)
    elif isinstance(config, StudyConfig):
        values, where = config.model_dump(mode="json"), "the study"
    else:
        values, where = dict(config or {}), "the study"
    values = overridden(values, changes)
    if seeds is not None:
        values["seeds"] = seeds if isinstance(seeds, int) else list(seeds)
    return StudyConfig.of(values, where)


@dataclass(frozen=True)
class StudyPlan:
    """What a study would do, and how long it takes.

    Attributes:
        name: The study's.
        data: What its data set says of itself.
        folds: Which frames may be labelled, and which are evaluated.
        seeds: It is repeated for each.
        trainings: All of them.
        jobs: Worker processes.
        rates: Seconds of a step and of a predicted frame, from a few timed ones.
    """

    name: str
    data: str
    folds: Sequence[Fold]
    seeds: Sequence[int]
    trainings: Sequence[PlannedTraining]
    jobs: int
    rates: Rates

    @property
    def seconds(self) -> float:
        """How long all of it takes."""
        return seconds_left(self.trainings, self.rates, self.jobs)


def plan_study(config: Config | None = None, out: str | Path | None = None, *, jobs: int = 0, **how: Any) -> StudyPlan:
    """Every training that `study` would do, and how long that takes; nothing is done but a few timed steps.

    Args:
        config: As in `study`.
        out: The study's folder, where something may be done already.
        jobs: Worker processes; 0 for all cores.
        **how: `preset`, `data`, `weights`, `changes` and `seeds` of `study`.

    Raises:
        ScanpickError: As `study`.
    """
    asked = study_config(config, **how)
    prepared = draft(asked)
    planned = plan_of(asked, experiments_of(asked, prepared, Path("runs") / asked.name if out is None else Path(out)))
    rates = measure_rates(asked, prepared)
    jobs = jobs or default_jobs(asked)
    return StudyPlan(asked.name, prepared.dataset.description, prepared.folds, asked.seeds, planned, jobs, rates)


def study_progress(folder: str | Path) -> dict[str, Any]:
    """How far a study is, also while it runs: planned, done and failed trainings, seconds left, each training.

    Raises:
        ScanpickError: The folder is that of no study that was begun.
    """
    return read_plan(Path(folder))
