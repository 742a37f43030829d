""".npy and .npz: tables and records, and nothing that could be code."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.point_files.cloud import NO_RETURN, NOT_FINITE
from scanpick.datasets.point_files.numpy_files import FLATTENED, TURNED, read_npy, read_npz
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


def organised() -> np.ndarray:
    """A sweep as a grid (H, W, C), with gaps."""
    grid = sweep().reshape(12, 100, 4).copy()
    grid[::3, ::2] = np.nan
    grid[1::3, ::5] = 0
    return grid


@pytest.mark.parametrize("columns", [3, 4, 6])
def test_an_array_with_a_row_per_coordinate_is_turned_and_that_is_noted(path: Path, columns: int) -> None:
    table = np.column_stack([sweep(), np.arange(1200) % 16, np.zeros(1200)])[:, :columns].astype(np.float32)
    path.write_bytes(npy(table.T))
    cloud = read_npy(path)
    np.testing.assert_array_equal(cloud.points[:, :columns], table)
    assert cloud.notes[TURNED] == 1200


def test_grids_are_read_in_one_list_and_gaps_dropped(path: Path) -> None:
    path.write_bytes(npy(organised()))
    cloud = read_npy(path)
    rows = organised().reshape(-1, 4)
    expected = rows[np.isfinite(rows).all(axis=1) & rows.any(axis=1)]
    np.testing.assert_array_equal(cloud.points, expected)
    assert cloud.notes == {FLATTENED: 1200, NOT_FINITE: 200, NO_RETURN: 80}
    records = np.zeros((12, 100), dtype=[("x", "f4"), ("y", "f4"), ("z", "f4"), ("rgb", "u1", (3,)), ("i", "f4")])
    for column, name in enumerate("xyzi"):
        records[name] = organised()[..., column]
    path.write_bytes(npy(records))
    np.testing.assert_array_equal(read_npy(path).points, expected)


@pytest.mark.parametrize("shape", [(17, 4), (9, 4), (2, 4), (1, 5)])
def test_few_points_as_rows_are_read(path: Path, shape: tuple[int, int]) -> None:
    path.write_bytes(npy(np.ones(shape)))
    assert read_npy(path).points.shape == shape


@pytest.mark.parametrize(
    ("array", "hint"),
    [
        (sweep()[:5], "could be read either way"),
        (np.eye(4), "could be read either way"),
        (sweep()[:10].T, "could be read either way"),
        (sweep()[:50].T, "a row per coordinate, save array.T"),
        (np.random.default_rng(0).normal(size=(8, 256)), "a row per coordinate, save array.T"),
        (np.random.default_rng(0).normal(size=(1200, 64)), "features or boxes"),
        (sweep()[:, :2], "features or boxes"),
        (sweep().reshape(-1), r"array.reshape\(-1, 4\)"),
        (sweep().reshape(12, 100, 4).transpose(2, 0, 1), "channels last"),
        (sweep().reshape(-1, 8, 3), "corners of boxes"),
        (np.tile(np.eye(4), (50, 1, 1)), "matrices"),
        (np.full((60, 80, 3), 7, dtype=np.uint8), "a picture"),
        (sweep().reshape(3, 4, 100, 4), "expected points as rows"),
        (np.array(3.0), "expected points as rows"),
    ],
)
def test_other_shapes_are_refused_with_what_to_do(path: Path, array: np.ndarray, hint: str) -> None:
    path.write_bytes(npy(array))
    with pytest.raises(FrameError, match=hint) as caught:
        read_npy(path)
    assert caught.value.kind == "wrong columns"


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 4299 + ", 4)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, " + "9" * 5000 + ")}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, " + "9" * 30 + ")}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 140737488355328, 140737488355328)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 4)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1, " * 900 + ")}",
        "{'descr': ('<f4', (99999999, 9999999)), 'fortran_order': False, 'shape': (1, 4)}",
        "{'descr': [('x', 'V0')], 'fortran_order': False, 'shape': (1,)}",
        "[" * 4000,
    ],
)
def test_hostile_headers_are_refused(path: Path, header: str) -> None:
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(64))
    with pytest.raises(FrameError):
        read_npy(path)


def test_npz_takes_coordinates_and_intensities_that_lie_beside_each_other(tmp_path: Path) -> None:
    path, points = tmp_path / "1.npz", sweep()
    path.write_bytes(npz(True, xyz=points[:, :3], intensity=points[:, 3], labels=np.zeros(1200)))
    np.testing.assert_array_equal(read_npz(path).points, points)
    path.write_bytes(npz(True, **dict(zip("xyzi", points.T, strict=True)), t=np.zeros(3)))
    np.testing.assert_array_equal(read_npz(path).points, points)
    path.write_bytes(npz(True, x=points[:, 0], y=points[:7, 1], z=points[:, 2]))
    with pytest.raises(FrameError, match="expected the fields x, y and z, got x, z"):
        read_npz(path)


@pytest.mark.parametrize("names", [("points", "lidar"), ("arr_0", "arr_1"), ("a", "b")])
def test_npz_with_several_arrays_that_may_be_the_points_is_refused_by_their_names(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    path = tmp_path / "1.npz"
    path.write_bytes(npz(True, **dict.fromkeys(names, sweep())))
    with pytest.raises(FrameError, match=f"got {names[0]}, {names[1]}: which one holds the points is not clear"):
        read_npz(path)


def test_npz_that_unpacks_to_far_more_than_points_do_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "1.npz"
    path.write_bytes(npz(True, points=np.ones((5_000_000, 4), dtype=np.float32)))  # 80 MB in 80 kB
    with pytest.raises(FrameError, match="the header promises 80000128 bytes of 'points'"):
        read_npz(path)


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
