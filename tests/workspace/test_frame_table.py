"""The frame table comes back as it was written, and a damaged one is an error."""

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from scanpick.errors import ScanpickError
from scanpick.structures import FrameRecord
from scanpick.workspace.frame_table import FrameTable, read_frame_table, write_frame_table


def table_of(*records: FrameRecord) -> FrameTable:
    count = len(records)
    return FrameTable(records, np.arange(count, dtype=np.int64), ("ok",) * count, ("c",) * count, ("12-34",) * count)


def test_round_trip(tmp_path: Path) -> None:
    records = (
        FrameRecord("a", "drive", 0, 1_600_000_000_123_456_789, Path("/data/a.bin"), {"speed": 1.5, "rain": True}),
        FrameRecord("b/ü", "drive", 7, None, None, {"speed": 2, "place": "Köln", "count": 3}),
    )
    write_frame_table(tmp_path / "frames.parquet", table_of(*records))
    back = read_frame_table(tmp_path / "frames.parquet")
    assert back.records == records
    assert back.statuses == ("ok", "ok")
    assert back.num_points.tolist() == [0, 1]
    schema = pyarrow.parquet.read_schema(tmp_path / "frames.parquet")
    types = {field.name: str(field.type) for field in schema}
    assert (types["timestamp_ns"], types["count"], types["speed"], types["rain"], types["place"]) == (
        "int64",
        "int64",
        "double",
        "bool",
        "string",
    )


def test_mixed_metadata_becomes_text(tmp_path: Path) -> None:
    records = (FrameRecord("a", "s", 0, metadata={"x": 1}), FrameRecord("b", "s", 1, metadata={"x": "one"}))
    write_frame_table(tmp_path / "frames.parquet", table_of(*records))
    assert [r.metadata["x"] for r in read_frame_table(tmp_path / "frames.parquet").records] == ["1", "one"]


def test_same_table_same_bytes(tmp_path: Path) -> None:
    for name in ("one.parquet", "two.parquet"):
        write_frame_table(tmp_path / name, table_of(FrameRecord("a", "s", 0, metadata={"z": 1, "y": 2})))
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_names_of_metadata_are_not_taken(tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match="Metadata column 'status': this name is taken"):
        write_frame_table(tmp_path / "frames.parquet", table_of(FrameRecord("a", "s", 0, metadata={"status": "x"})))


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "frames.parquet"
    with pytest.raises(ScanpickError, match=r"scanpick\.index"):
        read_frame_table(path)
    path.write_bytes(b"no parquet")
    with pytest.raises(ScanpickError, match="expected a Parquet table"):
        read_frame_table(path)
    pyarrow.parquet.write_table(pyarrow.table({"frame_id": ["a"]}), path)
    with pytest.raises(ScanpickError, match="missing: sequence, index_in_sequence"):
        read_frame_table(path)


def test_fingerprint_follows_ids_and_points() -> None:
    records = (FrameRecord("a", "s", 0), FrameRecord("b", "s", 1))
    points = np.array([1, 1])
    one = FrameTable(records, points, ("ok", "ok"), ("x", "y"), ("", ""))
    same = FrameTable(records, points, ("ok", "ok"), ("x", "y"), ("1-2", "3-4"))
    other = FrameTable(records, points, ("ok", "ok"), ("y", "x"), ("", ""))
    assert one.data_sha256 == same.data_sha256 != other.data_sha256
