"""Simulated drives as a data set: deterministic, plausible, varied, quick to list."""

import hashlib
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.datasets.dataset import Dataset
from scanpick.datasets.simulated import SimulatedDrives
from scanpick.datasets.simulated.sets import SETS, apportion, drives_of
from scanpick.errors import ScanpickError
from scanpick.geometry.transforms import transform_points


def digest(drives: SimulatedDrives, frame_id: str) -> str:
    """A fingerprint of points and labels."""
    labels = drives.labels(frame_id)
    parts = [drives.read(frame_id).points, labels.boxes.array, labels.occlusion, labels.image_boxes, labels.track_ids]
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


@pytest.fixture(scope="module")
def demo() -> SimulatedDrives:
    return SimulatedDrives("demo")


@pytest.fixture(scope="module")
def sample(demo):
    """One frame of every drive, with its labels."""
    first = {record.sequence: record for record in demo.records}
    return [(demo.read(record.frame_id), demo.labels(record.frame_id)) for record in first.values()]


def test_it_is_a_data_set(demo):
    assert isinstance(demo, Dataset)
    assert demo.name == "simulated:demo"
    assert "300 frames of 12 simulated drives" in demo.description


def test_listing_simulates_nothing():
    started = time.process_time()
    drives = SimulatedDrives("drives")
    assert len(drives.records) == 1400
    assert time.process_time() - started < 1.0
    assert drives._world.cache_info().currsize == 0


def test_records_are_in_order_of_drive_and_time(demo):
    for before, after in zip(demo.records, demo.records[1:], strict=False):
        if before.sequence == after.sequence:
            assert after.index_in_sequence == before.index_in_sequence + 1
            assert after.timestamp_ns - before.timestamp_ns == 100_000_000
            assert after.frame_id.startswith(before.frame_id.split("/")[0])
        else:
            assert after.index_in_sequence == 0
    assert len({record.frame_id for record in demo.records}) == 300
    assert demo.records[0].frame_id == "drive_00/000000"
    assert demo.records[0].sequence.startswith("drive_00_")


def test_metadata_tells_where_the_vehicle_is_and_nothing_of_the_labels():
    drives = SimulatedDrives("drives")
    splits = [record.metadata["split"] for record in drives.records]
    assert (splits.count("pool"), splits.count("evaluation")) == (1200, 200)
    by_split = {split: {r.sequence for r in drives.records if r.metadata["split"] == split} for split in set(splits)}
    assert not by_split["pool"] & by_split["evaluation"]
    for record in drives.records:
        assert set(record.metadata) == {"split", "scenario", "position_x_m", "position_y_m"}
    steps = [
        np.hypot(*(b.metadata[f"position_{axis}_m"] - a.metadata[f"position_{axis}_m"] for axis in "xy"))
        for a, b in zip(drives.records, drives.records[1:], strict=False)
        if a.sequence == b.sequence and b.index_in_sequence - a.index_in_sequence == 1
    ]
    assert min(steps) == 0.0  # some stand
    assert 2.0 < max(steps) < 4.0  # the fastest drive on a highway


