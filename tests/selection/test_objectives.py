"""Each objective equals its formula, and the combined selection the product of their powers at every step."""

import dataclasses

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection import ObjectEmbeddings, Pool, combined, select
from scanpick.selection.objectives import make_objective
from scanpick.selection.strategy import Request
from tests.selection.oracles import distances
from tests.selection.pools import driving_pool


def request(pool):
    return Request(~pool.labelled, None, 10, None, np.random.default_rng(0), 1)


def start(pool, kind, **options):
    return make_objective({"type": kind, **options}).values(pool, request(pool))


def follow(pool, kind, chosen, **options):
    """Values after some frames were taken, for frames that can be picked."""
    values = start(pool, kind, **options)
    for row in chosen:
        values.take(row)
    rows = np.flatnonzero(free(pool, chosen))
    assert (values.bounds()[rows] >= values.at(rows)).all()
    return values.at(rows)


def free(pool, chosen):
    mask = ~pool.labelled
    mask[list(chosen)] = False
    return mask


@pytest.mark.parametrize("embedding", ["toy", "other"])
def test_diversity_is_the_distance_to_the_nearest_chosen_frame(embedding):
    pool = driving_pool(labelled=4)
    chosen = [row for row in (3, 50, 77) if not pool.labelled[row]]
    D = distances(pool.embedding(embedding))
    expected = D[:, np.concatenate([np.flatnonzero(pool.labelled), chosen])].min(axis=1)
    found = follow(pool, "diversity", chosen, embedding=embedding)
    np.testing.assert_allclose(found, expected[free(pool, chosen)], rtol=1e-12)


def test_diversity_says_nothing_before_the_first_choice():
    assert (start(driving_pool(), "diversity").bounds() == 1).all()


@pytest.mark.parametrize("pool_by", ["sum", "mean", "max"])
@pytest.mark.parametrize("labelled", [0, 3])
def test_objects_are_worth_what_they_add(pool_by, labelled):
    pool = driving_pool(labelled=labelled)
    table, chosen = pool.objects["crops"], [8, 30, 31]
    taken = np.isin(table.frame_index, [*chosen, *np.flatnonzero(pool.labelled)])
    D = distances(table.values)
    nearest = D[:, taken].min(axis=1)
    reduce = {"sum": np.sum, "mean": np.mean, "max": np.max}[pool_by]
    expected = np.array([
        reduce(nearest[table.frame_index == row]) if (table.frame_index == row).any() else 0 for row in range(len(pool))
    ])  # fmt: skip
    found = follow(pool, "objects", chosen, pool_by=pool_by)
    np.testing.assert_allclose(found, expected[free(pool, chosen)], rtol=1e-12)


def test_before_the_first_choice_every_object_counts_one():
    pool = driving_pool()
    counts = np.bincount(pool.objects["crops"].frame_index, minlength=len(pool))
    np.testing.assert_array_equal(start(pool, "objects").bounds(), counts)


def test_objects_follow_their_frames_when_the_pool_is_sorted():
    pool = driving_pool()
    shuffled = pool.take(np.random.default_rng(0).permutation(len(pool)))
    options = {"objectives": [{"type": "objects"}]}
    assert (
        select(pool, "combined", 9, options=options).frame_ids
        == select(shuffled, "combined", 9, options=options).frame_ids
    )


def test_weight_scales():
    pool = Pool(tuple("abcd"), scores={"s": np.array([3.0, 1.0, 1.0, 9.0])}, metadata={"n": np.array([1, 2, 3, 4])})
    assert start(pool, "weight", column="s").bounds().tolist() == [3, 1, 1, 9]
    assert start(pool, "weight", column="s * 2 + n").bounds().tolist() == [7, 4, 5, 22]
    assert start(pool, "weight", column="s", scale="min_max").bounds().tolist() == [0.25, 0, 0, 1]
    assert start(pool, "weight", column="s", scale="min_max", prefer="low").bounds().tolist() == [0.75, 1, 1, 0]
    assert start(pool, "weight", column="s", scale="rank").bounds().tolist() == [0.75, 0.5, 0.5, 1]
    assert start(pool, "weight", column="s", scale="rank", prefer="low").bounds().tolist() == [0.5, 1, 1, 0.25]
    assert start(pool, "weight", column="n > 2").bounds().tolist() == [0, 0, 1, 1]


