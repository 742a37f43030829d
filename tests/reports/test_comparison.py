"""Random selections are fair: same size, same frames, same labelled frames, same seed."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from scanpick.reports import comparison
from scanpick.reports.comparison import REPEATS, Measure, compare_coverage, compare_redundancy

VALUES = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
LABELLED = np.arange(60) % 13 == 0
PICKS = np.array([1, 7, 30, 59])


def test_coverage_against_random_equals_brute_force():
    steps = []
    result = compare_coverage(VALUES, PICKS, LABELLED, seed=3, advance=steps.append)
    assert steps == [1] * REPEATS
    rng = np.random.default_rng(3)
    radii = []
    for _ in range(REPEATS):
        chosen = rng.choice(np.flatnonzero(~LABELLED), size=4, replace=False)
        radii.append(cdist(VALUES, VALUES[[*np.flatnonzero(LABELLED), *chosen]]).min(axis=1).max())
    assert result.radius.random == pytest.approx(radii, rel=1e-6)
    nearest = cdist(VALUES, VALUES[[*np.flatnonzero(LABELLED), *PICKS]]).min(axis=1)
    assert result.distances == pytest.approx(nearest, rel=1e-6, abs=1e-12)
    assert result.radius.ours == pytest.approx(nearest.max(), rel=1e-6)
    assert result.mean.ours == pytest.approx(nearest.mean(), rel=1e-6)
    assert result.measured == 60


def test_a_large_pool_is_measured_on_a_sample_alike_for_all(monkeypatch):
    monkeypatch.setattr(comparison, "MOST_PRODUCTS", 1)
    values = np.random.default_rng(1).normal(size=(3000, 3)).astype(np.float32)
    result = compare_coverage(values, PICKS, np.zeros(3000, dtype=bool), seed=0)
    assert result.measured == 1000
    rows = np.unique(np.linspace(0, 2999, 1000).astype(int))
    nearest = cdist(values, values[PICKS]).min(axis=1)
    assert result.radius.ours == pytest.approx(nearest[rows].max(), rel=1e-6)
    assert result.distances == pytest.approx(nearest, rel=1e-6, abs=1e-12)


def test_redundancy_of_everything_is_one_for_random_too():
    line = np.column_stack([np.arange(-1, 9), np.append(np.arange(1, 10), -1)])
    measure = compare_redundancy(line, np.arange(10), np.zeros(10, dtype=bool), seed=0)
    assert measure.ours == 1
    assert (measure.random == 1).all()
    assert measure.change == 0


def test_no_change_is_told_where_random_is_zero():
    assert np.isnan(Measure(0.5, np.zeros(20)).change)
    assert Measure(0.5, np.full(20, 2.0)).change == -0.75
