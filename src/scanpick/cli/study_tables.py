"""What ``scanpick study`` prints: the plan, how far a study is, its scores, two studies side by side."""

from __future__ import annotations

import json
from pathlib import Path

from rich.markup import escape

from scanpick.cli.output import console, print_json
from scanpick.face.study import StudyPlan, study_progress
from scanpick.reports.study.compare import compare_studies, comparison_tables
from scanpick.reports.tables import terminal_table
from scanpick.studies.plan import PlannedTraining
from scanpick.studies.study import PLAN, mean_scores
from scanpick.texts import parsing


def print_plan(plan: StudyPlan, *, as_json: bool) -> None:
    """Show every training that a study would do, and how long that takes."""
    if as_json:
        print_json(
            {
                "study": plan.name,
                "data": plan.data,
                "folds": [
                    {"name": one.name, "pool": len(one.pool), "evaluation": len(one.evaluation)} for one in plan.folds
                ],
                "seeds": list(plan.seeds),
                "trainings": len(plan.trainings),
                "jobs": plan.jobs,
                "seconds_per_training_step": plan.rates.step_s,
                "seconds_per_predicted_frame": plan.rates.frame_s,
                "seconds": plan.seconds,
            }
        )
        return
    title = f"{plan.name}: {len(plan.trainings)} trainings, about {duration(plan.seconds)} with {plan.jobs} processes"
    table = terminal_table(title, ["round", "strategy", "frames", "steps", "trainings", "each about"], texts=(1,))
    groups: dict[tuple[int, str, str], list[PlannedTraining]] = {}
    for one in plan.trainings:
        _, _, number, strategy, variant = one.place
        groups.setdefault((number, strategy, variant), []).append(one)
    for (number, strategy, variant), ones in sorted(groups.items(), key=lambda item: item[0][0]):
        first = ones[0]
        each = duration(plan.rates.training(first.iterations, first.evaluated))
        numbers = (str(first.frames), str(first.iterations), str(len(ones)), each)
        table.add_row(str(number), _named(strategy, variant), *numbers)
    console.print(table)
    for fold in plan.folds:
        name = f"fold {fold.name}: " if fold.name else ""
        console.print(f"{name}{len(fold.pool)} frames may be labelled, {len(fold.evaluation)} are evaluated")
    console.print(f"{len(plan.seeds)} seeds; a training step takes {plan.rates.step_s:.2f} s")


def print_status(folder: Path, *, as_json: bool) -> None:
    """Show how far a study is."""
    plan = study_progress(folder)
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
