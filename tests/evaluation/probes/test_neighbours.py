"""Retrieval, redundancy and robustness, against brute force and scikit-learn."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import average_precision_score, roc_auc_score

from scanpick.evaluation.probes.neighbours import (
    area_above,
    d_prime,
    near_in_time_score,
    redundancy_score,
    robustness_scores,
    same_drive_score,
    time_pairs,
)
from tests.evaluation.probes.made_up import drives


def _everything(seed=0, count=4, frames=12, step=1):
    sequences, times, values = drives(count, frames, seed=seed, dimension=3, noise=0.8)
    pairs = time_pairs(sequences, times * step, near_s=0.3, apart_s=0.6)
    draws = np.random.default_rng(seed).integers(0, 3, size=(5, len(times)))
    return sequences, times * step, values, cdist(values, values, "sqeuclidean"), pairs, draws


def test_pairs_are_near_apart_or_neither():
    sequences, times = np.array(["a", "a", "a", "a", "b"]), np.array([0.0, 0.3, 0.5, 2.0, 0.0])
    pairs = time_pairs(sequences, times, near_s=0.3, apart_s=0.6)
    assert pairs.near[0].tolist() == [False, True, False, False, False]
    assert pairs.apart[0].tolist() == [False, False, False, True, True]
    assert pairs.same_sequence[0].tolist() == [False, True, True, True, False]
    assert not np.diag(pairs.near | pairs.apart | pairs.same_sequence).any()


def test_same_drive_by_brute_force():
    sequences, _, values, distances, pairs, draws = _everything()
    sequences = sequences.copy()
    sequences[-1] = "alone"  # left out
    pairs = time_pairs(sequences, np.zeros(len(values)), near_s=0.3, apart_s=0.6)
    score = same_drive_score(distances, pairs, draws)
    each = []
    for row in range(len(values) - 1):
        others = [other for other in np.argsort(distances[row]) if other != row]
        wanted = (sequences == sequences[row]).sum() - 1
        each.append(np.mean(sequences[others[:wanted]] == sequences[row]))
    assert score.value == pytest.approx(np.mean(each))
    assert score.frames == len(values) - 1
    np.testing.assert_allclose(score.replicates, [np.average(each, weights=draw[:-1]) for draw in draws])


def test_near_in_time_by_brute_force():
    _, _, values, distances, pairs, draws = _everything()
    hits = []
    for row in range(len(values)):
        others = np.flatnonzero(pairs.near[row] | pairs.apart[row])
        hits.append(bool(pairs.near[row, others[distances[row, others].argmin()]]))
    score = near_in_time_score(distances, pairs, draws)
    assert score.value == pytest.approx(np.mean(hits))
    assert 0 < score.value < 1
    np.testing.assert_allclose(score.replicates, [np.average(hits, weights=draw) for draw in draws])


@pytest.mark.parametrize("rounded", [False, True])
def test_redundancy_is_scikit_learns_average_precision(rounded):
    """Also where many distances are equal."""
    _, _, _, distances, pairs, draws = _everything(seed=2)
    distances = distances.round(0) if rounded else distances
    score = redundancy_score(distances, pairs, draws)
    one, other = np.nonzero(np.triu(pairs.near | pairs.apart, k=1))
    near, ranked = pairs.near[one, other], -distances[one, other]
    assert score.value == pytest.approx(average_precision_score(near, ranked))
    for draw, replicate in zip(draws, score.replicates, strict=True):
        weights = draw[one] * draw[other]
        assert replicate == pytest.approx(average_precision_score(near, ranked, sample_weight=weights))
    assert score.chance == pytest.approx(near.mean())


def test_redundancy_of_perfect_and_of_constant_vectors():
    sequences, times, _, _, pairs, draws = _everything()
    places = np.unique(sequences, return_inverse=True)[1] * 100.0 + times
    perfect = np.abs(places[:, None] - places[None, :])
    assert redundancy_score(perfect, pairs, draws).value == pytest.approx(1.0)
    constant = redundancy_score(np.zeros_like(perfect), pairs, draws)
    assert constant.value == pytest.approx(constant.chance)


def test_robustness_is_the_area_under_the_curve():
    _, _, values, _, pairs, draws = _everything()
    rng = np.random.default_rng(3)
    rows = np.array([3, 10, 40])
    changed = values[rows] + 0.5 * rng.normal(size=(3, 3))
    scores = {s.metric: s for s in robustness_scores("turn", values, changed, rows, pairs.apart, draws)}
    areas, primes = [], []
    for row, vector in zip(rows, changed, strict=True):
        cosines = values @ vector / np.linalg.norm(values, axis=1) / np.linalg.norm(vector)
        others = cosines[pairs.apart[row]]
        areas.append(roc_auc_score([1] + [0] * len(others), [cosines[row], *others]))
        primes.append((cosines[row] - others.mean()) / others.std(ddof=1))
    assert scores["auc"].value == pytest.approx(np.mean(areas))
    assert scores["d-prime"].value == pytest.approx(np.mean(primes))
    np.testing.assert_allclose(scores["auc"].replicates[0], np.average(areas, weights=draws[0, rows]))


def test_robustness_of_degenerate_vectors():
    """Constant and zero vectors tell nothing, and are not an error."""
    assert area_above(1.0, np.ones(5)) == 0.5
    assert d_prime(1.0, np.ones(5)) == 0.0
    assert np.isnan([area_above(1.0, np.zeros(0)), d_prime(1.0, np.ones(1))]).all()
    _, _, values, _, pairs, draws = _everything()
    zero = np.zeros_like(values)
    scores = robustness_scores("turn", zero, zero[:2], np.array([0, 1]), pairs.apart, draws)
    assert [score.value for score in scores] == [0.5, 0.0, 0.0]
