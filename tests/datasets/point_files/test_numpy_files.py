""".npy and .npz: tables and records, and nothing that could be code."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.point_files.numpy_files import read_npy, read_npz
from scanpick.errors import FrameError
from tests.datasets.point_files.files import npy, npz
from tests.datasets.samples import sweep


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "1.npy"


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2", "<i4", "u1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_tables_of_any_real_type_and_order(path: Path, dtype: str, order: str) -> None:
    table = np.asarray(np.abs(sweep()).astype(dtype), order=order)  # type: ignore[call-overload]
    path.write_bytes(npy(table))
    np.testing.assert_array_equal(read_npy(path).points, table.astype(np.float32))


def test_further_columns_are_kept(path: Path) -> None:
    table = np.column_stack([sweep(), np.arange(1200)]).astype(np.float32)
    path.write_bytes(npy(table))
    np.testing.assert_array_equal(read_npy(path).points, table)


def test_records_are_read_by_name(path: Path) -> None:
    records = np.zeros(2, dtype=[("t", "<i8"), ("reflectance", "u1"), ("z", "<f8"), ("y", "<f4"), ("x", "<f4")])
    records["x"], records["y"], records["z"], records["reflectance"] = [1, 2], [3, 4], [5, 6], [7, 8]
    path.write_bytes(npy(records))
    np.testing.assert_array_equal(read_npy(path).points, [[1, 3, 5, 7], [2, 4, 6, 8]])


@pytest.mark.parametrize(
    "array",
    [
        np.array([{"a": 1}, None], dtype=object),
        np.array(["a", "b"]),
        np.zeros((3, 4), dtype=complex),
        np.zeros((3, 4), dtype="datetime64[ns]"),
        np.zeros(3, dtype=[("x", "f4", (2,)), ("y", "f4"), ("z", "f4")]),
        np.zeros((3, 2)),
        np.zeros((0, 4)),
    ],
)
def test_what_is_no_cloud_is_refused(path: Path, array: np.ndarray) -> None:
    path.write_bytes(npy(array))
    with pytest.raises(FrameError):
        read_npy(path)


@pytest.mark.parametrize("compressed", [True, False])
def test_npz_takes_the_array_called_points_or_the_only_one(tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "1.npz"
    path.write_bytes(npz(compressed, points=sweep(1), times=np.zeros(3)))
    np.testing.assert_array_equal(read_npz(path).points, sweep(1))
    path.write_bytes(npz(compressed, anything=sweep(2)))
    np.testing.assert_array_equal(read_npz(path).points, sweep(2))
    path.write_bytes(npz(compressed, a=sweep(), b=sweep()))
    with pytest.raises(FrameError, match=r"expected one array, or only one called points.*got a, b"):
        read_npz(path)


def test_npz_refuses_pickles_and_other_compressions(tmp_path: Path) -> None:
    path = tmp_path / "1.npz"
    path.write_bytes(npz(True, points=np.array([None])))
    with pytest.raises(FrameError, match="expected an array of numbers"):
        read_npz(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("points.npy", npy(sweep()))
    with pytest.raises(FrameError, match="stored or deflated"):
        read_npz(path)
    path.write_bytes(b"PK")
    with pytest.raises(FrameError, match=r"not a whole \.npz file"):
        read_npz(path)
