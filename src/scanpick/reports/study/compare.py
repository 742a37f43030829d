"""Two studies side by side: what differs in their settings, and in what each strategy reached, seed by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from scanpick.errors import ScanpickError
from scanpick.evaluation.study_statistics.estimates import Estimate
from scanpick.evaluation.study_statistics.paired import PairedDifference, paired_differences
from scanpick.reports.study.folder import ALL, START, Arm, read_study
from scanpick.reports.study.scoreboard import Scoreboard, SeedValues, difference, over_seeds
from scanpick.reports.study.words import metric_words, p_text, points, signed, with_interval
from scanpick.reports.tables import flat_settings, terminal_table

_NO_SETTINGS = ("name", "made_with.versions", "made_with.set_aside")


@dataclass(frozen=True)
class StudyComparison:
    """What differs between two studies.

    Attributes:
        names: The two folders.
        metric: The metric compared.
        settings: Setting -> its value in each, "" where it is not given.
        reached: Strategy that both have, "start" and "all" too -> AP in the first and in the second.
        differences: Strategy -> the second less the first, over the seeds that both have.
        only: Strategies that only one has, by study.
        cautions: What makes the comparison weaker, in sentences.
    """

    names: tuple[str, str]
    metric: str
    settings: Mapping[str, tuple[str, str]]
    reached: Mapping[str, tuple[Estimate, Estimate]]
    differences: Mapping[str, PairedDifference]
    only: tuple[tuple[str, ...], tuple[str, ...]]
    cautions: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        strategies = []
        for arm, paired in self.differences.items():
            one, other = self.reached[arm]
            interval = paired.difference.interval
            strategies.append(
                {
                    "strategy": arm,
                    "ap": [one.value, other.value],
                    "seeds": [one.seeds, other.seeds],
                    "difference": paired.difference.value,
                    "ci95": None if interval is None else list(interval),
                    "pairs": paired.difference.seeds,
                    "p": _number(paired.p_value),
                    "p_corrected": _number(paired.corrected_p),
                    "verdict": paired.verdict,
                }
            )
        return {
            "studies": list(self.names),
            "metric": self.metric,
            "settings": {name: list(values) for name, values in self.settings.items()},
            "strategies": strategies,
            "only": [list(names) for names in self.only],
            "cautions": list(self.cautions),
        }


def compare_studies(one: str | Path, other: str | Path, metric: str | None = None) -> StudyComparison:
    """Compare the second study with the first, strategy by strategy, in the round that each shows.

    Args:
        one: The folder of the first.
        other: The folder of the second.
        metric: What is compared; by default the first study's primary metric.

    Raises:
        ScanpickError: A folder is no study, they have no strategy in common, or no common metric.
    """
    first = Scoreboard(read_study(Path(one), metric))
    second = Scoreboard(read_study(Path(other), metric or first.folder.metric))
    mine, others = _finals(first), _finals(second)
    both = [arm for arm in mine if arm in others]
    if not both:
        raise ScanpickError(
            f"{one} and {other} have no strategy in common: {', '.join(map(str, mine)) or 'none'}; "
            f"{', '.join(map(str, others)) or 'none'}."
        )
    # Each strategy has its own counterpart: the differences enter one correction together.
    differences = {str(arm): difference(others[arm], mine[arm]) for arm in both}
    zero = dict.fromkeys((seed for of_seed in differences.values() for seed in of_seed), 0.0)
    settings = _different_settings(first, second)
    return StudyComparison(
        (str(one), str(other)),
        first.folder.metric,
        settings,
        {str(arm): (over_seeds(mine[arm]), over_seeds(others[arm])) for arm in both},
        paired_differences(differences, zero),
        (_only(mine, others), _only(others, mine)),
        tuple(_cautions(first, second, settings)),
    )


def comparison_tables(comparison: StudyComparison) -> list[Table]:
    """The comparison for the terminal: settings that differ, then strategies."""
    one, other = comparison.names
    settings = terminal_table("Settings that differ", ["setting", *comparison.names], texts=range(3), folded=range(3))
    for name, values in comparison.settings.items():
        settings.add_row(escape(name), *map(escape, values))
    headers = ["strategy", "first", "second", "second less first", "p", "verdict"]
    title = f"{metric_words(comparison.metric)}\nfirst: {one}, second: {other}"
    arms = terminal_table(title, headers, texts=(0, 5), folded=(0, 5))
    for arm, paired in comparison.differences.items():
        cells = (*map(_points, comparison.reached[arm]), with_interval(paired.difference, signed))
        verdict = "no evidence" if paired.verdict.startswith("no") else paired.verdict
        arms.add_row(escape(arm), *cells, p_text(paired.corrected_p), verdict)
    arms.caption = (
        "± deviation over seeds; 95% intervals over paired seeds; p of the sign-flip test, corrected; "
        "no evidence: no evidence of a difference"
    )
    arms.caption_justify = "left"
    return [settings, arms] if comparison.settings else [arms]


def _finals(board: Scoreboard) -> dict[Arm, SeedValues]:
    found = {Arm(START): board.start()} | {arm: board.ap(arm, board.shown_round) for arm in board.arms}
    found[Arm(ALL)] = board.full()
    return {arm: values for arm, values in found.items() if values}


def _different_settings(first: Scoreboard, second: Scoreboard) -> dict[str, tuple[str, str]]:
    mine, others = (dict(flat_settings(board.folder.settings)) for board in (first, second))
    return {
        name: (mine.get(name, ""), others.get(name, ""))
        for name in dict.fromkeys([*mine, *others])
        if mine.get(name) != others.get(name) and not name.startswith(_NO_SETTINGS)
    }


def _cautions(first: Scoreboard, second: Scoreboard, settings: Mapping[str, tuple[str, str]]) -> list[str]:
    cautions = []
    if any(name.startswith(("data", "split", "made_with.data", "classes")) for name in settings):
        cautions.append("The studies differ in their data or split: their APs are not of the same frames.")
    if set(first.seeds) != set(second.seeds):
        cautions.append(
            f"Seeds: {_listed(first.seeds)} and {_listed(second.seeds)}; differences are over those that both have."
        )
    if first.shown_round != second.shown_round:
        rounds = f"round {first.shown_round} of the first, round {second.shown_round} of the second"
        cautions.append(f"Compared after {rounds}.")
    frames = [board.folder.scores for board in (first, second)]
    labelled = [{s.frames for s in scores if s.arm.strategy == START} for scores in frames]
    if labelled[0] != labelled[1]:
        cautions.append("The starts differ in their number of frames, so that seeds are not paired by their start.")
    for board in (first, second):
        cautions += [f"{board.folder.name}: {text}" for text in board.notices() if "not finished" in text]
    return cautions


def _only(mine: Mapping[Arm, SeedValues], others: Mapping[Arm, SeedValues]) -> tuple[str, ...]:
    return tuple(str(arm) for arm in mine if arm not in others)


def _listed(seeds: tuple[int, ...]) -> str:
    return ", ".join(map(str, seeds)) or "none"


def _points(estimate: Estimate) -> str:
    if estimate.value is None:
        return "-"
    return points(estimate.value) + (f" ± {estimate.deviation:.1f}" if estimate.deviation is not None else "")


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
