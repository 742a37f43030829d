"""The user's own embeddings: read in every form, and refused with a reason that names what is wrong."""

import json
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest

from scanpick.encoders.imported import read_embeddings
from scanpick.errors import ScanpickError

IDS = ["a", "b", "c"]
VALUES = np.arange(6, dtype=np.float32).reshape(3, 2)


def write_npy(folder: Path, values: np.ndarray = VALUES, ids: list[str] = IDS) -> tuple[Path, Path]:
    np.save(folder / "mine.npy", values)
    (folder / "ids.txt").write_text("\n".join(ids))
    return folder / "mine.npy", folder / "ids.txt"


def write_parquet(folder: Path, **columns: object) -> Path:
    pyarrow.parquet.write_table(pyarrow.table({"frame_id": IDS, **columns}), folder / "mine.parquet")
    return folder / "mine.parquet"


@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<f2", "<i4", ">f4"])
def test_npy(tmp_path: Path, dtype: str) -> None:
    table = read_embeddings(*write_npy(tmp_path, VALUES.astype(dtype)), name="mine")
    assert (table.name, table.frame_ids, table.values.dtype) == ("mine", tuple(IDS), np.float32)
    np.testing.assert_array_equal(table.values, VALUES)
    assert table.meta["encoder"] == "import"
    assert len(table.meta["settings"]["sha256"]) == 64


def test_npy_in_fortran_order(tmp_path: Path) -> None:
    table = read_embeddings(*write_npy(tmp_path, np.asfortranarray(VALUES)))
    np.testing.assert_array_equal(table.values, VALUES)


def test_parquet_of_lists_and_of_columns(tmp_path: Path) -> None:
    fixed = pyarrow.FixedSizeListArray.from_arrays(VALUES.ravel(), 2)
    for column in (VALUES.tolist(), fixed):
        np.testing.assert_array_equal(read_embeddings(write_parquet(tmp_path, vector=column)).values, VALUES)
    columns = write_parquet(tmp_path, x=VALUES[:, 0], y=VALUES[:, 1].astype(np.float64))
    np.testing.assert_array_equal(read_embeddings(columns).values, VALUES)


@pytest.mark.parametrize("names", [["e0", "e1"], ["embedding_1", "embedding_2"], ["0", "1"], ["x", "y"]])
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_what_is_no_dimension_is_left_out_and_told(tmp_path: Path, names: list[str], suffix: str) -> None:
    """Case 09: an index of pandas outweighs the vectors in every distance; so would labels and row numbers."""
    strays: dict[str, object] = {
        "__index_level_0__": [0.0, 500.0, 1000.0],
        "Unnamed: 0": [0, 1, 2],
        "labels": [0.5, 1.5, 2.5],
        "row": [7, 8, 9],
        "used": [True, False, True],
        "camera": ["front", "rear", "front"],
        "2nd": [None, 3, None],
    }
    values = VALUES + 0.5
    table = pyarrow.table({"frame_id": IDS, **strays, names[0]: values[:, 0], names[1]: values[:, 1]})
    path = tmp_path / f"mine{suffix}"
    if suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pyarrow.parquet.write_table(table, path)
    found = read_embeddings(path)
    np.testing.assert_array_equal(found.values, values)
    assert found.frame_ids == tuple(IDS)
    assert found.meta["left_out"] == list(strays)


def test_the_index_that_pandas_names_is_none(tmp_path: Path) -> None:
    table = pyarrow.table({"frame_id": IDS, "x": VALUES[:, 0], "y": VALUES[:, 1], "when": [1.5, 2.5, 9e9]})
    table = table.replace_schema_metadata({"pandas": json.dumps({"index_columns": ["when", {"kind": "range"}]})})
    pyarrow.parquet.write_table(table, tmp_path / "mine.parquet")
    np.testing.assert_array_equal(read_embeddings(tmp_path / "mine.parquet").values, VALUES)


def test_columns_are_taken_by_their_numbers(tmp_path: Path) -> None:
    columns = {f"e{number}": np.full(3, number, dtype=np.float32) for number in (10, 2, 0, 1, 3, 4, 5, 6, 7, 8, 9)}
    assert read_embeddings(write_parquet(tmp_path, **columns)).values[0].tolist() == list(range(11))


