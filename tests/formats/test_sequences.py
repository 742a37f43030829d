"""Sequences of frames from CSV and Parquet."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scanpick.errors import ScanpickError
from scanpick.formats.sequences import read_sequences


def test_both_forms_in_the_order_asked_for(tmp_path):
    (tmp_path / "s.csv").write_text("sequence,frame_id\nx,1\ny,2\nx,3\n")
    pq.write_table(pa.table({"frame_id": ["1", "2", "3"], "sequence": ["x", "y", "x"]}), tmp_path / "s.parquet")
    for name in ("s.csv", "s.parquet"):
        assert read_sequences(tmp_path / name, ["3", "2"]) == ["x", "y"]


def test_what_is_wrong_is_named(tmp_path):
    (tmp_path / "s.parquet").write_text("no table")
    with pytest.raises(ScanpickError, match="expected a Parquet table"):
        read_sequences(tmp_path / "s.parquet", ["1"])
    with pytest.raises(ScanpickError, match="cannot be read"):
        read_sequences(tmp_path / "none.csv", ["1"])
    pq.write_table(pa.table({"frame_id": ["1"]}), tmp_path / "s.parquet")
    with pytest.raises(ScanpickError, match="expected a column 'sequence', got: frame_id"):
        read_sequences(tmp_path / "s.parquet", ["1"])