def test_similarity_is_the_cosine_to_the_nearest_example(tmp_path):
    X = np.array([[2, 0], [0, 3], [-1, 0], [1, 1], [0, 0]])
    pool = Pool(tuple("abcde"), {"e": X})
    half = np.sqrt(0.5)
    to = [1, 0.5, 0, (1 + half) / 2, 0.5]
    np.testing.assert_allclose(start(pool, "similarity", frames=["a"]).bounds(), to, atol=1e-7)
    away = start(pool, "similarity", frames=["a"], direction="away").bounds()
    np.testing.assert_allclose(away, 1 - np.array(to), atol=1e-7)
    two = start(pool, "similarity", frames=["a", "b"]).bounds()
    np.testing.assert_allclose(two, [1, 1, 0.5, (1 + half) / 2, 0.5], atol=1e-7)
    np.save(tmp_path / "x.npy", np.array([[7.0, 0.0]]))
    np.testing.assert_allclose(start(pool, "similarity", file=tmp_path / "x.npy").bounds(), to, atol=1e-7)


def test_balance_is_one_less_the_total_variation_distance():
    pool = Pool(
        tuple("abcd"), labelled=[True, False, False, False], class_counts={"Car": [3, 1, 0, 0], "Van": [0, 0, 2, 0]}
    )
    found = follow(pool, "balance", [], target={"Car": 1, "Van": 1})
    # With a labelled: b gives 4 cars; c gives 3 cars and 2 vans; d holds nothing
    np.testing.assert_allclose(found, [0.5, 1 - 0.1, 0])
    np.testing.assert_allclose(follow(pool, "balance", [2]), [1 - (4 / 6 - 0.5), 0])  # equal shares by default
    np.testing.assert_allclose(follow(pool, "balance", [], count_labelled=False), [0.5, 0.5, 0])


def test_balance_of_a_column_ignores_or_avoids_other_values():
    pool = Pool(tuple("abc"), metadata={"w": np.array(["rain", "dry", "fog"])})
    target = {"rain": 0.25, "dry": 0.75}
    np.testing.assert_allclose(start(pool, "balance", by="w", target=target).bounds(), [0.25, 0.75, 0])
    np.testing.assert_allclose(start(pool, "balance", by="w", target=target, others="avoid").bounds(), [0.25, 0.75, 0])
    chosen = follow(pool, "balance", [1], by="w", target=target, others="avoid")
    np.testing.assert_allclose(chosen, [0.75, 0.5])  # dry and rain; dry and fog


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        ({"type": "diversty"}, "Unknown objective 'diversty'. Did you mean 'diversity'"),
        ({}, "Unknown objective ''"),
        ({"type": "diversity", "strenght": 2}, "Unknown option of objective 'diversity', 'strenght'"),
        ({"type": "diversity", "strength": 0}, "Option 'strength' of objective 'diversity'"),
        ({"type": "diversity", "embedding": "x"}, "Unknown embedding 'x'"),
        ({"type": "objects", "objects": "x"}, "Unknown embedding of objects 'x'"),
        ({"type": "weight"}, "needs the option 'column'"),
        ({"type": "weight", "column": "entropi"}, "Did you mean 'entropy'"),
        ({"type": "weight", "column": "weather"}, "expected numbers in 'weather', got text"),
        ({"type": "weight", "column": "-entropy"}, "expected numbers of 0 or more"),
        ({"type": "weight", "column": "entropy", "prefer": "low"}, "low numbers need the scale"),
        ({"type": "weight", "column": "entropy / 0 - entropy / 0", "scale": "rank"}, "expected numbers of 0 or more"),
        ({"type": "similarity"}, "either frames or a file"),
        ({"type": "similarity", "frames": ["zz"]}, "1 of 1 example frames are not in the pool"),
        ({"type": "similarity", "file": "no.npy"}, "no.npy: cannot be read"),
        ({"type": "balance", "target": {"Cra": 1}}, "Did you mean 'Car'"),
        ({"type": "balance", "by": "weather", "target": {"snow": 1}}, "no frame has weather = 'snow'"),
        ({"type": "balance", "target": {"Car": -1}}, "shares of 0 or more"),
    ],
)
def test_objectives_that_make_no_sense(objective, message):
    with pytest.raises(ScanpickError) as found:
        select(driving_pool(), "combined", 3, options={"objectives": [objective]})
    assert message in str(found.value)


