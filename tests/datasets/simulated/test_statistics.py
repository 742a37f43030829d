"""Frames of the set that studies use stay near what KITTI's frames are like."""

import numpy as np
import pytest

from scanpick.datasets.simulated import SimulatedDrives


@pytest.fixture(scope="module")
def frames():
    drives = SimulatedDrives("drives")
    chosen = [record.frame_id for record in drives.records[::20]]
    return [(drives.read(frame).points, drives.labels(frame)) for frame in chosen]


def test_number_and_place_of_points(frames):
    """KITTI: 18.6 thousand; 26 % within 10 m, 67 % within 20 m; 53 % lower than 1.5 m below the sensor."""
    assert np.mean([len(points) for points, _ in frames]) == pytest.approx(18_600, rel=0.06)
    points = np.concatenate([points for points, _ in frames])
    distance = np.linalg.norm(points[:, :3], axis=1)
    assert np.mean(distance < 10) == pytest.approx(0.27, abs=0.08)
    assert np.mean(distance < 20) == pytest.approx(0.69, abs=0.07)
    assert np.mean(points[:, 2] < -1.5) == pytest.approx(0.53, abs=0.07)


def test_intensities(frames):
    """KITTI: a fifth below 0.1, half from 0.2 to 0.4, few beyond 0.5."""
    intensity = np.concatenate([points[:, 3] for points, _ in frames])
    assert np.mean(intensity < 0.1) == pytest.approx(0.23, abs=0.12)
    assert np.mean((intensity >= 0.2) & (intensity < 0.4)) == pytest.approx(0.50, abs=0.08)
    assert np.mean(intensity > 0.5) < 0.08


def test_number_and_size_of_cars(frames):
    """KITTI: 3.8 a frame, 2.1 of moderate difficulty; 3.88 x 1.63 x 1.53 m with deviations .43, .10, .14."""
    cars, moderate, sizes, occlusion = [], [], [], []
    for _, labels in frames:
        car = labels.boxes.class_names == "Car"
        height = labels.image_boxes[:, 3] - labels.image_boxes[:, 1]
        cars.append(car.sum())
        moderate.append((car & (labels.occlusion <= 1) & (labels.truncation <= 0.3) & (height > 25)).sum())
        sizes.append(labels.boxes.sizes[car])
        occlusion.append(labels.occlusion[car])
    assert np.mean(cars) == pytest.approx(3.8, abs=0.9)
    assert np.mean(moderate) == pytest.approx(2.1, abs=0.6)
    assert np.mean(np.array(cars) == 0) == pytest.approx(0.11, abs=0.12)
    sizes = np.concatenate(sizes)
    assert sizes.mean(axis=0) == pytest.approx([3.88, 1.63, 1.53], abs=0.10)
    assert sizes.std(axis=0) == pytest.approx([0.43, 0.10, 0.14], abs=0.06)
    shares = np.bincount(np.concatenate(occlusion).astype(int), minlength=3) / len(sizes)
    assert shares == pytest.approx([0.48, 0.28, 0.24], abs=0.13)


def test_classes_other_than_cars_occur(frames):
    names = np.concatenate([labels.boxes.class_names for _, labels in frames])
    assert {"Car", "Van", "Truck", "Pedestrian", "Cyclist"} <= set(names.tolist())
    assert np.mean(names == "Car") > 0.5
