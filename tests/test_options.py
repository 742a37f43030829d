"""Options from outside are converted, checked, and refused with the nearest known name."""

from dataclasses import dataclass
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from scanpick.errors import ScanpickError
from scanpick.options import build_checked, made_from, make_checked


class Kettle(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    litres: float = Field(gt=0)
    colour: Literal["red", "blue"] = "red"


def test_text_is_converted() -> None:
    assert build_checked(Kettle, {"litres": "1.5", "colour": "blue"}, "the kettle") == Kettle(litres=1.5, colour="blue")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"litres": 1, "color": "red"}, r"Unknown option of the kettle, 'color'\. Did you mean 'colour'\?"),
        ({}, r"The kettle needs the option 'litres'\."),
        ({"litres": "much"}, r"Option 'litres' of the kettle: .*, got 'much'\."),
        ({"litres": 0}, r"Option 'litres' of the kettle: .* greater than 0, got 0\."),
        ({"litres": 1, "colour": "green"}, r"Option 'colour' of the kettle: .*'red' or 'blue', got 'green'\."),
    ],
)
def test_what_does_not_fit(values: dict[str, object], message: str) -> None:
    with pytest.raises(ScanpickError, match=message):
        build_checked(Kettle, values, "the kettle")


def boil(kettle: str, *, litres: float, colour: Literal["red", "blue"] = "red") -> tuple[str, float, str]:
    return kettle, litres, colour


@dataclass(frozen=True)
class Pot:
    litres: float = 1
    handles: tuple[int, int] = (1, 2)


@made_from(Pot(litres=3))
def pot(config: Pot) -> Pot:
    return config


def test_a_function_and_a_dataclass_are_made_alike() -> None:
    assert make_checked(boil, {"litres": "2"}, "the kettle", "mine") == ("mine", 2.0, "red")
    assert make_checked(pot, {"handles": [3, 4]}, "the pot") == Pot(3, (3, 4))
    with pytest.raises(ScanpickError, match=r"Unknown option of the pot, 'handle'\. Did you mean 'handles'\?"):
        make_checked(pot, {"handle": 1}, "the pot")
    with pytest.raises(ScanpickError, match=r"Option 'handles\.1' of the pot: .*, got 'x'\."):
        make_checked(pot, {"handles": [1, "x"]}, "the pot")
    with pytest.raises(ScanpickError, match=r"The kettle needs the option 'litres'\."):
        make_checked(boil, {}, "the kettle", "mine")
    with pytest.raises(ScanpickError, match=r"Unknown option of the kettle, 'kettle'"):
        make_checked(boil, {"litres": 1, "kettle": "yours"}, "the kettle", "mine")
