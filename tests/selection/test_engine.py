"""The greedy loop equals plain greedy choices, keeps its books, and says what it did."""

import json

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection import Pool, select
from scanpick.selection.diversity import Diversity
from tests.selection.oracles import distances, k_center
from tests.selection.pools import driving_pool


def shuffled(pool, seed=1):
    return pool.take(np.random.default_rng(seed).permutation(len(pool)))


@pytest.mark.parametrize("labelled", [0, 9])
@pytest.mark.parametrize("duplicates", [0, 50])
@pytest.mark.parametrize("start", ["mean", "first"])
def test_diversity_is_farthest_first_in_the_order_of_ids(labelled, duplicates, start):
    pool = driving_pool(labelled=labelled, duplicates=duplicates)
    rows, gains = k_center(pool.embedding(), 60, np.flatnonzero(pool.labelled), start=start)
    found = select(shuffled(pool), "diversity", 60, options={"start": start})
    assert found.frame_ids == tuple(pool.frame_ids[row] for row in rows)
    np.testing.assert_allclose(found.gains, gains, rtol=1e-12)
    np.testing.assert_allclose(found.distances[1:], gains[1:], rtol=1e-12)  # the gain is the distance


def test_excluded_frames_do_not_count():
    """Not even for the mean that a selection starts at; they may hold NaN."""
    pool = driving_pool()
    X = pool.embedding().copy()
    X[::3] = np.nan
    excluded = np.arange(len(pool)) % 3 == 0
    whole = Pool(pool.frame_ids, {"toy": X}, excluded=excluded)
    kept = Pool(np.array(pool.frame_ids)[~excluded], {"toy": X[~excluded]})
    found = select(whole, "diversity", 20)
    assert found.frame_ids == select(kept, "diversity", 20).frame_ids
    assert found.summary["frames"]["set_aside"] == 40


def test_share_is_of_all_usable_frames():
    pool = driving_pool(labelled=20)
    excluded = np.zeros(len(pool), dtype=bool)
    excluded[np.flatnonzero(~pool.labelled)[:10]] = True
    pool = Pool(pool.frame_ids, pool.embeddings, pool.labelled, excluded)
    found = select(pool, "random", "10.9%")
    assert len(found) == 11  # 10.9% of 110 is 11.99
    assert found.summary["budget"] == "10.9% of 110 = 11 frames"


def test_more_than_can_be_picked_is_an_error_unless_at_most():
    pool = driving_pool(labelled=20)
    with pytest.raises(ScanpickError, match="larger than what can be picked: 100 frames"):
        select(pool, "random", 101)
    found = select(pool, "random", 101, at_most=True)
    assert len(found) == 100
    assert "every frame that can be picked is picked" in found.summary["stopped_early"]
    with pytest.raises(ScanpickError, match=r"budget of 10000 objects .* larger"):
        select(pool, "random", "10000 objects")


def test_budget_of_the_whole_pool_takes_every_frame_once():
    pool = driving_pool(labelled=20, duplicates=30)
    found = select(pool, "diversity", 100)
    assert len(set(found.frame_ids)) == 100
    assert found.summary["stopped_early"] == ""
    assert found.summary["left"] == 0


@pytest.mark.parametrize("count", [0, 1])
def test_the_smallest_pools(count):
    pool = driving_pool().take(np.arange(count))
    found = select(pool, "diversity", count)
    assert len(found) == count
    assert found.nearest_selected == ("",) * count
    assert len(select(pool, "diversity", 0)) == 0


def test_all_labelled():
    pool = Pool(("a", "b"), {"e": np.eye(2)}, labelled=[True, True])
    assert len(select(pool, "diversity", 0)) == 0
    with pytest.raises(ScanpickError, match="2 are labelled already"):
        select(pool, "diversity", 1)
    assert len(select(pool, "diversity", 1, at_most=True)) == 0


