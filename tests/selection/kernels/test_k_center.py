import numpy as np
import pytest

from scanpick.selection.kernels.k_center import KCenterPicker, k_center_greedy, plain_k_center
from scanpick.selection.kernels.nearest import NearestChosen
from tests.selection.kernels.clouds import clouds, squared_to, walks

CLOUDS = clouds()


def in_order(X):
    """Rows that come in runs."""
    return X


def shuffled(X):
    """The same rows in no order."""
    return X[np.random.default_rng(11).permutation(len(X))]


def run(picker, count):
    picks = []
    while len(picks) < count and (found := picker.best()) is not None:
        picks.append(found[0])
        picker.take(found[0])
    return picks


def test_the_plain_loop_by_hand():
    """On a line: the far end, the middle of the largest gap, then the lower of equals; weights and labels count."""
    X = np.array([[0.0], [1.0], [5.0], [9.0], [10.0]], dtype=np.float32)
    assert plain_k_center(X, 5) == [0, 4, 2, 1, 3]
    assert plain_k_center(X, 2, labelled=[0, 4]) == [2, 1]
    assert plain_k_center(X, 2, candidates=np.array([True, True, False, True, False])) == [0, 3]
    assert plain_k_center(X, 2, weights=np.array([1.0, 1.0, 3.0, 1.0, 1.0])) == [0, 2]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", CLOUDS)
def test_picks_are_those_of_a_plain_loop_to_the_last_point(name, threads):
    X = CLOUDS[name]
    picks, distances = k_center_greedy(X, len(X), start=0, threads=threads)
    assert picks.tolist() == plain_k_center(X, len(X))
    assert sorted(picks) == list(range(len(X)))
    assert np.isfinite(distances[1:]).all()
    assert (np.diff(distances) <= 0).all()


