"""A selection survives being written and read, and its CSV is what spreadsheets expect."""

import csv

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.formats.selection_table import FrameFacts, read_selection, write_selection
from scanpick.structures import Selection


def a_selection() -> Selection:
    return Selection(
        strategy="diversity",
        frame_ids=("b/1", 'a,"2'),
        gains=np.array([np.inf, 0.1]),
        nearest_selected=("", "b/1"),
        distances=np.array([np.nan, 0.1]),
        costs=np.array([1.0, 2.5]),
        contributions={"diversity": np.array([1.0, 1 / 3])},
        summary={"spent": 3.5, "notes": ["one"]},
    )


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_round_trip_keeps_every_digit(tmp_path, suffix):
    path = tmp_path / f"picks{suffix}"
    facts = FrameFacts({"b/1": "b", 'a,"2': "a"}, {"b/1": "/data/b/1.bin", 'a,"2': "x"}, {"b/1": 7, 'a,"2': 3})
    write_selection(path, a_selection(), facts)
    found = read_selection(path)
    expected = a_selection()
    assert found.frame_ids == expected.frame_ids
    assert found.nearest_selected == expected.nearest_selected
    for name in ("gains", "distances", "costs"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    np.testing.assert_array_equal(found.contributions["diversity"], expected.contributions["diversity"])
    if suffix == ".parquet":
        assert found.strategy == "diversity"
        assert found.summary == expected.summary


def test_csv_columns_in_order(tmp_path):
    write_selection(tmp_path / "p.csv", a_selection(), FrameFacts(sequences={"b/1": "b", 'a,"2': "a"}))
    with (tmp_path / "p.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        *("rank", "frame_id", "sequence", "gain", "nearest_selected", "distance", "cost", "contribution_diversity")
    ]
    assert rows[0]["distance"] == ""
    assert rows[1]["rank"] == "2"


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_rows_without_ids_are_known_by_index(tmp_path, suffix):
    facts = FrameFacts(rows={"b/1": 7, 'a,"2': 3}, ids_given=False)
    write_selection(tmp_path / f"p{suffix}", a_selection(), facts)
    found = read_selection(tmp_path / f"p{suffix}")
    assert found.frame_ids == ("7", "3")
    assert found.nearest_selected == ("", "7")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_empty_selection_has_columns(tmp_path, suffix):
    empty = Selection("random", (), np.zeros(0), (), np.zeros(0), np.zeros(0))
    write_selection(tmp_path / f"p{suffix}", empty)
    assert len(read_selection(tmp_path / f"p{suffix}")) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is missing|got no rank"),
        ("rank,frame_id\n1,a\n", "gain is missing"),
        ("rank,frame_id,gain,nearest_selected,distance,cost\n2,a,1,,,1\n", "ranks"),
        ("rank,frame_id,gain,nearest_selected,distance,cost\n1,a,much,,,1\n", "much"),
        ("rank,frame_id,gain,nearest_selected,distance,cost\n1,a\n", "fewer values"),
        ("rank,frame_id,gain,nearest_selected,distance,cost\n1,a,1,,,1\n2,a,1,,,1\n", "duplicates: a"),
    ],
)
def test_a_damaged_csv_is_named(tmp_path, text, message):
    path = tmp_path / "picks.csv"
    path.write_text(text)
    with pytest.raises(ScanpickError, match=message):
        read_selection(path)


def test_a_cut_off_parquet_is_named(tmp_path):
    path = tmp_path / "picks.parquet"
    write_selection(path, a_selection())
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(
        ScanpickError, match=r"picks\.parquet: expected a Parquet table.*Select again|changed or damaged"
    ):
        read_selection(path)


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ScanpickError, match=r"\.csv or \.parquet, got '\.txt'"):
        write_selection(tmp_path / "picks.txt", a_selection())
