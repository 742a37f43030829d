"""Names that count are ordered by their numbers."""

from hypothesis import given
from hypothesis import strategies as st

from scanpick.datasets.listed import natural_key


def test_numbers_in_names_count() -> None:
    names = ["frame_10", "frame_9", "frame_009", "frame", "10", "9a", "b2c10", "b2c9"]
    assert sorted(names, key=natural_key) == ["9a", "10", "b2c9", "b2c10", "frame", "frame_009", "frame_9", "frame_10"]


@given(st.lists(st.text(max_size=8), max_size=8))
def test_any_names_have_one_order(names: list[str]) -> None:
    """Keys of any names can be compared, and different names never tie."""
    distinct = sorted(set(names))
    backwards = distinct[::-1]
    assert sorted(distinct, key=natural_key) == sorted(backwards, key=natural_key)
