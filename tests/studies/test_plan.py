"""The plan counts every training, and the time left is that of the work left."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanpick.studies.config import StudyConfig
from scanpick.studies.experiment import experiments_of
from scanpick.studies.plan import PlannedTraining, Rates, draft, plan_of, seconds_left
from tests.studies.toys import toy_values

RATES = Rates(step_s=0.5, frame_s=0.1)


def _planned(root: Path, **changes: object) -> list[PlannedTraining]:
    config = StudyConfig.of(toy_values(root, **changes))
    return plan_of(config, experiments_of(config, draft(config), root))


@pytest.fixture
def plan(toy_kitti: Path, toy_detector: None) -> list[PlannedTraining]:
    """One seed, two folds of 28 frames each: the start, random and uncertainty in two rounds, the whole pool."""
    return _planned(toy_kitti, seeds=[0], strategies=["random", "uncertainty"], reference=True)


def test_it_counts_frames_and_work(plan: list[PlannedTraining]) -> None:
    first = {one.place[2:5]: one for one in plan if one.place[1] == "1"}
    assert len(plan) == 2 * len(first) == 2 * (1 + 2 * 2 + 1)
    assert {place: one.frames for place, one in first.items()} == {
        **{(0, "start", ""): 4, (2, "all", ""): 28},
        **{(1, name, ""): 7 for name in ("random", "uncertainty")},
        **{(2, name, ""): 11 for name in ("random", "uncertainty")},
    }
    assert {place[:2]: one.scored for place, one in first.items() if one.scored} == {
        (1, "uncertainty"): 24,
        (2, "uncertainty"): 21,
    }
    assert {one.evaluated for one in plan} == {28}


def test_one_process_does_all_the_work(plan: list[PlannedTraining]) -> None:
    training = 20 * 0.5 + 28 * 0.1
    assert seconds_left(plan, RATES, 1) == pytest.approx(12 * training + 2 * (24 + 21) * 0.1)
    assert seconds_left(plan, RATES, 1, elapsed=10) == pytest.approx(seconds_left(plan, RATES, 1) - 10)
    assert seconds_left([], RATES, 1) == 0


def test_many_processes_wait_for_the_longest_chain(plan: list[PlannedTraining]) -> None:
    training = 20 * 0.5 + 28 * 0.1
    assert seconds_left(plan, RATES, 100) == pytest.approx(3 * training + (24 + 21) * 0.1)


def test_predictions_that_strategies_share_count_once(toy_kitti: Path, toy_detector: None) -> None:
    strategies = ["uncertainty", "badge", "uncertainty_herding"]
    planned = _planned(toy_kitti, seeds=[0], rounds=[3], strategies=strategies)
    training = 20 * 0.5 + 28 * 0.1
    assert seconds_left(planned, RATES, 1) == pytest.approx(2 * (4 * training + 24 * 0.1))


def test_repeated_trainings_are_planned_and_ask_about_the_pool_once(toy_kitti: Path, toy_detector: None) -> None:
    changes = {"seeds": [0], "strategies": ["random", "uncertainty"], "reference": True}
    once, twice = (_planned(toy_kitti, **changes, training_seeds=count) for count in (1, 2))
    assert len(twice) == 2 * len(once)
    assert [one for one in twice if one.place[-1] == 0] == once
    assert not any(one.scored for one in twice if one.place[-1] == 1)
