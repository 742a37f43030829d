"""The numbers of a study's report, against what was put into its scores."""

import numpy as np
import pytest

from scanpick.reports.study.folder import Arm, read_study
from scanpick.reports.study.results import chosen_on_other_seeds, study_results
from scanpick.reports.study.scoreboard import Scoreboard
from tests.reports.study.conftest import METRIC, read_rows, write_rows


def results_of(folder):
    return study_results(read_study(folder))


def arm(results, name):
    return next(one for one in results.every if str(one.arm) == name)


def test_known_effects_are_found(fake_study):
    """Three rounds of 4, 6 and 2 points a round: +6 and -6 to random, and the rest follows from it."""
    results = results_of(fake_study(noise=0.0, boxes={"uncertainty": 12.0}))
    random, diversity, uncertainty = (arm(results, name) for name in ("random", "diversity", "uncertainty"))
    assert results.start.value == pytest.approx(np.mean([s.metrics[METRIC] for s in _starts(results)]))
    assert results.full.value == pytest.approx(60, abs=1)
    assert random.gain.value == pytest.approx(12)
    assert random.paired is None
    assert diversity.paired.difference.value == pytest.approx(6)
    assert (diversity.paired.verdict, uncertainty.paired.verdict) == ("better", "worse")
    assert diversity.relative.value == pytest.approx(0.5)
    assert uncertainty.relative.value == pytest.approx(-0.5)
    # 30 frames were added: 6 objects a frame, 12 for uncertainty; cost is 2 a frame and 0.5 an object.
    assert diversity.added["frames"].value == 30
    assert diversity.added["boxes"].value == 180
    assert uncertainty.added_of["Car"].value == pytest.approx(360 * 0.75)
    assert diversity.per_point["frames"].value == pytest.approx(30 / 18)
    assert diversity.per_point["boxes"].value == pytest.approx(180 / 18)
    assert uncertainty.per_point["cost"].value == pytest.approx((30 * 2 + 360 * 0.5) / 6)
    # Straight curves: the mean height is half way up; random's end is reached after 20 of 30 frames.
    assert diversity.area_differences["frames"].value == pytest.approx(3)
    assert diversity.needed["frames"].saved_of_added == pytest.approx(1 / 3)
    assert diversity.needed["frames"].value == pytest.approx(40)
    assert uncertainty.needed["frames"].value == np.inf


def test_areas_end_where_the_first_strategy_ends(fake_study):
    """Uncertainty labels twice the objects: over objects the others are compared up to their own end only."""
    results = results_of(fake_study(noise=0.0, seeds=3, boxes={"uncertainty": 12.0}))
    start = results.start.value
    # Random ends at 180 objects added; uncertainty has then 2 points for 120 objects a round: 3 points.
    assert arm(results, "random").area["boxes"].value == pytest.approx(start + 6)
    assert arm(results, "uncertainty").area["boxes"].value == pytest.approx(start + 1.5)


def test_a_strategy_that_gains_nothing_has_no_price(fake_study):
    results = results_of(fake_study(gains={"random": 4.0, "useless": 0.0, "harmful": -3.0}))
    for name in ("useless", "harmful"):
        assert arm(results, name).per_point["frames"].value is None
        assert arm(results, name).per_point["frames"].note.startswith("not defined")
    nothing = results_of(fake_study("other", gains={"random": 0.0, "diversity": 4.0}))
    assert arm(nothing, "diversity").relative.note.startswith("not defined")


def test_grid_shows_its_best_and_what_choosing_it_is_worth(fake_study):
    variants = {"probcover": {"delta=0.1": 3.0, "delta=0.3": 5.5, "delta=0.5": 4.0}}
    results = results_of(fake_study(noise=1.0, variants=variants))
    grid = results.grids[0]
    assert (grid.strategy, str(grid.best), len(grid.variants)) == ("probcover", "probcover (delta=0.3)", 3)
    assert [str(one.arm) for one in results.shown] == ["random", "diversity", "uncertainty", "probcover (delta=0.3)"]
    assert results.compared == 5  # every variant is a comparison
    assert grid.honest.value <= arm(results, str(grid.best)).ap.value + 1e-9
    assert grid.honest_difference.value == pytest.approx(4.5, abs=1.5)


def test_choosing_on_other_seeds_by_hand():
    a, b = Arm("x", "1"), Arm("x", "2")
    values = {a: {0: 1.0, 1: 9.0, 2: 1.0}, b: {0: 4.0, 1: 0.0, 2: 4.0}}
    # Without seed 0, a has 5 on average and b 2; without 1, b has 4; without 2, a has 5.
    assert chosen_on_other_seeds(values) == {0: 1.0, 1: 0.0, 2: 1.0}
    assert chosen_on_other_seeds({a: {0: 1.0}, b: {0: 2.0}}) == {}


