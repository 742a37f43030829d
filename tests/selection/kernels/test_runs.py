"""The kernel for rows that come in runs is exact on any rows: it only expects near ones to follow each other."""

import numpy as np
import pytest

from scanpick.selection.kernels import runs
from scanpick.selection.kernels.distances import CentredRows
from scanpick.selection.kernels.k_center import KCenterPicker, plain_k_center
from scanpick.selection.kernels.nearest import comes_in_runs
from scanpick.selection.kernels.runs import FarthestOfRuns
from tests.selection.kernels.clouds import clouds, squared_to, walks

CLOUDS = clouds()


def started(X: np.ndarray, allowed: np.ndarray | None = None, threads: int = 1, factors: np.ndarray | None = None):
    allowed = np.ones(len(X), dtype=bool) if allowed is None else allowed
    return FarthestOfRuns(CentredRows(X), allowed, factors, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", CLOUDS)
def test_picks_are_those_of_a_plain_loop_on_any_rows(name: str, threads: int) -> None:
    X = CLOUDS[name]
    farthest = started(X, threads=threads)
    farthest.forbid(np.array([0]))
    farthest.add(np.array([0]))
    picks, squared = farthest.pick(len(X))
    assert [0, *picks] == plain_k_center(X, len(X))
    assert (np.diff(squared) <= 0).all()
    assert farthest.farthest() is None


def test_one_by_one_is_the_same_as_many_at_once() -> None:
    X = CLOUDS["walks"]
    many, one = started(X), started(X)
    for farthest in (many, one):
        farthest.forbid(np.array([7]))
        farthest.add(np.array([7]))
    picks, squared = many.pick(700)
    for index, value in zip(picks, squared, strict=True):
        assert one.farthest() == (index, value)
        one.forbid(np.array([index]))
        one.add(np.array([index]))


def test_factors_and_rows_that_are_not_allowed() -> None:
    X = CLOUDS["walks"]
    rng = np.random.default_rng(3)
    weights, allowed = rng.uniform(0.5, 2, len(X)), rng.random(len(X)) < 0.6
    allowed[5] = False
    farthest = started(X, allowed.copy(), factors=np.square(weights))
    farthest.add(np.array([5]))
    forbidden = np.flatnonzero(allowed)[::7]
    farthest.forbid(forbidden)
    allowed[forbidden] = False
    expected = plain_k_center(X, 200, labelled=[5], candidates=allowed, weights=weights)
    assert farthest.pick(200)[0].tolist() == expected


@pytest.mark.parametrize("name", ["walks", "duplicates", "huge"])
def test_distances_of_allowed_rows_are_exact_after_an_update(name: str) -> None:
    X = CLOUDS[name]
    farthest = started(X, threads=2)
    chosen = np.random.default_rng(4).permutation(len(X))[:330]
    for part in np.split(chosen, [1, 40, 300]):
        farthest.forbid(part)
        farthest.add(part)
        farthest.update()
    squared = np.stack([squared_to(X, index) for index in chosen])
    rest = np.setdiff1d(np.arange(len(X)), chosen)
    np.testing.assert_allclose(farthest.state.squared[rest], squared.min(axis=0)[rest], rtol=1e-14)
    assert (farthest.state.nearest[rest] <= squared.argmin(axis=0)[rest]).mean() > 0.99


def test_columns_beyond_the_table_of_bounds_are_compared_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    X = walks(3000, 16)
    expected = plain_k_center(X, 900)
    monkeypatch.setattr(runs, "last_column", lambda anchors, data_bytes: 300)
    farthest = started(X)
    farthest.forbid(np.array([0]))
    farthest.add(np.array([0]))
    assert [0, *farthest.pick(899)[0]] == expected


def test_runs_are_cut_where_rows_jump_and_frames_come_in_them() -> None:
    X = walks(6400, 48)
    starts = started(X).state.starts
    assert set(range(100, 6400, 100)) <= set(starts.tolist())  # each walk is 100 rows long
    assert np.diff(starts).max() <= runs.LONGEST
    assert np.diff(starts).mean() > runs.LONGEST / 4  # and not at every row
    assert comes_in_runs(CentredRows(X))
    assert isinstance(KCenterPicker(X)._farthest, FarthestOfRuns)
    shuffled = X[np.random.default_rng(0).permutation(len(X))]
    assert not comes_in_runs(CentredRows(shuffled))
    few = 400
    assert KCenterPicker(shuffled, start=0).pick(few)[0].tolist() == plain_k_center(shuffled, few)
