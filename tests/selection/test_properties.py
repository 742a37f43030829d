"""Whatever is combined: nothing twice, nothing labelled, nothing beyond the budget, and a reason when it ends."""

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scanpick.selection import select
from tests.selection.pools import driving_pool

CONSTRAINTS = st.fixed_dictionaries(
    {},
    optional={
        "max_per_sequence": st.integers(1, 6),
        "min_gap_s": st.sampled_from([0.1, 0.3, 1.0]),
        "min_gap_m": st.sampled_from([1.0, 4.0]),
        "min_distance": st.sampled_from([0.2, 1.0, 3.0]),
        "include": st.sampled_from(["weather != 'dry'", "speed_mps > 5", "lanes in [1, 2]"]),
        "clips": st.fixed_dictionaries({"length": st.integers(1, 4), "gain": st.sampled_from(["anchor", "mean"])}),
    },
)
BUDGETS = st.sampled_from(["0", "1", "7", "30", "20%", "100%", "15 objects", "12 EUR at 0.5/frame + 0.25/box"])
NAMES = ["random", "diversity", "uncertainty", "probcover", "facility_location", "herding", "combined", "badge"]


@given(
    seed=st.integers(0, 20), name=st.sampled_from(NAMES), constraints=CONSTRAINTS, budget=BUDGETS,
    labelled=st.sampled_from([0, 3, 30]), duplicates=st.sampled_from([0, 15]), shuffle=st.booleans(),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_whatever_is_combined(seed, name, constraints, budget, labelled, duplicates, shuffle):
    pool = driving_pool(40, labelled=labelled, duplicates=duplicates, seed=seed, sequences=3)
    given_pool = pool.take(np.random.default_rng(seed).permutation(len(pool))) if shuffle else pool
    options = {"delta": 0.5} if name == "probcover" else {}
    found = select(given_pool, name, budget, seed=seed, constraints=constraints, options=options, at_most=True)
    rows = np.array([pool.frame_ids.index(frame_id) for frame_id in found.frame_ids], dtype=int)
    summary = found.summary
    assert len(set(rows)) == len(rows)
    assert not pool.labelled[rows].any()
    assert not np.isnan(found.gains).any()
    assert found.costs.sum() <= summary["limit"] * (1 + 1e-9)
    assert abs(found.costs.sum() - summary["spent"]) < 1e-9
    if "max_per_sequence" in constraints and len(rows):
        assert np.unique(pool.sequences[rows], return_counts=True)[1].max() <= constraints["max_per_sequence"]
    if "clips" in constraints:
        clips = rows.reshape(-1, constraints["clips"]["length"])
        assert (np.diff(clips, axis=1) == 1).all() or "include" in constraints
    if summary["unit"] == "frames" and summary["left"] >= constraints.get("clips", {}).get("length", 1):
        assert summary["stopped_early"]
    again = select(pool, name, budget, seed=seed, constraints=constraints, options=options, at_most=True)
    assert again.frame_ids == found.frame_ids
    if labelled == 0 and not constraints and summary["unit"] == "frames" and len(rows) > 2:
        fewer = select(pool, name, len(rows) // 2, seed=seed, options=options)
        assert fewer.frame_ids == found.frame_ids[: len(rows) // 2]


@given(seed=st.integers(0, 50), length=st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_clips_take_all_there_is_room_for(seed, length):
    """With clips of length 1 nothing changes; with longer ones every stretch is filled as far as anchors leave room."""
    pool = driving_pool(40, seed=seed, sequences=3)
    pool = dataclasses.replace(pool, expected_boxes=None)
    clips = select(pool, "diversity", "100%", constraints={"clips": {"length": length}})
    assert len(clips) % length == 0
    if length == 1:
        assert clips.frame_ids == select(pool, "diversity", "100%").frame_ids