def test_an_objective_that_the_pool_cannot_answer():
    for objective, message in (("objects", "embeddings of objects"), ("balance", "classes in each frame")):
        with pytest.raises(ScanpickError, match=message):
            select(Pool(("a",)), "combined", 1, options={"objectives": [{"type": objective}]})


def test_examples_of_another_shape_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((2, 9)))
    with pytest.raises(ScanpickError, match=r"expected examples of shape \(n, 6\), got float64 \(2, 9\)"):
        start(driving_pool(), "similarity", file=tmp_path / "x.npy")


def test_combined_is_greedy_on_the_product_of_powers():
    """Every step against the formulas written out, with costs, labelled frames and two embeddings."""
    pool = driving_pool(labelled=5)
    objectives = [
        {"type": "diversity"},
        {"type": "diversity", "embedding": "other", "strength": 0.5},
        {"type": "weight", "column": "entropy", "strength": 2},
        {"type": "balance", "by": "weather", "target": {"rain": 1, "dry": 2, "fog": 1}},
    ]
    found = select(pool, "combined", "25 at 1/frame + 0.2/box", options={"objectives": objectives})
    D, E = distances(pool.embedding("toy")), distances(pool.embedding("other"))
    weather, names = pool.metadata["weather"], ["rain", "dry", "fog"]
    target, costs = np.array([0.25, 0.5, 0.25]), 1 + 0.2 * pool.expected_boxes
    chosen, left = list(np.flatnonzero(pool.labelled)), 25.0
    for number, frame_id in enumerate(found.frame_ids):
        counts = np.array([(weather[chosen] == name).sum() for name in names])
        after = counts + np.array([weather == name for name in names]).T
        balance = 1 - np.abs(after / after.sum(axis=1, keepdims=True) - target).sum(axis=1) / 2
        parts = [D[:, chosen].min(axis=1), E[:, chosen].min(axis=1) ** 0.5, pool.scores["entropy"] ** 2, balance]
        product = np.prod(parts, axis=0)
        possible = (costs <= left + 1e-9) & ~np.isin(np.arange(len(pool)), chosen)
        row = int(np.argmax(np.where(possible, product / costs, -1)))
        assert frame_id == pool.frame_ids[row]
        assert found.gains[number] == pytest.approx(product[row])
        names_of_parts = ["diversity", "diversity_2", "weight", "balance"]
        for name, part in zip(names_of_parts, parts, strict=True):
            assert found.contributions[name][number] == pytest.approx(part[row])
        chosen.append(row)
        left -= costs[row]


