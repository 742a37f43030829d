"""Numbers and sentences of a study's report."""

import math

import pytest

from scanpick.evaluation.study_statistics.estimates import Estimate
from scanpick.reports.study import sentences
from scanpick.reports.study.folder import Arm, read_study
from scanpick.reports.study.plots import at_least_one_point, grid_axis
from scanpick.reports.study.results import study_results
from scanpick.reports.study.words import amount, metric_words, p_text, points, signed, signed_percent, with_interval


def test_numbers():
    assert [signed(x) for x in (1.26, -0.04, -2.0)] == ["+1.3", "0.0", "-2.0"]
    assert [signed_percent(x) for x in (0.126, -0.004, -0.5)] == ["+13%", "0%", "-50%"]
    assert [amount(x) for x in (40.0, 1234.0, 2.345)] == ["40", "1,234", "2.35"] or amount(2.345) == "2.34"
    assert [p_text(x) for x in (0.0625, 0.0001, 1.0, math.nan)] == ["0.062", "< 0.001", "1", "-"]


def test_intervals_that_have_no_end_or_no_meaning():
    assert with_interval(Estimate(1.0, (0.5, math.inf), None, 5), points) == "1.0 (0.5 to unbounded)"
    assert with_interval(Estimate(None, None, None, 5, "not defined: x"), points) == "not defined"
    assert with_interval(Estimate(None, None, None, 0, "no value"), points) == "-"
    assert with_interval(Estimate(1.0, None, None, 2, "no interval with 2 seeds"), points) == "1.0"


def test_metrics_that_are_not_known_keep_their_name():
    assert metric_words("Car_bev_hard_R11_0.5") == "Car, bird's-eye view AP, hard, R11, IoU > 0.5"
    assert metric_words("mean_AP") == "mean_AP"


@pytest.mark.parametrize(
    ("variants", "places", "name"),
    [
        (["delta=0.3", "delta=0.1"], [0.3, 0.1], "delta"),
        (["metric=cosine", "metric=euclidean"], [0, 1], "metric"),
        (["a=1,b=2", "a=1,b=3"], [0, 1], "variant"),
        (["delta=1", "delta=1.0"], [0, 1], "delta"),
        (["delta=nan", "delta=1"], [0, 1], "delta"),
    ],
)
def test_axis_of_a_grid(variants, places, name):
    found = grid_axis([Arm("x", variant) for variant in variants])
    assert found[0] == places
    assert found[2] == name


def test_axes_do_not_blow_up_nothing():
    assert at_least_one_point(10.0, 10.1) == pytest.approx((9.55, 10.55))
    assert at_least_one_point(10.0, 12.0) == (10.0, 12.0)


def test_sentences_of_a_clear_study(fake_study):
    results = study_results(read_study(fake_study(noise=0.0, boxes={"uncertainty": 12.0})))
    said = sentences.difference_sentences(results)
    assert said[0] == (
        "diversity is better than random (+6.0 points over 6 seeds; 95% interval +6.0 to +6.0; "
        "p 0.031, corrected 0.031)."
    )
    assert sentences.saving_sentences(results) == [
        "diversity: saves 33% of the frames (+33% to +33%); saves 33% of the objects (+33% to +33%); "
        "saves 33% of the cost (+33% to +33%).",
        "Never there with what they labelled: uncertainty.",
    ]
    assert sentences.price_sentences(results) == [
        "Objects in a frame added: random 6.00; diversity 6.00 (0%), uncertainty 12.0 (+100%)."
    ]
    assert sentences.too_few_seeds(results) == ""


def test_no_evidence_is_said_in_those_words(fake_study):
    results = study_results(read_study(fake_study(seeds=8, noise=3.0, gains={"random": 4.0, "herding": 4.2})))
    (said,) = sentences.difference_sentences(results)
    assert said.startswith("herding: no evidence of a difference to random (")
    assert "seeds would be needed to see a difference of this size." in said