def test_frame_is_the_same_in_another_process_on_more_threads_and_in_another_order(demo):
    frames = [demo.records[place].frame_id for place in (0, 40, 41, 155, 299)]
    here = [digest(demo, frame) for frame in frames]
    backwards = SimulatedDrives("demo")
    assert [digest(backwards, frame) for frame in frames[::-1]][::-1] == here
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(lambda frame: digest(SimulatedDrives("demo"), frame), frames)) == here
    program = (
        "from tests.datasets.simulated.test_drives import *\n"
        f"d = SimulatedDrives('demo')\nprint(*[digest(d, f) for f in {frames[::2]}])"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert other.stdout.split() == here[::2]


def test_frames_do_not_depend_on_how_many_are_asked_for(demo):
    fewer, more = SimulatedDrives("demo", frames=36), SimulatedDrives("demo", frames=400)
    known = {record.frame_id for record in demo.records}
    assert (len(fewer.records), len(more.records)) == (36, 400)
    assert {record.frame_id for record in fewer.records} < known
    assert len({record.sequence for record in fewer.records}) == 12
    assert known < {record.frame_id for record in more.records}
    for place in (0, 20):
        frame = fewer.records[place].frame_id
        assert digest(fewer, frame) == digest(demo, frame) == digest(more, frame)


def test_seed_changes_drives(demo):
    other = SimulatedDrives("demo", seed=1)
    assert not np.array_equal(other.read("drive_00/000000").points, demo.read("drive_00/000000").points)
    assert not np.array_equal(
        SimulatedDrives("drives").read("drive_00/000000").points, demo.read("drive_00/000000").points
    )


def test_it_can_be_sent_to_other_processes(demo):
    digest(demo, "drive_00/000003")
    copy = pickle.loads(pickle.dumps(demo))
    assert len(pickle.dumps(demo)) < 20_000
    assert digest(copy, "drive_00/000003") == digest(demo, "drive_00/000003")


def test_whole_turn_holds_what_the_camera_sees(demo):
    full = SimulatedDrives("demo", full=True)
    frame = demo.records[33].frame_id
    part, whole = demo.read(frame).points, full.read(frame).points
    assert 80_000 < len(whole) < 144_000
    found = {point.tobytes() for point in whole}
    assert all(point.tobytes() in found for point in part)
    assert np.array_equal(demo.labels(frame).boxes.array, full.labels(frame).boxes.array)
    assert np.array_equal(demo.labels(frame).occlusion, full.labels(frame).occlusion)


def test_points_are_in_the_image_and_in_range(sample):
    for frame, _ in sample:
        assert frame.points.dtype == np.float32
        assert np.isfinite(frame.points).all()
        assert frame.points[:, 0].min() > 0
        assert np.linalg.norm(frame.points[:, :3], axis=1).max() < 80.1
        assert ((frame.points[:, 3] >= 0) & (frame.points[:, 3] <= 0.99)).all()


def in_boxes(points: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """(B,) points in each box."""
    counts = []
    for x, y, z, length, width, height, yaw in boxes:
        dx, dy = points[:, 0] - x, points[:, 1] - y
        along, across = np.cos(yaw) * dx + np.sin(yaw) * dy, -np.sin(yaw) * dx + np.cos(yaw) * dy
        inside = (abs(along) <= length / 2) & (abs(across) <= width / 2) & (abs(points[:, 2] - z) <= height / 2)
        counts.append(inside.sum())
    return np.array(counts)


def test_labelled_boxes_hold_points(sample):
    counts = [in_boxes(frame.points, labels.boxes.array) for frame, labels in sample if len(labels)]
    assert len(np.concatenate(counts)) > 20
    assert np.concatenate(counts).min() >= 1
    near = [
        in_boxes(frame.points, labels.boxes.array[np.hypot(*labels.boxes.array[:, :2].T) < 40])
        for frame, labels in sample
    ]
    assert (np.concatenate(near) >= 5).mean() > 0.9


def test_boxes_stand_on_the_ground(sample):
    """Round the foot of a box, the lowest points are at its bottom."""
    gaps = []
    for frame, labels in sample:
        for x, y, z, length, width, height, _ in labels.boxes.array:
            around = np.hypot(frame.points[:, 0] - x, frame.points[:, 1] - y) < np.hypot(length, width) / 2 + 0.8
            if np.hypot(x, y) < 30 and around.sum() > 30:
                gaps.append(np.percentile(frame.points[around, 2], 3) - (z - height / 2))
    assert len(gaps) > 10
    assert np.median(np.abs(gaps)) < 0.08
    assert np.mean(np.abs(gaps) < 0.3) > 0.85


def test_neighbours_in_time_are_alike_and_drives_differ(demo):
    def height_map(frame: str) -> np.ndarray:
        points = demo.read(frame).points
        return np.histogram2d(points[:, 0], points[:, 1], bins=[np.arange(0, 61, 4), np.arange(-20, 21, 4)])[0].ravel()

    sequences: dict[str, list[str]] = {}
    for record in demo.records:
        sequences.setdefault(record.sequence, []).append(record.frame_id)
    near, far = [], []
    maps = {name: [height_map(frame) for frame in frames[3:5]] for name, frames in sequences.items()}
    for name, (first, second) in maps.items():
        near.append(np.corrcoef(np.sqrt(first), np.sqrt(second))[0, 1])
        far += [np.corrcoef(np.sqrt(first), np.sqrt(other[0]))[0, 1] for key, other in maps.items() if key != name]
    assert min(near) > np.median(far)
    assert np.mean(near) > np.mean(far) + 0.05


def test_a_standing_vehicle_sees_nearly_the_same_again():
    drives = SimulatedDrives("drives")
    position = {r.frame_id: (r.metadata["position_x_m"], r.metadata["position_y_m"]) for r in drives.records}
    pairs = [
        (a.frame_id, b.frame_id)
        for a, b in zip(drives.records, drives.records[1:], strict=False)
        if a.sequence == b.sequence and position[a.frame_id] == position[b.frame_id]
    ]
    first, second = (drives.read(frame).points for frame in pairs[0])
    assert first.shape != second.shape or not np.array_equal(first, second)  # noise and what moves
    assert abs(len(first) - len(second)) < 0.05 * len(first)


def test_tracks_keep_their_number_and_class(demo):
    frames = [record.frame_id for record in demo.records if record.sequence == demo.records[60].sequence]
    classes: dict[int, str] = {}
    sizes: dict[int, np.ndarray] = {}
    for frame in frames[:6]:
        labels = demo.labels(frame)
        assert len(set(labels.track_ids.tolist())) == len(labels)
        for track, name, size in zip(labels.track_ids, labels.boxes.class_names, labels.boxes.sizes, strict=True):
            assert classes.setdefault(int(track), str(name)) == name
            assert sizes.setdefault(int(track), size) == pytest.approx(size)


def test_calibration_is_given_for_known_frames(demo):
    calibration = demo.calibration("drive_00/000000")
    ahead = transform_points(calibration.camera_SE3_lidar, np.array([[20.0, 0.0, 0.0]]))[0]
    assert ahead[2] == pytest.approx(20.0, abs=0.5)
    with pytest.raises(ScanpickError, match="Unknown frame 'drive_00/999999'"):
        demo.calibration("drive_00/999999")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "demmo"}, "Unknown simulated set 'demmo'. Did you mean 'demo'"),
        ({"name": "demo", "frames": 0}, "frames: expected a whole number from 1"),
        ({"name": "demo", "seed": -1}, "seed: expected a whole number from 0"),
    ],
)
def test_wrong_options_are_refused(arguments, message):
    with pytest.raises(ScanpickError, match=message):
        SimulatedDrives(**arguments)


def test_options_may_come_as_text():
    drives = open_dataset("simulated:demo", frames="24", seed="5", full="true")
    assert isinstance(drives, SimulatedDrives)
    assert drives.settings["frames"] == 24
    assert drives.settings["seed"] == 5
    assert drives.settings["full"] is True
    for options in ({"frames": "many"}, {"full": "perhaps"}):
        with pytest.raises(ScanpickError, match=f"Option '{next(iter(options))}' of data set 'simulated'"):
            open_dataset("simulated:demo", **options)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("frames", [1, 7, 299, 1400, 3001])
def test_sets_have_as_many_frames_as_asked_for(name, frames):
    drives = drives_of(name, frames=frames, seed=2)
    assert sum(drive.frames for drive in drives) == frames
    numbers = [drive.number for drive in drives]
    assert len(set(numbers)) == len(numbers)


def test_apportioning_is_fair_and_exact():
    assert apportion(10, np.array([1.0, 1.0, 2.0])) == [3, 2, 5]
    assert sum(apportion(1200, np.random.default_rng(0).uniform(0.3, 1.7, 80))) == 1200
