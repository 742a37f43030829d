import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanpick.errors import ScanpickError
from scanpick.exporters.context import runs_around
from scanpick.exporters.names import item_names
from scanpick.structures import FrameRecord


@given(st.lists(st.text(min_size=1, max_size=200), unique=True, max_size=8), st.booleans())
def test_names_are_plain_and_unique_also_without_capitals(ids: list[str], numbered: bool) -> None:
    names = item_names(ids, numbered=numbered)
    assert list(names) == ids
    assert len({name.casefold() for name in names.values()}) == len(ids)
    for name in names.values():
        assert name.isascii()
        assert name.replace("_", "").replace("-", "").isalnum() or set(name) <= {"_", "-"}
        assert len(name) < 150


def test_plain_ids_stay_as_they_are() -> None:
    assert item_names(["000012", "a-b_c"]) == {"000012": "000012", "a-b_c": "a-b_c"}
    assert item_names(["0001/000012"], numbered=True) == {"0001/000012": "0001_0001__000012"}


def test_names_do_not_depend_on_the_order() -> None:
    ids = ["a b", "a+b", "A b", "c"]
    assert item_names(ids) == item_names(ids[::-1])


RECORDS = [FrameRecord(f"{drive}{i}", drive, i, i * 100_000_000) for drive in "ab" for i in range(20)]


def test_runs_whose_surroundings_meet_are_one() -> None:
    assert runs_around(RECORDS, ["a9", "b0", "a12"], "0.2s") == [
        [f"a{i}" for i in range(7, 15)],
        ["b0", "b1", "b2"],
    ]
    assert runs_around(RECORDS, ["a9", "a3"], "1 frame") == [["a8", "a9", "a10"], ["a2", "a3", "a4"]]


@pytest.mark.parametrize("context", ["", "1", "1 m", "-1s", "nan s"])
def test_what_is_no_context_is_refused(context: str) -> None:
    with pytest.raises(ScanpickError, match="expected seconds or frames"):
        runs_around(RECORDS, ["a1"], context)


def test_seconds_need_times() -> None:
    with pytest.raises(ScanpickError, match="has no time"):
        runs_around([FrameRecord("1", "a", 0), FrameRecord("2", "a", 1)], ["1"], "1s")
