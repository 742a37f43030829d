"""Intensities are from 0 to 1 whatever the sensor gives: one scale for a data set, found from several files."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from scanpick.arrays import Points
from scanpick.datasets.folder import PointCloudFolder
from scanpick.datasets.intensity import CUT_TO_SCALE
from scanpick.datasets.kitti_object import KittiObject
from scanpick.datasets.point_files.cloud import NO_INTENSITY
from scanpick.errors import FrameError, ScanpickError
from tests.datasets.samples import sweep, write_kitti_object


def with_intensity(seed: int, scale: float, shift: float = 0.0) -> Points:
    return (sweep(seed) * [1, 1, 1, scale] + [0, 0, 0, shift]).astype(np.float32)


def write(folder: Path, *clouds: Points) -> Path:
    folder.mkdir(exist_ok=True)
    for place, cloud in enumerate(clouds):
        np.save(folder / f"{place}.npy", cloud)
    return folder


@pytest.mark.parametrize("scale", [1, 255, 65535, 4000])
def test_the_scale_is_found_said_and_divided_by(tmp_path: Path, scale: int) -> None:
    dataset = PointCloudFolder(write(tmp_path, *(with_intensity(seed, scale) for seed in range(3))))
    limit = 65535 if scale == 4000 else scale
    assert f"intensity 0 to {limit} (inferred from 3 of 3 files looked at" in dataset.description
    assert dataset.reading.options == {"intensity": limit}
    points = pickle.loads(pickle.dumps(dataset)).read("1").points
    np.testing.assert_allclose(points, sweep(1) * [1, 1, 1, scale / limit], atol=1e-6)


def test_the_scale_is_that_of_all_files_not_of_each(tmp_path: Path) -> None:
    """A dark frame of 16 bits ends below 255 and must not be read as one of 8 bits."""
    dataset = PointCloudFolder(write(tmp_path, with_intensity(0, 3000), with_intensity(1, 200), with_intensity(2, 900)))
    assert dataset.read("1").points[:, 3].max() < 200 / 65535


@pytest.mark.parametrize(("option", "expected"), [("510", 0.5), (510.0, 0.5), ("none", 0.0)])
def test_the_scale_can_be_given_and_intensities_left_out(tmp_path: Path, option: str | float, expected: float) -> None:
    folder = write(tmp_path, with_intensity(0, 255))
    frame = PointCloudFolder(folder, intensity=option).read("0")
    np.testing.assert_allclose(frame.points[:, 3], sweep(0)[:, 3] * expected, atol=1e-6)
    assert (NO_INTENSITY in frame.notes) == (option == "none")
    for wrong in ("bright", "0", "-1", "nan", "inf", True):
        with pytest.raises(ScanpickError, match="Option intensity: expected the largest"):
            PointCloudFolder(folder, intensity=wrong)


def test_a_few_odd_points_are_cut_and_counted(tmp_path: Path) -> None:
    odd = sweep(0)
    odd[:3, 3] = [256, 1.01, -0.5]
    frame = PointCloudFolder(write(tmp_path, odd, sweep(1))).read("0")
    assert frame.points[:3, 3].tolist() == [1, 1, 0]
    np.testing.assert_array_equal(frame.points[3:], sweep(0)[3:])
    assert frame.notes == {CUT_TO_SCALE: 3}


@pytest.mark.parametrize(("most", "other"), [(1, 255), (255, 1), (255, 65535), (65535, 255), (65535, 1)])
def test_a_frame_on_another_scale_is_set_aside_and_as_many_of_each_are_refused(
    tmp_path: Path, most: float, other: float
) -> None:
    most_clouds = [with_intensity(seed, most) for seed in range(6)]
    dataset = PointCloudFolder(write(tmp_path / "few", *most_clouds, with_intensity(6, other)))
    assert f"intensity 0 to {most}" in dataset.description
    if {most, other} != {255, 65535} or most == 255:  # a faint frame is no proof: night, or rain
        with pytest.raises(FrameError, match=f"Give the option intensity={other} if all") as caught:
            dataset.read("6")
        assert caught.value.kind == "intensity"
    mixed = [with_intensity(seed, other) for seed in range(5)]
    with pytest.raises(ScanpickError, match=r"different scales:.*in \d files.*in \d.*intensity=255"):
        PointCloudFolder(write(tmp_path / "half", *most_clouds[:5], *mixed))


def test_negative_intensities_are_refused_with_the_option(tmp_path: Path) -> None:
    folder = write(tmp_path, *(with_intensity(seed, 40, -40) for seed in range(3)))
    with pytest.raises(ScanpickError, match=r"decibels\? 3 of 3 files.*intensity=none"):
        PointCloudFolder(folder)
    assert PointCloudFolder(folder, intensity="none").read("0").points[:, 3].max() == 0


def test_without_intensities_nothing_is_scaled(tmp_path: Path) -> None:
    dataset = PointCloudFolder(write(tmp_path, sweep(0)[:, :3]))
    assert "no file looked at has any" in dataset.description
    assert dataset.read("0").notes == {NO_INTENSITY: 1200}
    assert "of 1 files" not in PointCloudFolder(write(tmp_path, with_intensity(0, 0))).description


def test_kitti_layouts_are_held_to_it_too(tmp_path: Path) -> None:
    """View-of-Delft has KITTI's layout and 0 to 255; radar in it has 7 columns, which are refused unless asked for."""
    root = write_kitti_object(tmp_path, ["000000", "000001"])
    files = sorted((root / "training" / "velodyne").iterdir())
    for seed, path in enumerate(files):
        with_intensity(seed, 255).tofile(path)
    dataset = KittiObject(root)
    assert ".bin has 4 columns (as the layout has); intensity 0 to 255" in dataset.description
    np.testing.assert_allclose(dataset.read("000001").points, sweep(1), atol=1e-6)
    rng = np.random.default_rng(0)
    for seed, path in enumerate(files):
        np.column_stack([sweep(seed), rng.normal(0, 5, (1200, 3))]).astype("<f4").tofile(path)
    with pytest.raises(ScanpickError, match=r"look like points of 7 columns.*option columns=7"):
        KittiObject(root)
    assert KittiObject(root, columns="7").read("000000").points.shape == (1200, 7)


def test_real_sweeps_keep_their_intensities_or_are_of_255(test_data: Path) -> None:
    kitti, delft = KittiObject(test_data / "kitti"), KittiObject(test_data / "view_of_delft")
    assert (kitti.reading.options, delft.reading.options) == (
        {"columns": 4, "intensity": 1},
        {"columns": 4, "intensity": 255},
    )
    path = kitti.records[0].path
    assert path is not None
    np.testing.assert_array_equal(kitti.read(kitti.records[0].frame_id).points.reshape(-1), np.fromfile(path, "<f4"))
    assert all(0 < delft.read(record.frame_id).points[:, 3].max() <= 1 for record in delft.records)
