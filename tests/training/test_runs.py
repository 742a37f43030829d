"""One training as a unit of work: what it reports, when it is done anew, what it refuses."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets import Dataset, open_dataset
from scanpick.errors import FrameError, ScanpickError
from scanpick.networks.training import TrainingSettings
from scanpick.training.frame_cache import FrameCache
from scanpick.training.metrics import Metric
from scanpick.training.runs import TrainingRun, run_training
from tests.studies.toys import BROKEN, METRIC, UNLABELLED

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("toy_detector")]

FRAMES = tuple(f"{number:06d}" for number in (21, 22, 29, 30, 36))
EVALUATION = tuple(f"{number:06d}" for number in (42, 43, 44))


@pytest.fixture
def dataset(toy_kitti: Path) -> Dataset:
    return FrameCache(open_dataset(f"kitti-object:{toy_kitti}"))


def _run(**changes: object) -> TrainingRun:
    settings = TrainingSettings(iterations=5, learning_rate=0.1, checkpoint_every=2)
    run = TrainingRun(FRAMES, EVALUATION, "toy", settings=settings, metrics=(METRIC, "Car_3d_hard_R40_0.1"))
    return dataclasses.replace(run, **changes)  # type: ignore[arg-type]


def test_it_leaves_a_folder_that_tells_everything(dataset: Dataset, tmp_path: Path) -> None:
    result = run_training(dataset, _run(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("training.json", "log.csv", "detector.json", "weights.pt", "predictions.parquet", "result.json"),
        ".log.csv.sha256",
    }
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 1 + 5
    labels = [dataset.labels(one) for one in FRAMES]
    names = np.concatenate([one.boxes.class_names for one in labels if one is not None])
    assert result["boxes"] == (names == "Car").sum()
    assert result["boxes_by_class"]["Pedestrian"] == (names == "Pedestrian").sum() > 0
    assert (result["frames"], result["evaluated_frames"], result["set_aside"]) == (5, 3, {})
    assert list(result["metrics"]) == [METRIC, "Car_3d_hard_R40_0.1"]
    assert result["seconds"] >= result["seconds_training"] > 0
    described = json.loads((tmp_path / "training.json").read_text())
    assert described["frames"] == list(FRAMES)
    assert described["detector_settings"]["model"] == {"hidden": 8}


def test_what_is_done_is_not_done_again(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run_training(dataset, _run(), tmp_path)
    monkeypatch.setattr("scanpick.training.runs.train_detector", None)
    assert run_training(dataset, _run(), tmp_path) == result
    # The order of frames, and how often checkpoints are made, change no number.
    settings = dataclasses.replace(_run().settings, checkpoint_every=5)
    assert run_training(dataset, _run(frames=FRAMES[::-1], settings=settings), tmp_path) == result


@pytest.mark.parametrize(
    "change",
    [
        {"frames": FRAMES[1:]},
        {"evaluation": EVALUATION[1:]},
        {"options": {"hidden": 4}},
        {"settings": TrainingSettings(iterations=5, learning_rate=0.1, seed=1)},
        {"metrics": (METRIC,)},
        {"threads": 2},
        {"data": "other points"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_anything_that_changes_numbers_is_another_training(change: dict[str, object]) -> None:
    assert _run(**change).fingerprint != _run().fingerprint


def test_a_folder_keeps_to_its_training(dataset: Dataset, tmp_path: Path) -> None:
    run_training(dataset, _run(), tmp_path)
    with pytest.raises(ScanpickError, match="holds another training"):
        run_training(dataset, _run(data="other"), tmp_path)
    (tmp_path / "result.json").write_text("{")
    with pytest.raises(ScanpickError, match=r"result\.json: expected JSON"):
        run_training(dataset, _run(), tmp_path)


def test_repeated_it_gives_the_same_numbers(dataset: Dataset, tmp_path: Path) -> None:
    first, second = (run_training(dataset, _run(), tmp_path / name) for name in ("a", "b"))
    assert first["metrics"] == second["metrics"]
    assert (tmp_path / "a" / "weights.pt").read_bytes() == (tmp_path / "b" / "weights.pt").read_bytes()


def test_frames_that_cannot_be_used_are_named(dataset: Dataset, tmp_path: Path) -> None:
    run = _run(frames=(*FRAMES, BROKEN), evaluation=(*EVALUATION, UNLABELLED))
    result = run_training(dataset, run, tmp_path)
    assert set(result["set_aside"]) == {BROKEN, UNLABELLED}
    assert (result["frames"], result["evaluated_frames"]) == (5, 3)


def test_a_frame_is_not_on_both_sides() -> None:
    with pytest.raises(ScanpickError, match="1 frames are both trained on and evaluated: 000021"):
        _run(evaluation=(*EVALUATION, "000021"))


def test_a_cached_data_set_is_the_data_set(toy_kitti: Path) -> None:
    plain = open_dataset(f"kitti-object:{toy_kitti}")
    cached = FrameCache(plain, most_bytes=20_000)  # room for one frame or two
    for frame_id in ("000021", "000022", "000021", "000030"):
        assert np.array_equal(cached.read(frame_id).points, plain.read(frame_id).points)
        expected, found = plain.labels(frame_id), cached.labels(frame_id)
        assert expected is not None
        assert found is not None
        assert np.array_equal(found.boxes.array, expected.boxes.array)
    assert cached.read(UNLABELLED).frame_id == UNLABELLED
    assert cached.labels(UNLABELLED) is None
    with pytest.raises(FrameError):
        cached.read(BROKEN)


@pytest.mark.parametrize(
    "name", ["Car_3d_moderate_R40_0.7", "Person_sitting_bev_easy_exact_0.25", "Car_aos_hard_R11_0"]
)
def test_metrics_are_told_as_they_are_read(name: str) -> None:
    assert str(Metric.parse(name)) == name


@pytest.mark.parametrize("name", ["Car", "Car_3d_moderate_R40", "Car_4d_moderate_R40_0.7", "Car_3d_moderate_R40_1.0"])
def test_metrics_of_another_form(name: str) -> None:
    with pytest.raises(ScanpickError, match="expected CLASS_MATCHED_DIFFICULTY_AVERAGE_OVERLAP"):
        Metric.parse(name)
