"""ProbCover covers greedily, goes on when all is covered, and chooses its radius as it says."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection import Pool, select
from scanpick.selection.probcover import Purity
from tests.selection.oracles import distances
from tests.selection.pools import driving_pool


def line(*places, **arguments):
    return Pool(
        tuple(f"{n:02d}" for n in range(len(places))), {"e": np.array(places, dtype=float)[:, None]}, **arguments
    )  # fmt: skip


def probcover(pool, budget, **options):
    return select(pool, "probcover", budget, options={"metric": "euclidean", **options})


@pytest.mark.parametrize("labelled", [0, 9])
@pytest.mark.parametrize("duplicates", [0, 50])
def test_equals_plain_greedy(labelled, duplicates):
    pool = driving_pool(250, labelled=labelled, duplicates=duplicates)
    near = distances(pool.embedding()) < 0.8
    covered = near[:, pool.labelled].any(axis=1)
    found = probcover(pool, 40, delta=0.8)
    free = ~pool.labelled
    for frame_id, gain in zip(found.frame_ids, found.gains, strict=True):
        new = (near & ~covered[:, None]).sum(axis=0)
        row = int(np.argmax(np.where(free, new, -1)))
        if new[row] == 0:
            break
        assert (frame_id, gain) == (pool.frame_ids[row], new[row])
        covered |= near[:, row]
        free[row] = False
    assert found.gains[0] > 1


def test_a_ball_is_open():
    """Frames exactly delta apart do not cover each other."""
    assert probcover(line(0, 1, 2), 3, delta=1).gains.tolist() == [1, 1, 1]
    assert probcover(line(0, 1, 2), 1, delta=1.001).frame_ids == ("01",)


def test_it_goes_on_with_smaller_radii_and_says_so():
    """All within 10; then within 5, where 8 and 9 are left; then duplicates by id."""
    found = probcover(line(0, 0, 1, 8, 9), 5, delta=10)
    assert found.frame_ids[0] == "00"
    assert len(set(found.frame_ids)) == 5
    steps = found.summary["delta"]
    assert steps[0] == {"rank": 1, "delta": 10}
    assert steps[1]["rank"] == 2
    assert steps[1]["delta"] == 5
    assert "every frame that could be picked was covered within 10 after 1 picks" in found.summary["notes"][0]
    assert found.gains[-1] == 0  # the duplicate of 0


def test_labelled_frames_cover():
    pool = line(0, 1, 5, 6, labelled=[True, False, False, False])
    found = probcover(pool, 1, delta=2)
    assert found.frame_ids == ("02",)
    assert found.gains.tolist() == [2]
    assert found.summary["delta"] == [{"rank": 1, "delta": 2}]


def test_purity_is_exact():
    X = np.array([[0.0], [1], [2], [10], [11], [20]], dtype=np.float32)
    purity = Purity.of(X, np.array([0, 0, 0, 1, 1, 2]))
    assert purity.reach.tolist() == [8, 8, 9, 9, 9, 10]  # the nearest of another group: 10-2, 2-10, ...
    assert purity.at(8) == 1  # balls are open
    assert purity.at(8.01) == pytest.approx(4 / 6)
    assert purity.largest_radius(1.0) == 8
    assert purity.largest_radius(0.5) == 9
    assert purity.largest_radius(0.1) == 10
    assert purity.largest_radius(0.0) == np.inf
    assert Purity.of(X, np.zeros(6, dtype=int)).largest_radius(0.95) == np.inf
    assert Purity.of(X[:0], np.zeros(0, dtype=int)).at(3) == 1


def test_the_largest_pure_radius_is_found():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)).astype(np.float32)
    groups = (X[:, 0] > 0).astype(int)
    purity = Purity.of(X, groups)
    D = distances(X)

    def share(radius):
        return np.mean([(groups[row < radius] == group).all() for row, group in zip(D, groups, strict=True)])

    radius = purity.largest_radius(0.9)
    assert share(radius) == purity.at(radius) >= 0.9
    assert share(radius * (1 + 1e-6)) == purity.at(radius * (1 + 1e-6)) < 0.9


def test_an_estimate_is_in_the_summary():
    found = probcover(driving_pool(200), 10, clusters=5, alpha=0.9)
    curve, delta = found.summary["purity"], found.summary["delta"][0]["delta"]
    assert delta > 0
    assert [row["purity"] for row in curve] == sorted((row["purity"] for row in curve), reverse=True)
    at_delta = next(row for row in curve if row["delta"] == pytest.approx(delta))
    assert at_delta["purity"] >= 0.9


@pytest.mark.parametrize("labelled", [0, 5])
def test_a_grid_is_reported_as_a_curve(labelled):
    pool = driving_pool(200, labelled=labelled)
    grid = [0.3, 0.6, 1.2, 2.4]
    found = probcover(pool, 10, clusters=5, grid=grid)
    curve = found.summary["purity"]
    assert [row["delta"] for row in curve] == grid
    pure = [row["delta"] for row in curve if row["purity"] >= 0.95]
    delta = max(pure, default=grid[0])
    assert found.summary["delta"][0]["delta"] == delta
    assert found.frame_ids == probcover(pool, 10, delta=delta).frame_ids
    for row in curve:
        alone = probcover(pool, 10, delta=row["delta"])
        steps = alone.summary["delta"]
        picks = alone.frame_ids[: steps[1]["rank"] - 1 if len(steps) > 1 else None]
        rows = [*np.flatnonzero(pool.labelled), *(pool.frame_ids.index(frame_id) for frame_id in picks)]
        covered = (distances(pool.embedding())[:, rows] < row["delta"]).any(axis=1).mean()
        assert row["coverage"] == pytest.approx(covered)
    assert any("no radius of the grid" in note for note in probcover(pool, 3, grid=[50, 60]).summary["notes"])


def test_no_radius_is_pure_or_every_one_is():
    """Duplicates in different clusters, or one cluster: the spread of the pool stands in."""
    assert len(probcover(line(3, 3, 3, 3), 4, clusters=2)) == 4
    assert len(probcover(line(1, 2, 3, 9), 4, clusters=1)) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delta": 0}, "Option 'delta'"),
        ({"delta": float("nan")}, "Option 'delta'"),
        ({"alpha": 1.5}, "Option 'alpha'"),
        ({"grid": [0.1, -1]}, "expected radii above 0"),
        ({"delta": 100.0, "max_pairs": 50}, "pairs"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ScanpickError, match=message):
        probcover(driving_pool(), 3, **options)
