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
from scanpick.evaluation.study_statistics.paired import paired_differences
from scanpick.reports.study.folder import ALL, START, Arm, read_study
from scanpick.reports.study.scoreboard import Scoreboard, SeedValues, over_seeds
from scanpick.reports.study.words import metric_words, p_text, points, signed, with_interval
from scanpick.reports.tables import flat_settings, terminal_table

_NO_SETTINGS = ("name", "made_with.versions", "made_with.set_aside")


@dataclass(frozen=True)
class ArmDifference:
    """One strategy in both studies.

    Attributes:
        arm: Strategy and variant; "start" and "all" too.
        one: AP in the first study.
        other: AP in the second.
        difference: The second less the first over the seeds that both have.
        p_value: Of the sign-flip test of that difference.
        corrected_p: Corrected for all strategies of the comparison.
        verdict: "better" or "worse" (the second than the first), or "no evidence of a difference".
    """

    arm: str
    one: Estimate
    other: Estimate
    difference: Estimate
    p_value: float
    corrected_p: float
    verdict: str


@dataclass(frozen=True)
class StudyComparison:
    """What differs between two studies.

    Attributes:
        names: The two folders.
        metric: The metric compared.
        settings: Setting -> its value in each, "" where it is not given.
        arms: The strategies that both have.
        only: Strategies that only one has, by study.
        cautions: What makes the comparison weaker, in sentences.
    """

    names: tuple[str, str]
    metric: str
    settings: Mapping[str, tuple[str, str]]
    arms: tuple[ArmDifference, ...]
    only: tuple[tuple[str, ...], tuple[str, ...]]
    cautions: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {
            "studies": list(self.names),
            "metric": self.metric,
            "settings": {name: list(values) for name, values in self.settings.items()},
            "strategies": [
                {
                    "strategy": one.arm,
                    "ap": [one.one.value, one.other.value],
                    "seeds": [one.one.seeds, one.other.seeds],
                    "difference": one.difference.value,
                    "ci95": None if one.difference.interval is None else list(one.difference.interval),
                    "pairs": one.difference.seeds,
                    "p": _number(one.p_value),
                    "p_corrected": _number(one.corrected_p),
                    "verdict": one.verdict,
                }
                for one in self.arms
            ],
            "only": [list(names) for names in self.only],
            "cautions": list(self.cautions),
        }


def compare_studies(one: Path, other: Path, metric: str | None = None) -> StudyComparison:
    """Compare the second study with the first, strategy by strategy, in the round that each shows.

    Args:
        one: The folder of the first.
        other: The folder of the second.
        metric: What is compared; by default the first study's primary metric.

    Raises:
        ScanpickError: A folder is no study, they have no strategy in common, or no common metric.
    """
    first = Scoreboard(read_study(one, metric))
    second = Scoreboard(read_study(other, metric or first.folder.metric))
    mine, others = _finals(first), _finals(second)
    both = [arm for arm in mine if arm in others]
    if not both:
        raise ScanpickError(
            f"{one} and {other} have no strategy in common: {', '.join(map(str, mine)) or 'none'}; "
            f"{', '.join(map(str, others)) or 'none'}."
        )
    differences = {}
    for arm in both:
        # Each strategy has its own counterpart: the differences enter one correction together.
        shared = sorted(set(mine[arm]) & set(others[arm]))
        differences[str(arm)] = {seed: others[arm][seed] - mine[arm][seed] for seed in shared}
    seeds = {seed for of_seed in differences.values() for seed in of_seed}
    paired = paired_differences(differences, dict.fromkeys(seeds, 0.0))
    arms = tuple(
        ArmDifference(
            arm=str(arm),
            one=over_seeds(mine[arm]),
            other=over_seeds(others[arm]),
            difference=paired[str(arm)].difference,
            p_value=paired[str(arm)].p_value,
            corrected_p=paired[str(arm)].corrected_p,
            verdict=paired[str(arm)].verdict,
        )
        for arm in both
    )
    settings = _different_settings(first, second)
    return StudyComparison(
        (str(one), str(other)),
        first.folder.metric,
        settings,
        arms,
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
    for arm in comparison.arms:
        difference = with_interval(arm.difference, signed)
        cells = (_points(arm.one), _points(arm.other), difference, p_text(arm.corrected_p))
        arms.add_row(escape(arm.arm), *cells, "no evidence" if arm.verdict.startswith("no") else arm.verdict)
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
    told = []
    if any(name.startswith(("data", "split", "made_with.data", "classes")) for name in settings):
        told.append("The studies differ in their data or split: their APs are not of the same frames.")
    if set(first.seeds) != set(second.seeds):
        told.append(
            f"Seeds: {_listed(first.seeds)} and {_listed(second.seeds)}; differences are over those that both have."
        )
    if first.shown_round != second.shown_round:
        told.append(f"Compared after round {first.shown_round} of the first, round {second.shown_round} of the second.")
    frames = [board.folder.scores for board in (first, second)]
    labelled = [{s.frames for s in scores if s.arm.strategy == START} for scores in frames]
    if labelled[0] != labelled[1]:
        told.append("The starts differ in their number of frames, so that seeds are not paired by their start.")
    for board in (first, second):
        told += [f"{board.folder.name}: {text}" for text in board.notices() if "not finished" in text]
    return told


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