@pytest.mark.parametrize("name", ["walks", "duplicates", "integers", "constant"])
def test_labelled_points_are_covered_from_the_start(name):
    X = CLOUDS[name]
    labelled = np.random.default_rng(1).permutation(len(X))[: len(X) // 3]
    picks, distances = k_center_greedy(X, 200, labelled=labelled)
    assert picks.tolist() == plain_k_center(X, 200, labelled=labelled)
    assert np.isfinite(distances).all()


@pytest.mark.parametrize("rows", [in_order, shuffled])
def test_more_labelled_points_than_the_front_holds(rows):
    X = rows(walks(3000, 16))
    labelled = np.arange(0, 3000, 2)
    picks, _ = k_center_greedy(X, 50, labelled=labelled, threads=2)
    assert picks.tolist() == plain_k_center(X, 50, labelled=labelled)


@pytest.mark.parametrize("rows", [in_order, shuffled])
def test_many_picks_pass_through_every_stage_of_anchors(rows):
    X = rows(walks(4000, 12))
    picks, _ = k_center_greedy(X, 2500, start=5)
    assert picks.tolist() == plain_k_center(X, 2500, start=5)


@pytest.mark.parametrize("rows", [in_order, shuffled])
def test_candidates_and_weights_and_forbidden_points(rows):
    X = rows(CLOUDS["walks"])
    rng = np.random.default_rng(2)
    candidates, weights = rng.random(len(X)) < 0.5, rng.uniform(0.5, 2, len(X))
    start = int(np.flatnonzero(candidates)[3])
    picker = KCenterPicker(X, candidates, weights, start=start)
    assert run(picker, 300) == plain_k_center(X, 300, start=start, candidates=candidates, weights=weights)

    picker = KCenterPicker(X, candidates, start=start)
    assert picker.best()[0] == start
    picker.take(start)
    forbidden = np.flatnonzero(candidates)[10:400]
    picker.forbid(forbidden)
    expected = candidates.copy()
    expected[forbidden] = False
    expected[start] = True
    assert [start, *run(picker, 100)] == plain_k_center(X, 101, start=start, candidates=expected)


@pytest.mark.parametrize("name", ["duplicates", "walks"])
def test_gains_are_distances_times_weights_and_best_is_their_largest(name):
    X = CLOUDS[name]
    weights = np.random.default_rng(3).uniform(0.5, 2, len(X))
    picker = KCenterPicker(X, weights=weights, start=4)
    assert np.isinf(picker.gains()).all()
    picker.take_all(np.array([4, 9, 4]))
    nearest = np.sqrt(np.minimum(squared_to(X, 4), squared_to(X, 9)))
    expected = nearest * weights
    expected[[4, 9]] = 0
    np.testing.assert_allclose(picker.gains(), expected, rtol=1e-14)
    index, gain = picker.best()
    assert (index, gain) == (int(np.argmax(picker.gains())), picker.gains().max())
    assert picker.best() == (index, gain)


def test_starts_nearest_to_the_mean_or_at_the_largest_weight():
    X = CLOUDS["gaussian"]
    to_mean = np.square(X.astype(np.float64) - X.mean(axis=0, dtype=np.float64)).sum(axis=1)
    assert KCenterPicker(X).best() == (int(np.argmin(to_mean)), np.inf)
    weights = np.ones(len(X))
    weights[[7, 11]] = 3
    assert KCenterPicker(X, weights=weights).best()[0] == min((7, 11), key=lambda i: to_mean[i])


def test_pools_of_none_and_one():
    assert KCenterPicker(np.empty((0, 4), dtype=np.float32)).best() is None
    picks, distances = k_center_greedy(np.ones((1, 4), dtype=np.float32), 5)
    assert picks.tolist() == [0]
    assert distances.tolist() == [np.inf]
    assert KCenterPicker(np.ones((3, 2), dtype=np.float32), candidates=np.zeros(3, dtype=bool)).best() is None


@pytest.mark.parametrize("rows", [in_order, shuffled])
def test_memory_maps_and_any_number_of_threads_give_the_same_picks(tmp_path, rows):
    X = rows(walks(5000, 24))
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    expected = k_center_greedy(X, 700)
    for values, threads in ((mapped, 1), (mapped, 2), (X, 3)):
        picks, distances = k_center_greedy(values, 700, threads=threads)
        assert picks.tolist() == expected[0].tolist()
        assert distances.tolist() == expected[1].tolist()


@pytest.mark.parametrize("name", CLOUDS)
def test_late_distances_are_exact_and_name_the_earliest_nearest(name):
    X = CLOUDS[name]
    points = NearestChosen(X, threads=2)
    chosen = np.random.default_rng(4).permutation(len(X))[:330]
    everything = np.arange(len(X))
    for part in np.split(chosen, [1, 40, 300]):
        points.add(part)
        points.update(everything)
    squared = np.stack([squared_to(X, index) for index in chosen])
    np.testing.assert_allclose(points.state.squared, squared.min(axis=0), rtol=1e-14)
    assert (X[chosen[points.state.nearest]] == X[chosen[squared.argmin(axis=0)]]).mean() > 0.99
    assert (points.state.nearest <= squared.argmin(axis=0)).mean() > 0.99


def test_points_may_stay_behind_once_they_are_near_enough():
    X = CLOUDS["walks"]
    points = NearestChosen(X, threads=1)
    points.add(np.arange(0, len(X), 5))
    points.update(np.arange(len(X)), enough=0.3)
    exact = np.stack([squared_to(X, index) for index in range(0, len(X), 5)]).min(axis=0)
    far = points.state.squared > 0.3
    np.testing.assert_allclose(points.state.squared[far], exact[far], rtol=1e-14)
    assert (points.state.squared[~far] >= exact[~far] * (1 - 1e-14)).all()
    assert (far == (exact > 0.3)).all()


@pytest.mark.parametrize("rows", [in_order, shuffled])
def test_nothing_allowed_and_points_chosen_twice(rows):
    X = rows(walks(600, 16))
    nothing = KCenterPicker(X, candidates=np.zeros(600, dtype=bool))
    nothing.forbid(np.arange(600))
    assert [len(part) for part in nothing.pick(5)] == [0, 0]
    picker = KCenterPicker(X, start=3)
    picker.take_all(np.array([3, 9, 3, 9]))
    picker.take(9)
    picks, gains = picker.pick(1000)
    assert picks.tolist() == plain_k_center(X, 1000, labelled=[3, 9])
    assert (np.diff(gains) <= 0).all()
    assert [len(part) for part in KCenterPicker(X).pick(0)] == [0, 0]
