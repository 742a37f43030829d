"""The number of columns of .bin files is found from sizes, then from values, and said."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.arrays import Points
from scanpick.datasets.point_files.bin_columns import columns_unevenness, infer_columns
from tests.datasets.samples import sweep, write_bin


def with_ring(points: Points) -> Points:
    """Five columns, as nuScenes has them: intensities to 255 and a ring number."""
    rings = np.arange(len(points)) % 32
    return np.column_stack([points[:, :3], points[:, 3] * 255, rings]).astype(np.float32)


def write_all(folder: Path, clouds: list[Points]) -> list[Path]:
    return [write_bin(folder / f"{place}.bin", cloud) for place, cloud in enumerate(clouds)]


def test_sizes_tell_where_one_number_does_not_divide_them(tmp_path: Path) -> None:
    found = infer_columns(write_all(tmp_path, [sweep()[:1001], sweep()[:1000]]))
    assert found.columns == 4
    assert found.reason == "inferred: 1 of 2 file sizes are not whole numbers of points of 5"
    assert infer_columns(write_all(tmp_path, [with_ring(sweep())[:1001]])).columns == 5


@pytest.mark.parametrize("shuffled", [False, True])
def test_values_tell_where_sizes_do_not(tmp_path: Path, shuffled: bool) -> None:
    rng = np.random.default_rng(3)
    clouds = [sweep(seed) for seed in range(3)]  # 1200 points are whole numbers of rows of both
    if shuffled:
        clouds = [rng.permutation(cloud) for cloud in clouds]
    found = infer_columns(write_all(tmp_path, clouds))
    assert found.columns == 4
    assert "from the values" in found.reason
    assert infer_columns(write_all(tmp_path, [with_ring(cloud) for cloud in clouds])).columns == 5


def test_truncated_and_empty_files_do_not_mislead(tmp_path: Path) -> None:
    paths = write_all(tmp_path, [with_ring(sweep(seed)) for seed in range(4)])
    paths[0].write_bytes(paths[0].read_bytes()[:-7])
    paths[1].write_bytes(b"")
    assert infer_columns([*paths, tmp_path / "missing.bin"]).columns == 5


def test_values_overrule_the_size_of_a_truncated_file(tmp_path: Path) -> None:
    path = write_bin(tmp_path / "1.bin", sweep())
    path.write_bytes(path.read_bytes()[:-20])  # now whole points of 5 columns, not of 4
    assert infer_columns([path]).columns == 4


def test_garbage_falls_back_to_four_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "1.bin"
    path.write_bytes(bytes(8000))
    assert infer_columns([path]).columns == 4
    assert "assumed" in infer_columns([path]).reason
    assert "assumed" in infer_columns([]).reason


def test_unevenness_is_large_in_the_right_and_about_zero_in_the_wrong_number_of_columns() -> None:
    four, five = sweep().reshape(-1), with_ring(sweep()).reshape(-1)
    assert columns_unevenness(four, 4) > 0.2 > 0.02 > columns_unevenness(four, 5)
    assert columns_unevenness(five, 5) > 0.2 > 0.02 > columns_unevenness(five, 4)
    assert columns_unevenness(four[:300], 4) == 0.0  # too few to tell
    assert columns_unevenness(np.full(4000, np.nan), 4) == 0.0


def test_real_sweeps_are_told_apart(test_data: Path) -> None:
    for path in sorted(test_data.glob("**/velodyne*/**/*.bin"))[::40]:
        values = np.fromfile(path, dtype="<f4")
        five = with_ring(values.reshape(-1, 4)).reshape(-1)
        assert columns_unevenness(values, 4) > 100 * columns_unevenness(values, 5)
        assert columns_unevenness(five, 5) > 100 * columns_unevenness(five, 4)