def test_best_of_a_grid_is_looked_for_where_most_seeds_are(fake_study):
    """One lucky seed of a variant that is not done yet does not win."""
    folder = fake_study(seeds=3, variants={"probcover": {"delta=0.1": 3.0, "delta=0.3": 9.0}})
    rows = [r for r in read_rows(folder / "scores.csv") if not (r["variant"] == "delta=0.3" and r["seed"] != "0")]
    write_rows(folder / "scores.csv", rows)
    assert str(results_of(folder).grids[0].best) == "probcover (delta=0.1)"


def test_seeds_are_paired(fake_study):
    """A strategy that lacks a seed is compared over the others, whatever that seed brought random."""
    folder = fake_study(noise=0.0)
    rows = read_rows(folder / "scores.csv")
    rows = [r for r in rows if not (r["strategy"] == "diversity" and r["seed"] == "3")]
    for row in rows:
        if row["seed"] == "3":
            row[METRIC] = str(float(row[METRIC]) + 30)
    write_rows(folder / "scores.csv", rows)
    found = arm(results_of(folder), "diversity")
    assert found.paired.difference.value == pytest.approx(6)
    assert sorted(found.paired.differences) == [0, 1, 2, 4, 5]
    assert found.needed["frames"].seeds == 5


def test_empty_cells_do_not_count_and_are_named(fake_study):
    folder = fake_study(seeds=4, noise=0.0)
    rows = read_rows(folder / "scores.csv")
    for row in rows:
        if (row["strategy"], row["seed"], row["round"]) == ("diversity", "1", "3"):
            row[METRIC] = ""
    write_rows(folder / "scores.csv", rows)
    results = results_of(folder)
    assert arm(results, "diversity").ap.seeds == 3
    assert any("diversity, seed 1, round 3" in text for text in results.board.notices())


def test_unfinished_study_is_compared_where_it_is_complete(fake_study):
    folder = fake_study(seeds=3, rounds=3)
    rows = [r for r in read_rows(folder / "scores.csv") if r["strategy"] in ("start", "random") or r["round"] == "1"]
    write_rows(folder / "scores.csv", [r for r in rows if r["strategy"] != "uncertainty"])
    results = results_of(folder)
    assert results.board.shown_round == 1
    assert arm(results, "diversity").paired.difference.value == pytest.approx(2, abs=1.5)
    told = " ".join(results.board.notices())
    assert "The study is not finished: 15 of 30 trainings are done. There is nothing yet of uncertainty." in told
    assert "Compared after round 1 of 3" in told


def test_the_plan_counts_better(fake_study):
    folder = fake_study(plan={"done": 7, "planned": 70})
    assert any("7 of 70 trainings" in text for text in results_of(folder).board.notices())
    assert not results_of(fake_study("done", plan={"done": 70, "planned": 70})).board.notices()[1:]


@pytest.mark.parametrize("seeds", [1, 2])
def test_one_or_two_seeds(fake_study, seeds):
    results = results_of(fake_study(seeds=seeds, variants={"probcover": {"delta=0.1": 3.0, "delta=0.3": 5.0}}))
    found = arm(results, "diversity")
    assert found.ap.interval is None
    assert found.relative.interval is None
    assert found.needed["frames"].interval is None
    assert found.paired.verdict == "no evidence of a difference"
    assert (results.grids[0].honest is None) == (seeds == 1)


def test_without_random_nothing_is_compared(fake_study):
    results = results_of(fake_study(gains={"diversity": 6.0, "typiclust": 5.0}))
    assert results.reference is None
    assert all(one.paired is None for one in results.every)
    assert any("'random' is not among those done" in text for text in results.board.notices())


def test_only_a_start(fake_study):
    folder = fake_study(full=None)
    write_rows(folder / "scores.csv", [r for r in read_rows(folder / "scores.csv") if r["strategy"] == "start"])
    results = results_of(folder)
    assert results.shown == ()
    assert results.start.seeds == 6
    assert results.full.value is None


def test_order_of_strategies_is_that_of_the_settings(fake_study):
    board = Scoreboard(read_study(fake_study(gains={"typiclust": 1.0, "diversity": 2.0, "random": 3.0})))
    assert [str(one) for one in board.arms] == ["random", "typiclust", "diversity"]


def _starts(results):
    return [score for score in results.board.folder.scores if score.arm.strategy == "start"]