def test_two_readings_of_a_table_are_refused(tmp_path: Path) -> None:
    x, y = VALUES[:, 0], VALUES[:, 1]
    with pytest.raises(ScanpickError, match="may be the columns a0 to a1 or b0 to b1"):
        read_embeddings(write_parquet(tmp_path, a0=x, a1=y, b0=y, b1=x))
    with pytest.raises(ScanpickError, match="not clear which of e0, e2, e3, weight"):
        read_embeddings(write_parquet(tmp_path, e0=x, e2=y, e3=x, weight=y))
    with pytest.raises(ScanpickError, match=r"got: row \(int64\), gain"):
        read_embeddings(write_parquet(tmp_path, row=[1, 2, 3], gain=x))


def test_rows_without_a_vector_are_named(tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match="frames b hold no vector"):
        read_embeddings(write_parquet(tmp_path, vector=[[1.0], None, [2.0]]))
    rows = np.empty(3, dtype=object)
    rows[:] = [VALUES[0], None, VALUES[2]]
    np.save(tmp_path / "mine.npy", rows, allow_pickle=True)
    with pytest.raises(ScanpickError, match="rows are Python objects, not numbers; often some are None"):
        read_embeddings(tmp_path / "mine.npy", tmp_path / "ids.txt")


def test_npy_needs_ids_that_fit(tmp_path: Path) -> None:
    path, ids = write_npy(tmp_path)
    with pytest.raises(ScanpickError, match=r"rows of a \.npy file have no names.*--ids FILE"):
        read_embeddings(path)
    ids.write_text("a\nb\n")
    with pytest.raises(ScanpickError, match=r"has 3 rows, but .*ids\.txt has 2 ids"):
        read_embeddings(path, ids)
    ids.write_text("a\nb\nb\n")
    with pytest.raises(ScanpickError, match="duplicates: b"):
        read_embeddings(path, ids)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_numbers_that_are_none_are_named(tmp_path: Path, bad: float) -> None:
    values = VALUES.astype(np.float64)
    values[1, 0] = bad
    with pytest.raises(ScanpickError, match="NaN or infinity in frames b"):
        read_embeddings(*write_npy(tmp_path, values))
    with pytest.raises(ScanpickError, match="NaN or infinity in frames b"):
        read_embeddings(write_parquet(tmp_path, vector=values.tolist()))
    with pytest.raises(ScanpickError, match="NaN or infinity in frames b"):
        read_embeddings(write_parquet(tmp_path, x=values[:, 0], y=values[:, 1]))


@pytest.mark.parametrize("values", [np.zeros(3), np.zeros((3, 2, 2)), np.array([["x"]] * 3), np.zeros((3, 0))])
def test_other_arrays_are_refused(tmp_path: Path, values: np.ndarray) -> None:
    with pytest.raises(ScanpickError, match="expected"):
        read_embeddings(*write_npy(tmp_path, values))


def test_other_tables_are_refused(tmp_path: Path) -> None:
    for columns, message in (
        ({}, "got: no other column"),
        ({"name": ["x", "y", "z"]}, r"got: name \(string\)"),
        ({"v": [[1.0], [1.0, 2.0], [1.0]]}, "lists of one length, got lengths from 1 to 2"),
        ({"v": [[1.0], None, [1.0]]}, "the column 'v' has empty ones"),
        ({"v": [[1.0], [None], [1.0]]}, "1 are empty"),
        ({"x": [1.0, None, 1.0]}, "the column 'x' has empty ones"),
        ({"v": [[1.0]] * 3, "w": [[1.0]] * 3}, "expected one column of lists"),
    ):
        with pytest.raises(ScanpickError, match=message):
            read_embeddings(write_parquet(tmp_path, **columns))


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path, ids = write_npy(tmp_path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ScanpickError, match=r"expected a \.npy file of numbers"):
        read_embeddings(path, ids)
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ScanpickError, match=r"expected a \.npy file of numbers"):
        read_embeddings(path, ids)
    with pytest.raises(ScanpickError, match=r"expected a \.npy, \.parquet or \.csv file"):
        read_embeddings(ids)
