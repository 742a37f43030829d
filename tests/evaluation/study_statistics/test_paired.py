"""Strategies against random: effects that are there are found, chance is called chance."""

import numpy as np
import pytest
from scipy import stats

from scanpick.evaluation.study_statistics.paired import paired_differences


def study(seeds, effects, noise=1.0):
    rng = np.random.default_rng(0)
    base = rng.normal(40, 5, size=seeds)  # what a seed gives to all
    random = dict(enumerate((base + rng.normal(0, noise, size=seeds)).tolist()))
    others = {
        name: dict(enumerate((base + effect + rng.normal(0, noise, size=seeds)).tolist()))
        for name, effect in effects.items()
    }
    return others, random


def test_known_effects():
    others, random = study(12, {"good": 5.0, "bad": -5.0, "alike": 0.0})
    found = paired_differences(others, random)
    assert {name: one.verdict for name, one in found.items()} == {
        "good": "better",
        "bad": "worse",
        "alike": "no evidence of a difference",
    }
    # Pairing takes out the seeds' own spread: unpaired, it would hide the effect.
    assert found["good"].difference.deviation < 2.5
    assert found["good"].difference.value == pytest.approx(
        np.mean([others["good"][seed] - random[seed] for seed in random])
    )
    assert found["good"].p_value <= found["good"].corrected_p <= found["good"].holm_p
    assert found["good"].holm_p == pytest.approx(3 * found["good"].p_value)
    assert found["good"].p_value == pytest.approx(2 / 2**12), "all 12 signs alike: one of all flips, and its mirror"
    for name, one in found.items():
        flips = stats.permutation_test(
            (np.array([*one.differences.values()]),), np.mean, permutation_type="samples", n_resamples=np.inf
        )
        assert one.p_value == pytest.approx(flips.pvalue), name


def test_five_seeds_cannot_show_anything_by_this_test():
    """However clear the effect: the smallest p-value is 0.0625, and the reader is told."""
    others, random = study(5, {"good": 50.0}, noise=0.1)
    found = paired_differences(others, random)["good"]
    assert found.verdict == "no evidence of a difference"
    assert found.corrected_p == found.smallest_p == 0.0625
    assert found.seeds_needed == 6


def test_more_strategies_need_more_seeds():
    """Each is tested at 0.05 divided by their number."""
    others, random = study(12, {"a": 1.0, "b": 1.0, "c": 1.0})
    alone = paired_differences({"a": others["a"]}, random)["a"].seeds_needed
    assert alone < paired_differences(others, random)["a"].seeds_needed


def test_interval_that_holds_zero_is_no_evidence():
    others, random = study(12, {"alike": 0.3})
    found = paired_differences(others, random)["alike"]
    low, high = found.difference.interval
    assert low < 0 < high
    assert found.verdict == "no evidence of a difference"
    assert found.seeds_needed is None or found.seeds_needed > 12


def test_only_seeds_that_both_have_are_paired():
    found = paired_differences({"a": {0: 3.0, 1: 4.0, 7: 100.0}}, {0: 1.0, 1: 1.0, 2: 1.0})["a"]
    assert found.differences == {0: 2.0, 1: 3.0}
    missing = paired_differences({"a": {0: float("nan"), 1: 4.0}, "b": {}}, {0: 1.0, 1: 1.0})
    assert missing["a"].differences == {1: 3.0}
    assert missing["b"].difference.value is None
    assert np.isnan(missing["b"].p_value)
    assert missing["b"].seeds_needed is None


def test_a_strategy_that_has_just_begun_does_not_drown_the_others():
    """Its mean of one seed is wild, whatever its sign."""
    others, random = study(8, {"good": 5.0})
    alone = paired_differences(others, random)["good"]
    found = paired_differences({**others, "begun": {3: random[3] + 40.0}}, random)
    assert found["good"].corrected_p == alone.corrected_p < 0.05
    assert (found["begun"].corrected_p, found["begun"].verdict) == (1.0, "no evidence of a difference")


@pytest.mark.parametrize("seeds", [1, 2])
def test_one_or_two_seeds(seeds):
    others, random = study(seeds, {"good": 5.0})
    found = paired_differences(others, random)["good"]
    assert found.difference.interval is None
    assert found.difference.note == f"no interval with {seeds} seed{'s' if seeds > 1 else ''}"
    assert found.verdict == "no evidence of a difference"
    assert (found.seeds_needed is None) == (seeds == 1)


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ([1.0] * 6 + [0.5], "better"),
        ([-1.0] * 6 + [-0.5], "worse"),
        ([0.5] * 6 + [-0.495], "no evidence of a difference"),
        ([1.0] * 6 + [-0.75], "no evidence of a difference"),
        ([-1.0] * 6 + [0.75], "no evidence of a difference"),
    ],
)
def test_a_small_p_value_alone_is_no_evidence(differences, verdict):
    """Nor is an interval that ends at zero itself, as the last two do: four of seven draws of the odd seed cancel."""
    found = paired_differences({"a": dict(enumerate(differences))}, dict.fromkeys(range(7), 0.0))["a"]
    assert found.corrected_p < 0.05
    assert found.verdict == verdict
    if abs(differences[-1]) == 0.75:
        assert 0.0 in found.difference.interval
