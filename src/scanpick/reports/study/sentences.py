"""What a study's report says in words: no more than its numbers carry."""

from __future__ import annotations

import math

from scanpick.evaluation.study_statistics.curves import Needed
from scanpick.evaluation.study_statistics.estimates import Estimate
from scanpick.evaluation.study_statistics.paired import FEWEST_TO_SHOW, LEVEL, PairedDifference
from scanpick.evaluation.study_statistics.power import MOST, POWER
from scanpick.evaluation.study_statistics.resampling import FEWEST
from scanpick.reports.numbers import count, percent, plural, significant
from scanpick.reports.study.folder import REFERENCE
from scanpick.reports.study.results import ArmResult, GridResult, StudyResults, dice_of
from scanpick.reports.study.scoreboard import AXES, AXIS_PLURAL, Axis
from scanpick.reports.study.words import (
    interval_text,
    p_text,
    points,
    signed,
    signed_percent,
    with_interval,
)


def subtitle(results: StudyResults) -> str:
    """Strategies, seeds and rounds in short."""
    board = results.board
    parts = [plural(len(results.shown), "strategy", "strategies"), plural(len(board.seeds), "seed")]
    parts.append(plural(board.planned_rounds, "round"))
    detectors = dict.fromkeys(score.texts.get("detector", "") for score in board.folder.scores)
    iterations = sorted({int(text) for s in board.folder.scores if (text := s.texts.get("iterations", "")).isdigit()})
    if any(detectors):
        parts.append(f"detector {', '.join(filter(None, detectors))}")
    if iterations:
        parts.append(f"{' / '.join(count(number) for number in iterations)} iterations a training")
    return " · ".join(parts)


def findings(results: StudyResults) -> list[str]:
    """What the page opens with."""
    told = [headline(results)]
    compared = [(one.arm, one.paired) for one in results.shown if one.paired is not None and one.paired.differences]
    for verdict, opening in (("better", "Better than random"), ("worse", "Worse than random")):
        named = [f"{arm} ({_difference(paired)})" for arm, paired in compared if paired.verdict == verdict]
        if named:
            told.append(f"{opening}: {', '.join(named)}.")
    told.append(dice_sentence(results))
    told.append(too_few_seeds(results))
    alike = [str(arm) for arm, paired in compared if paired.verdict == "no evidence of a difference"]
    if alike:
        which = " for any strategy" if len(alike) == len(compared) else f": {', '.join(alike)}"
        told.append(f"No evidence of a difference to random{which}.")
    return [text for text in told if text]


def headline(results: StudyResults) -> str:
    """Where the study's curve lies: the start, random, the whole pool."""
    parts = []
    if results.start.value is not None:
        parts.append(f"The start reaches {points(results.start.value)}% AP")
    random = results.reference
    if random is not None and random.ap.value is not None:
        parts.append(f"random picks {points(random.ap.value)}%")
    if results.full.value is not None:
        parts.append(f"the whole pool {points(results.full.value)}%")
    best = max((one for one in results.shown if one.ap.value is not None), key=_ap, default=None)
    if best is not None and best.arm.strategy != REFERENCE:
        parts.append(f"the highest mean has {best.arm} with {points(_ap(best))}%")
    text = ", ".join(parts)
    return text[:1].upper() + text[1:] + "." if text else ""


def difference_sentences(results: StudyResults) -> list[str]:
    """One sentence for each strategy: its difference to random and what may be said about it."""
    told = []
    for one in results.shown:
        paired = one.paired
        if paired is None:
            continue
        if not paired.differences:
            told.append(f"{one.arm}: there is no seed that random has, too.")
            continue
        seeds = plural(len(paired.differences), "seed")
        numbers = f"{_difference(paired)} over {seeds}; {_why_sure(paired, results.compared)}"
        if paired.verdict == "no evidence of a difference":
            told.append(f"{one.arm}: no evidence of a difference to random ({numbers}). {_needed(paired)}".rstrip())
        else:
            told.append(f"{one.arm} is {paired.verdict} than random ({numbers}).")
    return told


def too_few_seeds(results: StudyResults) -> str:
    """That the test cannot show anything with so few seeds, which a reader must know before all else; or nothing."""
    paired = [one.paired for one in results.every if one.paired and one.paired.differences]
    if not paired or min(one.smallest_p for one in paired) < LEVEL:
        return ""
    most = max(paired, key=lambda one: len(one.differences))
    clear = [str(one.arm) for one in results.shown if one.paired and _clear_of_zero(one.paired.difference)]
    rest = f" The intervals of {', '.join(clear)} do not hold 0: more seeds may show it." if clear else ""
    return (
        f"{plural(len(most.differences), 'seed')} cannot show a difference at the level of {LEVEL:g}, however large it "
        f"is: the sign-flip test gives no p-value below {p_text(most.smallest_p)}. It takes {FEWEST_TO_SHOW} seeds at "
        f"least.{rest}"
    )


def dice_sentence(results: StudyResults) -> str:
    """How much of a difference is chance of training; nothing where no training was repeated."""
    dice = dice_of(results.board.folder)
    if dice is None:
        return ""
    return (
        f"The dice: trained {dice.trainings} times on the same frames, AP has a deviation of {points(dice.deviation)} "
        f"points ({plural(dice.selections, 'set')} of frames). Scores are means of {dice.trainings}, so that "
        f"{points(dice.deviation * (2 / dice.trainings) ** 0.5)} points between two strategies on one seed are chance."
    )


