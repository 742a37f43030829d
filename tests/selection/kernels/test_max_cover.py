"""Facility location and herding pick what a naive greedy loop in float64 picks, whatever is kept, on any threads."""

from collections.abc import Callable

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection.kernels.max_cover import MaxCoverPicker, gaussian, negative_square

Make = Callable[..., MaxCoverPicker]


def herding(bandwidth: float) -> Make:
    def make(X: np.ndarray, point_weights: np.ndarray | None = None, **options: object) -> MaxCoverPicker:
        kernel = gaussian(X, bandwidth, point_weights)
        return MaxCoverPicker(X, kernel, point_weights=point_weights, **options)

    return make


KINDS: dict[str, tuple[Make, Callable[[np.ndarray], np.ndarray]]] = {
    "facility location": (lambda X, **o: MaxCoverPicker(X, negative_square(X), **o), lambda squared: -squared),
    "narrow herding": (herding(0.2), lambda squared: np.exp(-squared / (2 * 0.2**2))),
    "wide herding": (herding(3.0), lambda squared: np.exp(-squared / (2 * 3.0**2))),
}


def _points(count: int, dimensions: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    walk = (
        rng.normal(size=(count, dimensions)) * 0.2
        + np.repeat(rng.normal(size=(count // 20 + 1, dimensions)), 20, 0)[:count]
    )
    return walk.astype(np.float32)


def _pick(picker: MaxCoverPicker, count: int) -> list[tuple[int, float]]:
    picks: list[tuple[int, float]] = []
    while len(picks) < count and (found := picker.best()) is not None:
        picks.append(found)
        picker.take(found[0])
    return picks


def _naive(
    X: np.ndarray,
    count: int,
    similarity: Callable[[np.ndarray], np.ndarray],
    picker: MaxCoverPicker,
    labelled: tuple[int, ...] = (),
    weights: np.ndarray | None = None,
    point_weights: np.ndarray | None = None,
) -> list[tuple[int, float]]:
    wide = X.astype(np.float64)
    values = similarity(((wide[:, None] - wide[None]) ** 2).sum(axis=2))
    current = np.full(len(X), picker._similarity.least)
    for row in labelled:
        current = np.maximum(current, values[:, row])
    taken = np.zeros(len(X), dtype=bool)
    taken[list(labelled)] = True
    u = np.ones(len(X)) if point_weights is None else point_weights
    w = np.ones(len(X)) if weights is None else weights
    picks = []
    for _ in range(min(count, int((~taken).sum()))):
        gains = (np.maximum(values - current[:, None], 0) * u[:, None]).sum(axis=0) / picker._similarity.scale * w
        gains[taken] = -np.inf
        best = int(gains.argmax())
        picks.append((best, float(gains[best])))
        taken[best] = True
        current = np.maximum(current, values[:, best])
    return picks


def _assert_same(picks: list[tuple[int, float]], expected: list[tuple[int, float]]) -> None:
    assert [index for index, _ in picks] == [index for index, _ in expected]
    np.testing.assert_allclose([gain for _, gain in picks], [gain for _, gain in expected], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dimensions", [2, 37])
def test_equals_naive_greedy(kind: str, dimensions: int) -> None:
    make, similarity = KINDS[kind]
    X = _points(300, dimensions)
    # Points that weigh differently: two that have only each other would tie but for rounding.
    point_weights = np.random.default_rng(1).uniform(0.9, 1.1, 300)
    picker = make(X, point_weights=point_weights)
    _assert_same(_pick(picker, 80), _naive(X, 80, similarity, picker, point_weights=point_weights))


@pytest.mark.parametrize("kind", KINDS)
def test_equals_naive_greedy_with_all_options(kind: str) -> None:
    make, similarity = KINDS[kind]
    X, rng = _points(200, 8, seed=1), np.random.default_rng(2)
    options = {"weights": rng.uniform(0.5, 2, 200), "point_weights": rng.uniform(0, 1, 200)}
    labelled = (3, 77, 150)
    candidates = np.ones(200, dtype=bool)
    candidates[list(labelled)] = False
    picker = make(X, candidates=candidates, **options)
    picker.take_all(np.array(labelled))
    _assert_same(_pick(picker, 60), _naive(X, 60, similarity, picker, labelled, **options))


@pytest.mark.parametrize("kind", KINDS)
def test_late_evaluation_equals_eager_in_every_bit(kind: str) -> None:
    make, _ = KINDS[kind]
    X = _points(250, 16, seed=3)
    late, eager = make(X), make(X)
    for _ in range(50):
        gains = eager.gains()
        found = late.best()
        assert found == (int(gains.argmax()), float(gains.max()))
        late.take(found[0])
        eager.take(found[0])


@pytest.mark.parametrize("kind", KINDS)
def test_threads_and_storage_change_nothing(kind: str) -> None:
    make, _ = KINDS[kind]
    X = _points(700, 24, seed=4)
    expected = _pick(make(X), 40)
    assert _pick(make(X, threads=2), 40) == expected
    assert _pick(make(X, stored_bytes=0), 40) == expected
    assert _pick(make(X, stored_bytes=0, threads=2), 40) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_duplicates_tie_to_the_lowest_index_and_none_comes_twice(kind: str) -> None:
    make, _ = KINDS[kind]
    distinct = _points(30, 5, seed=5)
    X = distinct[np.random.default_rng(6).integers(0, 30, 120)]
    picker = make(X)
    picks = _pick(picker, 500)
    assert sorted(index for index, _ in picks) == list(range(120))
    assert all(np.isfinite(gain) and gain >= 0 for _, gain in picks)
    for index, gain in picks:
        if gain > 1e-6:
            same = (X[index] == X).all(axis=1)
            assert index == np.flatnonzero(same)[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "X", [np.zeros((0, 3)), np.zeros((1, 3)), np.zeros((5, 3)), np.full((4, 2), 1e18), np.ones((3, 0))]
)
def test_degenerate_points(kind: str, X: np.ndarray) -> None:
    picks = _pick(KINDS[kind][0](X.astype(np.float32)), 10)
    assert sorted(index for index, _ in picks) == list(range(len(X)))
    assert all(np.isfinite(gain) for _, gain in picks)


@pytest.mark.parametrize("kind", KINDS)
def test_forbidden_points_are_covered_but_not_picked(kind: str) -> None:
    make, _ = KINDS[kind]
    X = _points(60, 4, seed=7)
    picker = make(X)
    first = picker.best()
    assert first is not None
    picker.forbid(np.array([first[0]]))
    picker.forbid(np.array([first[0]]))
    picks = _pick(picker, 60)
    assert first[0] not in [index for index, _ in picks]
    assert len(picks) == 59


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, np.nan, np.inf])
def test_bandwidth_must_be_positive(bandwidth: float) -> None:
    with pytest.raises(ScanpickError, match="bandwidth"):
        gaussian(_points(5, 2), bandwidth)


def test_the_value_of_herding_goes_from_0_to_1() -> None:
    gains = [gain for _, gain in _pick(herding(0.5)(_points(50, 3)), 50)]
    assert min(gains) >= 0
    assert sum(gains) == pytest.approx(1)
