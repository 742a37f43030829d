"""What is written is what `tomllib` reads."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanpick.errors import ScanpickError
from scanpick.formats.toml import format_toml

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.one_of(TEXT, st.integers(-(2**63), 2**63 - 1), st.booleans(), st.floats(allow_nan=False))
TABLES = st.recursive(
    st.dictionaries(TEXT, st.one_of(VALUES, st.lists(VALUES, max_size=3)), max_size=4),
    lambda inner: st.dictionaries(TEXT, st.one_of(VALUES, inner), max_size=4),
    max_leaves=10,
)


@given(TABLES)
def test_round_trip(document: dict[str, Any]) -> None:
    assert tomllib.loads(format_toml(document)) == document


def test_none_is_left_out() -> None:
    assert tomllib.loads(format_toml({"a": None, "b": {"c": None, "d": 1}})) == {"b": {"d": 1}}


def test_other_values_are_refused() -> None:
    with pytest.raises(ScanpickError, match="as TOML: expected text, numbers"):
        format_toml({"a": object()})


def test_lists_of_tables() -> None:
    """Objectives of a selection are a list of mappings."""
    document = {"steps": {"a b": {"objectives": [{"type": "weight", "target": {"x y": 1.5}, "none": None}, {}]}}}
    expected = {"steps": {"a b": {"objectives": [{"type": "weight", "target": {"x y": 1.5}}, {}]}}}
    assert tomllib.loads(format_toml(document)) == expected