def method_notes(results: StudyResults) -> list[str]:
    """How the statistics were made."""
    pairs = [len(one.paired.differences) for one in results.every if one.paired and one.paired.differences]
    if not pairs:
        return []
    told = []
    if max(pairs) < FEWEST:
        told.append(f"There are no intervals with fewer than {FEWEST} seeds.")
    else:
        told.append(
            "Intervals are 95% bootstrap intervals over seeds, widened for few seeds; with 5 seeds they cover the true "
            "value in about 92% of all cases, with 3 in 75%. They say how other starts and trainings would have come "
            "out on these evaluation frames, not how other drives would have."
        )
    told.append(
        f"Differences are paired: all strategies of a seed share the start, its detector and the training seed. p is "
        f"that of the two-sided sign-flip test; corrected for {plural(results.compared, 'comparison')}"
        f"{', every variant of a grid among them,' if results.grids else ''} by flipping a seed for all strategies at "
        f"once (step-down, Westfall and Young), and beside it after Holm. A strategy is called better or worse only "
        f"where the interval does not hold 0 and the corrected p is below {LEVEL:g}. Seeds needed: to see a difference "
        f"of the size found with {percent(POWER)} power, by a paired t-test at {LEVEL:g} divided by the number of "
        f"comparisons, and {FEWEST_TO_SHOW} at least."
    )
    return told


def grid_sentences(grid: GridResult, results: StudyResults) -> list[str]:
    """What the best variant of a grid is worth."""
    best = next(one for one in results.every if one.arm == grid.best)
    told = [
        f"{grid.best.variant} is the best of {len(grid.variants)} variants with {points(_ap(best))}% AP on average. It "
        f"is the best by these very scores, which flatters it."
    ]
    if grid.honest is not None and grid.honest.value is not None:
        difference = grid.honest_difference
        against = ""
        if difference is not None and difference.value is not None:
            against = f", {with_interval(difference, signed)} points to random"
        told.append(
            f"Chosen for each seed by the other seeds, the variant reaches {points(grid.honest.value)}%{against}: that "
            f"is what choosing it beforehand would have brought."
        )
    return told


def saving_sentences(results: StudyResults) -> list[str]:
    """Labels that each strategy saves on the way to random's final AP."""
    random = results.reference
    if random is None or random.gain.value is None:
        return []
    if random.gain.value <= 0:
        return ["Random ends no higher than the start: there is no way to it on which labels could be saved."]
    told, never = [], []
    for one in results.shown:
        known = {axis: needed for axis in AXES if (needed := one.needed[axis]) is not None}
        if one.arm.strategy == REFERENCE or not known:
            continue
        if not any(math.isfinite(needed.value) for needed in known.values()):
            share = max(needed.reached for needed in known.values())
            never.append(f"{one.arm}{f' (in {percent(share)} of the resamples it does)' if share >= 0.005 else ''}")
            continue
        told.append(f"{one.arm}: {'; '.join(_saving(needed, axis) for axis, needed in known.items())}.")
    if never:
        told.append(f"Never there with what they labelled: {', '.join(never)}.")
    return told


def price_sentences(results: StudyResults) -> list[str]:
    """Which strategies' frames are dearer than random's in objects."""
    random = results.reference
    if random is None or not random.added["frames"].value or not random.added["boxes"].value:
        return []
    usual = random.added["boxes"].value / random.added["frames"].value
    parts = []
    for one in results.shown:
        frames, boxes = one.added["frames"].value, one.added["boxes"].value
        if one.arm.strategy != REFERENCE and frames and boxes:
            parts.append(f"{one.arm} {significant(boxes / frames)} ({signed_percent(boxes / frames / usual - 1)})")
    return [f"Objects in a frame added: random {significant(usual)}; {', '.join(parts)}."] if parts else []


def _saving(needed: Needed, axis: Axis) -> str:
    what, share = AXIS_PLURAL[axis], needed.saved_of_added
    if not math.isfinite(needed.value):
        return f"{what} not reached"
    if share >= 0.005:
        how = f"saves {percent(share)} of the {what}"
    elif share <= -0.005:
        how = f"{percent(-share)} more {what}"
    else:
        how = "the same cost" if axis == "cost" else f"as many {what}"
    interval = interval_text(needed.interval_of_added, signed_percent, "not reached")
    between = f" ({interval})" if interval else ""
    return f"{how}{between}"


def _difference(paired: PairedDifference) -> str:
    value = paired.difference.value
    return "n/a" if value is None else f"{signed(value)} points"


def _why_sure(paired: PairedDifference, compared: int) -> str:
    interval = interval_text(paired.difference.interval, signed)
    told = f"95% interval {interval}" if interval else paired.difference.note
    corrected = f", corrected {p_text(paired.corrected_p)}" if compared > 1 else ""
    return f"{told}; p {p_text(paired.p_value)}{corrected}"


def _needed(paired: PairedDifference) -> str:
    if paired.difference.deviation is None:
        return ""
    if paired.seeds_needed is None:
        return f"More than {count(MOST)} seeds would be needed to see a difference of this size."
    return f"About {count(paired.seeds_needed)} seeds would be needed to see a difference of this size."


def _clear_of_zero(estimate: Estimate) -> bool:
    return estimate.interval is not None and not estimate.interval[0] <= 0 <= estimate.interval[1]


def _ap(one: ArmResult) -> float:
    return float("-inf") if one.ap.value is None else one.ap.value