def test_zero_vectors_with_cosine():
    X = np.array([[0, 0], [0, 0], [3, 0], [0.5, 0], [0, 1]])
    found = select(Pool(tuple("abcde"), {"e": X}), "diversity", 5, options={"metric": "cosine", "start": "first"})
    assert found.frame_ids[:3] == ("a", "c", "e")  # zero to unit is 1 everywhere; then c to e is sqrt 2 but a is nearer
    np.testing.assert_allclose(found.gains, [np.inf, 1, 1, 0, 0])


def test_constant_embeddings_go_by_id():
    found = select(Pool(tuple("dcba"), {"e": np.ones((4, 3))}), "diversity", 4)
    assert found.frame_ids == tuple("abcd")
    assert found.gains.tolist() == [np.inf, 0, 0, 0]


def test_cost_is_spent_by_gain_per_cost_and_never_exceeded():
    """Against a plain greedy choice over the frames that still fit."""
    pool = driving_pool(labelled=5)
    found = select(shuffled(pool), "diversity", "20 EUR at 1/frame + 0.3/box")
    costs = 1 + 0.3 * pool.expected_boxes
    D, chosen, left, expected = distances(pool.embedding()), list(np.flatnonzero(pool.labelled)), 20.0, []
    while True:
        fits = (costs <= left + 1e-9) & ~np.isin(np.arange(len(pool)), chosen)
        if not fits.any():
            break
        best = int(np.argmax(np.where(fits, D[:, chosen].min(axis=1) / costs, -1)))
        chosen.append(best)
        expected.append(pool.frame_ids[best])
        left -= costs[best]
    assert found.frame_ids == tuple(expected)
    assert found.summary["spent"] <= 20
    np.testing.assert_allclose(found.costs.sum(), found.summary["spent"])
    np.testing.assert_allclose(found.summary["left"], 20 - found.summary["spent"])
    assert found.summary["unit"] == "EUR"


def test_objects_are_spent_and_empty_frames_do_not_flood_in():
    pool = driving_pool()
    found = select(pool, "random", "50 objects")
    boxes = dict(zip(pool.frame_ids, pool.expected_boxes, strict=True))
    assert found.costs.tolist() == [boxes[frame_id] for frame_id in found.frame_ids]
    assert found.costs.sum() == 50
    assert found.costs[-1] > 0  # once the budget is spent, frames that cost nothing are not added


def test_frames_without_cost_only():
    pool = Pool(("a", "b"), {"e": np.eye(2)}, expected_boxes=[0, 0])
    assert len(select(pool, "diversity", "0 objects")) == 0
    assert len(select(pool, "diversity", "5 objects", at_most=True)) == 0


def test_costs_that_sum_up_to_the_budget_fit_in_spite_of_rounding():
    pool = Pool(tuple("abc"), {"e": np.eye(3)})
    assert len(select(pool, "random", "0.3 at 0.1/frame")) == 3


def test_uncertainty_takes_the_highest_scores():
    pool = driving_pool(labelled=9)
    scores = np.where(pool.labelled, np.nan, pool.scores["margin"])
    pool = Pool(pool.frame_ids, scores={"margin": scores, "other": -scores}, labelled=pool.labelled)
    ranked = np.argsort(np.where(pool.labelled, np.inf, -scores), kind="stable")[:7]
    found = select(shuffled(pool), "uncertainty", 7)
    assert found.frame_ids == tuple(pool.frame_ids[row] for row in ranked)
    np.testing.assert_array_equal(found.gains, scores[ranked])
    assert found.nearest_selected == ("",) * 7  # there is no embedding
    assert len(select(pool, "uncertainty", 7, options={"score": "other"})) == 7


