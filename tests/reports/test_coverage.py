"""Coverage is what a plain double loop in float64 says, for any prefix, duplicate or scale."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from scanpick.errors import ScanpickError
from scanpick.reports.coverage import coverage_curve, nearest_chosen, prefix_sizes, random_selections


def brute_distances(values, chosen):
    """(N,) distance to the nearest chosen row, by subtracting each from each."""
    rows = values.astype(np.float64)
    return np.min([np.linalg.norm(rows - rows[row], axis=1) for row in chosen], axis=0)


@pytest.mark.parametrize(("count", "dimension", "picked"), [(1, 1, 1), (2, 3, 2), (700, 5, 40), (1500, 17, 60)])
def test_curve_equals_brute_force(count, dimension, picked):
    rng = np.random.default_rng(count)
    values = rng.normal(5, 1, size=(count, dimension)).astype(np.float32)
    picks = rng.permutation(count)[:picked]
    sizes = prefix_sizes(picked, most=7)
    curve = coverage_curve(values, picks, sizes)
    expected = [brute_distances(values, picks[:size]) for size in sizes]
    np.testing.assert_allclose(curve.radius, [d.max() for d in expected], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(curve.mean, [d.mean() for d in expected], rtol=1e-9, atol=1e-12)


def test_any_sizes_up_to_the_whole_pool():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(90, 4)).astype(np.float32)
    picks = rng.permutation(90)
    for sizes in ([90], [1, 2, 3, 30, 31, 90], list(range(1, 91)), [7, 14, 21], [20, 60]):
        curve = coverage_curve(values, picks, np.array(sizes))
        expected = [brute_distances(values, picks[:size]) for size in sizes]
        np.testing.assert_allclose(curve.mean, [d.mean() for d in expected], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(curve.radius, [d.max() for d in expected], rtol=1e-9, atol=1e-12)


def test_labelled_frames_cover_too():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(200, 6)).astype(np.float32)
    labelled, picks = np.arange(10), np.arange(50, 60)
    curve = coverage_curve(values, picks, np.array([1, 10]), base=nearest_chosen(values, labelled))
    expected = brute_distances(values, np.concatenate([labelled, picks]))
    assert curve.radius[-1] == pytest.approx(expected.max(), rel=1e-12)
    assert curve.mean[-1] == pytest.approx(expected.mean(), rel=1e-12)


def test_a_sample_of_the_frames_can_be_measured():
    rng = np.random.default_rng(9)
    values, picks, rows = rng.normal(size=(300, 6)).astype(np.float32), np.array([3, 70]), np.arange(0, 300, 7)
    base = nearest_chosen(values, np.array([11]))
    curve = coverage_curve(values, picks, np.array([2]), base=base, measured=rows)
    expected = brute_distances(values, [11, 3, 70])[rows]
    assert curve.radius[0] == pytest.approx(expected.max(), rel=1e-12)
    assert curve.mean[0] == pytest.approx(expected.mean(), rel=1e-12)


def test_duplicates_far_from_the_origin_are_at_distance_zero():
    """Float32 products would put duplicates of a large vector far apart."""
    values = np.repeat(np.random.default_rng(2).normal(1e4, 1, size=(20, 64)).astype(np.float32), 30, axis=0)
    assert (nearest_chosen(values, np.arange(0, 600, 30)) == 0).all()
    nearly = values.copy()
    nearly[1] = np.nextafter(nearly[1], np.float32(np.inf))
    expected = brute_distances(nearly, range(0, 600, 30))
    assert expected[1] > 0
    np.testing.assert_allclose(nearest_chosen(nearly, np.arange(0, 600, 30)), expected, rtol=1e-6)


def test_whole_pool_and_constant_embeddings_have_radius_zero():
    values = np.random.default_rng(3).normal(size=(300, 8)).astype(np.float32)
    assert coverage_curve(values, np.arange(300), np.array([300])).radius[0] == 0
    assert coverage_curve(np.full((300, 8), 3.7, np.float32), np.arange(2), np.array([1])).radius[0] == 0


def test_nothing_chosen_covers_nothing():
    assert np.isinf(nearest_chosen(np.ones((3, 2), np.float32), np.zeros(0, np.int64))).all()
    assert len(coverage_curve(np.ones((3, 2), np.float32), np.zeros(0, np.int64), np.zeros(0)).radius) == 0


def test_one_thread_or_two_give_the_same_bits(monkeypatch):
    rng = np.random.default_rng(4)
    values, picks = rng.normal(size=(5000, 40)).astype(np.float32), rng.permutation(5000)[:300]
    sizes = prefix_sizes(300)
    results = []
    for threads in (1, 3):
        monkeypatch.setattr("os.cpu_count", lambda threads=threads: threads)
        with threadpool_limits(threads):
            results.append(coverage_curve(values, picks, sizes))
    assert np.array_equal(results[0].mean, results[1].mean)
    assert np.array_equal(results[0].radius, results[1].radius)


@pytest.mark.parametrize("sizes", [[0, 1], [2, 2], [3, 1], [1, 4]])
def test_wrong_sizes_are_an_error(sizes):
    with pytest.raises(ScanpickError, match="ascending numbers from 1 to 3"):
        coverage_curve(np.ones((5, 2), np.float32), np.arange(3), np.array(sizes))


def test_prefix_sizes_reach_from_one_to_all():
    for count in (1, 47, 48, 49, 1000, 20000):
        sizes = prefix_sizes(count)
        assert sizes[0] == 1
        assert sizes[-1] == count
        assert len(sizes) <= 48
        assert (np.diff(sizes) > 0).all()


def test_random_selections_repeat_by_seed_and_hold_no_duplicate():
    candidates = np.arange(100, 150)
    first, again = (random_selections(candidates, 30, 20, np.random.default_rng(7)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert all(len(set(one)) == 30 and set(one) <= set(candidates) for one in first)
    assert not np.array_equal(first[0], first[1])
