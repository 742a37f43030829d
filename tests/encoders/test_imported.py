"""The user's own embeddings: read in every form, and refused with a reason that names what is wrong."""

from pathlib import Path

import numpy as np
import pyarrow
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
    columns = write_parquet(tmp_path, x=VALUES[:, 0], y=VALUES[:, 1].astype(np.int64))
    np.testing.assert_array_equal(read_embeddings(columns).values, VALUES)


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
    with pytest.raises(ScanpickError, match="cannot read embeddings"):
        read_embeddings(path, ids)
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ScanpickError, match="cannot read embeddings"):
        read_embeddings(path, ids)
    with pytest.raises(ScanpickError, match=r"expected a \.npy or \.parquet file"):
        read_embeddings(ids)
