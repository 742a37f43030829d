"""What ``scanpick study`` prints: the plan, how far a study is, its scores, two studies side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.markup import escape

from scanpick.cli.output import console, log, print_json
from scanpick.reports.study.compare import compare_studies, comparison_tables
from scanpick.reports.tables import terminal_table
from scanpick.studies.config import StudyConfig
from scanpick.studies.experiment import experiments_of
from scanpick.studies.plan import draft, measure_rates, plan_of, seconds_left
from scanpick.studies.splits import Fold
from scanpick.studies.study import PLAN, default_jobs, mean_scores, read_plan
from scanpick.texts import parsing


def print_plan(config: StudyConfig, folder: Path, jobs: int, *, as_json: bool) -> None:
    """Show every training that a study would do, and how long that takes; nothing is done."""
    prepared = draft(config)
    planned = plan_of(config, experiments_of(config, prepared, folder))
    log.print("Timing a few training steps ...")
    rates = measure_rates(config, prepared)
    jobs = jobs or default_jobs(config)
    seconds = seconds_left(planned, rates, jobs)
    facts: dict[str, Any] = {
        "study": config.name,
        "data": prepared.dataset.description,
        "folds": [
            {"name": one.name, "pool": len(one.pool), "evaluation": len(one.evaluation)} for one in prepared.folds
        ],
        "seeds": list(config.seeds),
        "trainings": len(planned),
        "jobs": jobs,
        "seconds_per_training_step": rates.step_s,
        "seconds_per_predicted_frame": rates.frame_s,
        "seconds": seconds,
    }
    if as_json:
        print_json(facts)
        return
    title = f"{config.name}: {len(planned)} trainings, about {duration(seconds)} with {jobs} processes"
    table = terminal_table(title, ["round", "strategy", "frames", "steps", "trainings", "each about"], texts=(1,))
    groups: dict[tuple[int, str, str], list[Any]] = {}
    for one in planned:
        _, _, number, strategy, variant, _ = one.place
        groups.setdefault((number, strategy, variant), []).append(one)
    for (number, strategy, variant), ones in sorted(groups.items(), key=lambda item: item[0][0]):
        first = ones[0]
        each = duration(rates.training(first.iterations, first.evaluated))
        numbers = (str(first.frames), str(first.iterations), str(len(ones)), each)
        table.add_row(str(number), _named(strategy, variant), *numbers)
    console.print(table)
    for fold in prepared.folds:
        name = f"fold {fold.name}: " if fold.name else ""
        console.print(
            f"{name}{len(fold.pool)} frames may be labelled, {len(fold.evaluation)} are evaluated{_sets(fold)}"
        )
    again = f", {config.training_seeds} trainings each" if config.training_seeds > 1 else ""
    console.print(
        f"{len(config.seeds)} seeds{again}; a training step takes {rates.step_s:.2f} s on {config.threads} thread"
    )


def _sets(fold: Fold) -> str:
    """The evaluation sets with their sizes, where there are several."""
    named = ", ".join(f"{name} {len(frames)}" for name, frames in fold.sets.items())
    return f" ({named})" if named else ""


def print_status(folder: Path, *, as_json: bool) -> None:
    """Show how far a study is."""
    plan = read_plan(folder)
    if as_json:
        print_json({name: value for name, value in plan.items() if name != "trainings"})
        return
    with parsing(str(folder / PLAN), "the plan of a study"):
        left, failed = plan["seconds_left"], int(plan["failed"])
        told = "" if not left else f", about {duration(left)} left when it was last seen"
        title = f"{plan['study']}: {plan['done']} of {plan['planned']} trainings{told}"
        table = terminal_table(title, ["round", "strategy", "done", "planned"], texts=(1,))
        counts: dict[tuple[str, str, int], list[bool]] = {}
        for one in plan["trainings"]:
            counts.setdefault((one["strategy"], one["variant"], one["round"]), []).append(bool(one["done"]))
        for (strategy, variant, number), done in counts.items():
            table.add_row(str(number), _named(strategy, variant), str(sum(done)), str(len(done)))
    console.print(table)
    if failed:
        console.print(f"{failed} experiments failed. Go on with: scanpick study resume {escape(str(folder))}")


def print_scores(folder: Path, *, as_json: bool) -> None:
    """Show mean and deviation of the primary metric over seeds."""
    metric, facts = mean_scores(folder)
    if as_json:
        print_json({"study": str(folder), "metric": metric, "scores": facts})
        return
    headers = ["round", "strategy", "seeds", "frames", "boxes", "cost", "AP", "+-"]
    table = terminal_table(metric, headers, texts=(1,))
    for one in facts:
        deviation = "" if one["deviation"] is None else f"{one['deviation']:.1f}"
        cells = [str(one["round"]), _named(str(one["strategy"]), str(one["variant"])), str(one["seeds"])]
        cells += [f"{one[name]:.4g}" for name in ("frames", "boxes", "cost")]
        table.add_row(*cells, f"{one[metric]:.1f}", deviation)
    console.print(table)


def _named(strategy: str, variant: str) -> str:
    return escape(f"{strategy} {variant}".rstrip())


def print_comparison(first: Path, second: Path, *, as_json: bool) -> None:
    """Show what differs between two studies."""
    comparison = compare_studies(first, second)
    if as_json:
        print(json.dumps(comparison.as_dict(), indent=1, allow_nan=False))
        return
    for table in comparison_tables(comparison):
        console.print(table)
    for caution in comparison.cautions:
        console.print(escape(caution), highlight=False)


def duration(seconds: float) -> str:
    """In the largest units that matter: 45 s, 12 min, 3 h 20 min."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"
