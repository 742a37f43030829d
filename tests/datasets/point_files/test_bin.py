""".bin files: rows of float32, as many columns as asked for."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.point_files import bin
from scanpick.datasets.point_files.bin_columns import Cut
from scanpick.datasets.point_files.cloud import BAD_INTENSITY, NO_INTENSITY, NOT_FINITE
from scanpick.errors import FrameError
from tests.datasets.samples import sweep, write_bin


@pytest.mark.parametrize("columns", [4, 5, 6])
def test_round_trip(tmp_path: Path, columns: int) -> None:
    points = np.column_stack([sweep(), np.random.default_rng(0).uniform(0, 30, (1200, columns - 4))]).astype(np.float32)
    cloud = bin.read(write_bin(tmp_path / "1.bin", points), Cut(columns))
    np.testing.assert_array_equal(cloud.points, points)
    assert cloud.points.dtype == np.float32
    assert cloud.notes == {}


def test_three_columns_get_an_intensity_of_zero_and_a_note(tmp_path: Path) -> None:
    cloud = bin.read(write_bin(tmp_path / "1.bin", sweep()[:, :3]), Cut(3))
    np.testing.assert_array_equal(cloud.points[:, 3], 0)
    assert cloud.notes == {NO_INTENSITY: 1200}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_single_values_that_are_not_finite_cost_their_points_and_many_the_frame(tmp_path: Path, bad: float) -> None:
    points = sweep()
    points[[5, 9], [0, 3]] = bad
    cloud = bin.read(write_bin(tmp_path / "1.bin", points), Cut(4))
    assert cloud.notes == {NOT_FINITE: 1, BAD_INTENSITY: 1}
    points[9, 3] = 0
    np.testing.assert_array_equal(cloud.points, np.delete(points, 5, axis=0))
    points[:601, 1] = bad  # a .bin file keeps no gaps: such numbers are of another type or number of columns
    with pytest.raises(FrameError, match="601 of 1200 points hold NaN or infinity") as caught:
        bin.read(write_bin(tmp_path / "1.bin", points), Cut(4))
    assert caught.value.kind == "not finite"


@pytest.mark.parametrize(
    ("size", "kind", "message"),
    [
        (0, "empty", "no points"),
        (17, "unreadable", "1 points and 1 bytes. Is it truncated"),
        (20, "wrong columns", "they are of 5 columns. Give the option columns=5"),
    ],
)
def test_sizes_that_do_not_fit_are_told(tmp_path: Path, size: int, kind: str, message: str) -> None:
    path = tmp_path / "1.bin"
    path.write_bytes(bytes(size))
    with pytest.raises(FrameError, match=message) as caught:
        bin.read(path, Cut(4))
    assert caught.value.kind == kind
    assert str(path) in str(caught.value)


def test_a_folder_of_that_name_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "1.bin").mkdir()
    with pytest.raises(FrameError, match="cannot be read"):
        bin.read(tmp_path / "1.bin", Cut(4))


def test_float64_and_values_of_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "1.bin"
    path.write_bytes(sweep().astype("<f8").tobytes())
    np.testing.assert_array_equal(bin.read(path, Cut(4, "float64")).points, sweep())
    with pytest.raises(FrameError, match="read as 4 columns, but the values look like 4 columns of float64") as caught:
        bin.read(path, Cut(4))
    assert caught.value.kind == "wrong columns"
    with pytest.raises(FrameError, match=r"they are of 3 columns. Give the option columns=3"):
        bin.read(write_bin(path, sweep()[:1001, :3]), Cut(4))