@pytest.mark.parametrize("labelled", [0, 40])
@pytest.mark.parametrize("duplicates", [0, 600])
def test_late_evaluation_gives_what_eager_evaluation_gives(labelled, duplicates, monkeypatch):
    """Digit by digit and tie by tie, where few products are computed at every step."""
    pool = driving_pool(1500, labelled=labelled, duplicates=duplicates)
    coarse = np.round(pool.scores["entropy"], 1)
    pool = dataclasses.replace(pool, scores={"entropy": coarse})
    objectives = [
        {"type": "diversity", "strength": 2},
        {"type": "objects", "pool_by": "mean"},
        {"type": "weight", "column": "entropy"},
        {"type": "balance", "by": "weather"},
        {"type": "diversity", "embedding": "other", "strength": 0.5},
    ]
    for used in (objectives, objectives[:1] + objectives[2:3], objectives[1:3]):
        monkeypatch.setattr(combined, "_BLOCK", 16)
        late = select(pool, "combined", 150, options={"objectives": used})
        monkeypatch.setattr(combined, "_BLOCK", len(pool))
        eager = select(pool, "combined", 150, options={"objectives": used})
        assert late.frame_ids == eager.frame_ids
        np.testing.assert_array_equal(late.gains, eager.gains)


def test_diversity_alone_is_the_strategy_of_that_name():
    for labelled in (0, 5):
        pool = driving_pool(labelled=labelled)
        alone = select(pool, "combined", 20, options={"objectives": [{"type": "diversity"}]})
        assert alone.frame_ids == select(pool, "diversity", 20).frame_ids


def test_scaling_an_objective_changes_no_choice():
    pool = driving_pool(labelled=3)
    objectives = [{"type": "diversity"}, {"type": "weight", "column": "entropy"}]
    scaled = [{"type": "diversity"}, {"type": "weight", "column": "entropy * 1024"}]
    first, second = (select(pool, "combined", 20, options={"objectives": o}) for o in (objectives, scaled))
    assert first.frame_ids == second.frame_ids


def test_strength_two_is_the_objective_twice():
    pool = driving_pool(labelled=3)
    weight = {"type": "weight", "column": "entropy"}
    twice = [{"type": "diversity"}, weight, weight]
    strong = [{"type": "diversity"}, {**weight, "strength": 2}]
    first, second = (select(pool, "combined", 20, options={"objectives": o}) for o in (twice, strong))
    assert first.frame_ids == second.frame_ids
    assert set(first.contributions) == {"diversity", "weight", "weight_2"}


def test_objectives_as_python_objects():
    from scanpick.selection.objectives.weight import Weight

    pool = driving_pool()
    found = select(pool, "combined", 4, options={"objectives": [Weight(column="entropy")]})
    assert found.frame_ids == select(pool, "uncertainty", 4, options={"score": "entropy"}).frame_ids
    assert list(found.contributions) == ["weight"]


def test_a_product_of_zero_for_all_goes_by_id():
    pool = dataclasses.replace(driving_pool(), scores={"s": np.zeros(120)})
    found = select(pool, "combined", 3, options={"objectives": [{"type": "weight", "column": "s"}]})
    assert found.frame_ids == pool.frame_ids[:3]


def test_object_embeddings_are_checked():
    with pytest.raises(ScanpickError, match="NaN or infinity in the rows 1"):
        ObjectEmbeddings(np.array([[0.0], [np.nan]]), np.array([0, 0]))
    with pytest.raises(ScanpickError, match="frame indices below 2, got 2"):
        Pool(("a", "b"), objects={"o": ObjectEmbeddings(np.ones((1, 1)), np.array([2]))})


def test_typicality_of_a_small_pool_takes_all_others():
    pool = Pool(("a", "b", "c"), {"e": np.array([[0.0], [1.0], [3.0]])})
    found = start(pool, "typicality", metric="euclidean").bounds()
    np.testing.assert_allclose(found, [1 / (5 + 1e-5), 1 / (2.5 + 1e-5), 1 / (6.5 + 1e-5)])
    two = start(pool.take(np.array([1, 2])), "typicality", metric="euclidean").bounds()
    np.testing.assert_allclose(two, 1 / (4 + 1e-5))
    assert start(pool.take(np.array([1])), "typicality", metric="euclidean").bounds().tolist() == [1e5]
