"""Budgets are read as they are written, come to exact numbers, and refuse what makes no sense."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection import Budget, Prices, parse_budget


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [
        (185, "frames", 185),
        ("185", "frames", 185),
        (" 20 frames", "frames", 20),
        ("0", "frames", 0),
        ("5%", "share", 5),
        ("2.5 %", "share", 2.5),
        ("120 objects", "objects", 120),
        ("12.5 boxes", "objects", 12.5),
    ],
)
def test_forms(text, unit, amount):
    budget = parse_budget(text)
    assert (budget.unit, float(budget.amount)) == (unit, amount)


@pytest.mark.parametrize(
    ("text", "currency", "prices"),
    [
        ("300 EUR at 0.5/frame + 0.04/box", "EUR", Prices(0.5, 0.04)),
        ("cost 300 at 2 per clip+.1/box", "", Prices(0, 0.1, 2)),
        ("40 hours: 0.1/frame", "hours", Prices(0.1)),
        ("300 € at 1/frame", "€", Prices(1)),
    ],
)
def test_costs(text, currency, prices):
    budget = parse_budget(text)
    assert (budget.unit, budget.currency, budget.prices) == ("cost", currency, prices)


def test_text_of_a_budget_reads_back():
    for text in ("185", "5%", "120 objects", "300 EUR at 0.5/frame + 0.04/box + 2/clip", "7 at 1/frame"):
        assert parse_budget(str(parse_budget(text))) == parse_budget(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("many", "Cannot read the budget 'many'"),
        ("-3", "expected 0 or more"),
        ("1.5", "whole number of frames"),
        ("101%", "at most 100%"),
        ("", "Cannot read"),
        ("300 EUR", "Cannot read"),
        ("300 EUR at much/frame", "Cannot read the price"),
        ("300 EUR at 1/frame + 2/frame", "Cannot read the price"),
        ("300 EUR at 0/frame", "a price above 0"),
        ("nan", "Cannot read"),
        ("1e9", "Cannot read"),
    ],
)
def test_what_makes_no_sense_is_refused(text, message):
    with pytest.raises(ScanpickError, match=message):
        parse_budget(text)


@pytest.mark.parametrize(
    ("share", "frames", "expected"), [("5%", 3712, 185), ("29%", 100, 29), ("100%", 7, 7), ("0%", 5, 0)]
)
def test_a_share_is_rounded_down_exactly(share, frames, expected):
    """5% of 3712 is 185.6, and 29% of 100 is 29 though 0.29 * 100 is less in floating point."""
    assert parse_budget(share).limit(frames) == expected


def test_a_share_of_less_than_a_frame_is_an_error():
    with pytest.raises(ScanpickError, match="less than one frame"):
        parse_budget("1%").limit(50)
    assert parse_budget("1%").limit(0) == 0


def test_frame_costs():
    boxes = np.array([0.0, 2.0, 5.0])
    assert parse_budget("3").frame_costs(3, None).tolist() == [1, 1, 1]
    assert parse_budget("3 objects").frame_costs(3, boxes).tolist() == [0, 2, 5]
    assert parse_budget("9 at 1/frame + 0.5/box").frame_costs(3, boxes).tolist() == [1, 2, 3.5]
    assert parse_budget("9 at 1/frame").frame_costs(3, None).tolist() == [1, 1, 1]
    for text in ("3 objects", "9 at 1/frame + 0.5/box"):
        with pytest.raises(ScanpickError, match="how many each frame is expected to have"):
            parse_budget(text).frame_costs(3, None)


def test_prices_are_checked():
    with pytest.raises(ScanpickError, match="numbers of 0 or more"):
        Prices(per_box=-1)
    with pytest.raises(ScanpickError, match="numbers of 0 or more"):
        Prices(per_frame=float("nan"))
    with pytest.raises(ScanpickError, match="a price above 0"):
        Budget(3, "cost")
