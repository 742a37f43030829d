import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection.kernels.cover_graph import cover_graph
from scanpick.selection.kernels.coverage import CoveragePicker
from tests.selection.kernels.clouds import clouds, squared_to, walks

CLOUDS = clouds()


def edges(X, delta):
    """(N, N) bool: who lies strictly within delta of whom."""
    return np.sqrt(np.stack([squared_to(X, index) for index in range(len(X))])) < delta


def plain_probcover(X, delta, count, labelled=(), allowed=None, weights=None):
    """ProbCover as one would write it down, up to full coverage."""
    inside = edges(X, delta)
    allowed = np.ones(len(X), dtype=bool) if allowed is None else allowed.copy()
    weights = np.ones(len(X)) if weights is None else weights
    covered = np.zeros(len(X), dtype=bool)
    for index in labelled:
        covered |= inside[index]
        allowed[index] = False
    picks = []
    while len(picks) < count:
        gains = np.where(allowed, inside[:, ~covered].sum(axis=1) * weights, -1)
        best = int(np.argmax(gains))
        if gains[best] <= 0:
            break
        picks.append((best, gains[best]))
        allowed[best] = False
        covered |= inside[best]
    return picks


def run(picker, count):
    picks = []
    while len(picks) < count and (found := picker.best()) is not None:
        picks.append(found)
        picker.take(found[0])
    return picks


def radius(X, share):
    """A delta that a share of the distances is below, far from all of them or equal to one where they repeat."""
    return float(np.quantile(np.sqrt(squared_to(X, 0)), share))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", CLOUDS)
def test_graph_holds_exactly_the_pairs_below_delta(name, threads):
    X = CLOUDS[name]
    delta = max(radius(X, 0.2), 1e-30)
    graph = cover_graph(X, delta, threads)
    expected = edges(X, delta)
    np.fill_diagonal(expected, False)
    assert np.diff(graph.starts).tolist() == expected.sum(axis=1).tolist()
    for point in range(len(X)):
        assert set(graph.neighbours[graph.starts[point] : graph.starts[point + 1]]) == set(
            np.flatnonzero(expected[point])
        )


def test_a_pair_at_exactly_delta_is_no_edge():
    X = np.array([[0.0], [1.0], [2.5]], dtype=np.float32)
    assert len(cover_graph(X, 1.0).neighbours) == 0
    assert cover_graph(X, np.nextafter(1.0, 2.0)).neighbours.tolist() == [1, 0]


@pytest.mark.parametrize("name", ["walks", "unit", "duplicates", "integers", "zero vectors"])
def test_picks_and_gains_are_those_of_a_plain_loop(name):
    X = CLOUDS[name]
    delta = radius(X, 0.1)
    labelled = np.arange(0, len(X), 90)
    for kwargs in ({}, {"labelled": labelled}):
        picker = CoveragePicker(X, delta)
        picker.take_all(kwargs.get("labelled", np.empty(0, np.int64)))
        expected = plain_probcover(X, delta, 60, **kwargs)
        assert expected
        assert run(picker, len(expected)) == expected
        assert len(picker.deltas) == 1


def test_candidates_weights_and_forbidden_points():
    X = CLOUDS["walks"]
    rng = np.random.default_rng(0)
    allowed, weights = rng.random(len(X)) < 0.4, rng.uniform(0.5, 3, len(X))
    expected = plain_probcover(X, 0.4, 40, allowed=allowed, weights=weights)
    assert run(CoveragePicker(X, 0.4, allowed, weights), len(expected)) == expected
    picker = CoveragePicker(X, 0.4)
    picker.forbid(np.flatnonzero(~allowed))
    expected = plain_probcover(X, 0.4, 30, allowed=allowed)
    assert run(picker, len(expected)) == expected
    assert (picker.gains()[~allowed] == 0).all()


@pytest.mark.parametrize("name", ["walks", "duplicates", "integers", "constant", "one dimension", "tiny"])
def test_after_full_coverage_it_goes_on_with_a_smaller_delta_to_the_last_point(name):
    X = CLOUDS[name]
    delta = max(radius(X, 0.6), 1e-31)
    picker = CoveragePicker(X, delta)
    picks = run(picker, len(X) + 1)
    assert sorted(index for index, _ in picks) == list(range(len(X)))
    assert np.isfinite([gain for _, gain in picks]).all()
    if name == "constant":
        assert picker.deltas == [(0, delta)]
        assert [index for index, _ in picks] == list(range(len(X)))
    else:
        assert all(later[1] < earlier[1] for earlier, later in zip(picker.deltas, picker.deltas[1:], strict=False))
        for position, shorter in picker.deltas[1:]:
            assert picks[position][1] >= 1
            chosen = [index for index, _ in picks[:position]]
            assert plain_probcover(X, shorter, 1, labelled=chosen)[0] == picks[position]


def test_too_many_edges_stop_before_memory_does():
    with pytest.raises(ScanpickError, match=r"more than 1,000 pairs .* smaller delta"):
        cover_graph(CLOUDS["constant"], 1.0, max_edges=1000)
    with pytest.raises(ScanpickError, match="> 0, got 0"):
        cover_graph(CLOUDS["constant"], 0.0)


def test_pools_of_none_and_one():
    assert CoveragePicker(np.empty((0, 3), np.float32), 1.0).best() is None
    assert run(CoveragePicker(np.ones((1, 3), np.float32), 1.0), 5) == [(0, 1.0)]


@pytest.mark.golden
def test_reference_selections(golden):
    """Equal to the reference without its dropped batch, as long as something is left to cover."""
    data = np.load(golden / "selection" / "probcover.npz")
    cases = sorted({name.split("/")[0] for name in data.files})
    assert cases
    for case in cases:
        get = {name.split("/")[1]: data[name] for name in data.files if name.startswith(f"{case}/")}
        pool = np.concatenate([get["lSet"], get["uSet"]]).astype(np.int64)
        X = np.ascontiguousarray(get["features"][pool])
        picker = CoveragePicker(X, float(get["delta"]), threads=2)
        picker.take_all(np.arange(len(get["lSet"])))
        expected = get["selected_no_truncation"]
        picks = run(picker, len(expected))
        # The reference repeats itself once nothing is left to cover; here delta shrinks.
        useful = picker.deltas[1][0] - len(get["lSet"]) if len(picker.deltas) > 1 else len(expected)
        assert pool[[index for index, _ in picks[:useful]]].tolist() == expected[:useful].tolist()
        assert len({index for index, _ in picks}) == len(picks) == len(expected)
        assert set(pool[[index for index, _ in picks]]) <= set(get["uSet"])
        assert useful == len(expected) or get["coverage_float64"][-1] == 1


def test_cells_of_shuffled_rows_miss_no_pair():
    """Many short sequences, most without an anchor of their own at first."""
    X = np.random.default_rng(5).permutation(walks(2500, 40))
    expected = edges(X, 0.5)
    graph = cover_graph(X, 0.5, threads=2)
    assert np.diff(graph.starts).tolist() == (expected.sum(axis=1) - 1).tolist()
    assert expected[np.repeat(np.arange(len(X)), np.diff(graph.starts)), graph.neighbours].all()