@pytest.mark.parametrize(
    ("scores", "budget", "options", "message"),
    [
        ({}, 1, {}, "has no scores"),
        ({"s": [1, 2, 3]}, 1, {"score": "z"}, "Unknown score 'z'"),
        ({"s": [1, np.nan, np.inf]}, 1, {}, r"frames b \(nan\), c \(inf\)"),
        ({"s": [1, -2, 3]}, "1 objects", {}, r"0 or more, got others for the frames b \(-2\)"),
    ],
)
def test_scores_are_checked(scores, budget, options, message):
    pool = Pool(tuple("abc"), scores={name: np.array(s) for name, s in scores.items()}, expected_boxes=[1, 1, 1])
    with pytest.raises(ScanpickError, match=message):
        select(pool, "uncertainty", budget, options=options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strategy": "k_centre", "budget": 1}, "Unknown strategy 'k_centre'. Did you mean 'k_center'"),
        ({"budget": 1, "options": {"metrik": "cosine"}}, "Unknown option of strategy 'diversity', 'metrik'"),
        ({"budget": 1, "options": {"metric": "manhattan"}}, "Option 'metric' of strategy 'diversity'"),
        ({"budget": 1, "options": {"embedding": "x"}}, "Unknown embedding 'x'"),
        ({"budget": 1, "constraints": {"min_gap": 3}}, "Unknown option of the constraints, 'min_gap'"),
        ({}, "Say how much to select"),
    ],
)
def test_unknown_things_are_named(arguments, message):
    with pytest.raises(ScanpickError) as found:
        select(driving_pool(), **arguments)
    assert message in str(found.value)


def test_nan_in_an_embedding_names_the_frames():
    X = np.zeros((4, 2))
    X[1, 0], X[3, 1] = np.nan, np.inf
    with pytest.raises(ScanpickError, match="NaN or infinity in frames b, d"):
        Pool(tuple("abcd"), {"e": X})


def test_unknown_and_repeated_ids():
    pool = Pool(tuple("abcd"), {"e": np.zeros((4, 2))})
    assert pool.mask(["d", "a"]).tolist() == [True, False, False, True]
    with pytest.raises(ScanpickError, match=r"1 of 2 labelled frames are not in the pool of 4 frames: z"):
        pool.mask(["a", "z"])
    with pytest.raises(ScanpickError, match="duplicates: a"):
        pool.mask(["a", "a"])
    with pytest.raises(ScanpickError, match="duplicates: a"):
        Pool(("a", "b", "a"))


def test_summary_is_plain_json():
    pool = driving_pool(labelled=3)
    found = select(pool, "diversity", "5%", seed=3, constraints={"min_gap_s": 0.5, "max_per_sequence": 3})
    summary = json.loads(json.dumps(found.summary, allow_nan=False))
    assert summary["constraints"] == {"min_gap_s": 0.5, "max_per_sequence": 3}
    assert summary["options"] == {"embedding": None, "metric": "euclidean", "start": "mean"}
    assert summary["frames"] == {
        "pool": 120, "set_aside": 0, "filtered_out": 0, "labelled": 3, "selectable": 117, "picked": 6,
    }  # fmt: skip
    assert summary["seed"] == 3


def test_a_strategy_as_an_object():
    pool = driving_pool()
    found = select(pool, Diversity(start="first"), 5)
    assert found.frame_ids == select(pool, "diversity", 5, options={"start": "first"}).frame_ids
    assert found.strategy == "diversity"
    with pytest.raises(ScanpickError, match="already has its own"):
        select(pool, Diversity(), 5, options={"start": "first"})


def test_a_column_of_numbers_serves_as_a_score():
    pool = driving_pool()
    found = select(pool, "uncertainty", 5, options={"score": "speed_mps"})
    assert found.gains.tolist() == sorted(pool.metadata["speed_mps"], reverse=True)[:5]
    with pytest.raises(ScanpickError, match="Unknown score 'weather'"):
        select(pool, "uncertainty", 5, options={"score": "weather"})


def test_vectors_of_no_numbers_are_refused():
    with pytest.raises(ScanpickError, match="at least one number"):
        Pool(("a",), {"e": np.zeros((1, 0))})
    assert len(select(Pool((), {"e": np.zeros((0, 0))}), "diversity", 0)) == 0


def test_threads_are_checked():
    with pytest.raises(ScanpickError, match="Threads: expected 1 or more, got 0"):
        select(driving_pool(), "diversity", 1, threads=0)
