"""Training: the same weights for the same seed, resumed or not; clear ends for what cannot be trained."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from scanpick.detectors.pillars.config import PillarConfig
from scanpick.detectors.pillars.model import PillarModel
from scanpick.detectors.prediction import predict
from scanpick.detectors.scene import Scene
from scanpick.detectors.training import train
from scanpick.errors import ScanpickError
from scanpick.networks.training import TrainingSettings
from scanpick.structures import Boxes3D
from tests.detectors.scenes import car_scene

pytestmark = pytest.mark.slow

TINY = PillarConfig(
    x_range_m=(0.0, 25.6),
    y_range_m=(-12.8, 12.8),
    point_channels=8,
    channels=(8, 8, 8),
    blocks=(1, 1, 1),
    head_channels=8,
)
SETTINGS = TrainingSettings(iterations=6, checkpoint_every=2, averaging=0.9)
SCENES = [car_scene(seed) for seed in range(3)]


def _model(seed: int = 0) -> PillarModel:
    torch.manual_seed(seed)
    return PillarModel(TINY)


def _weights(model: PillarModel) -> torch.Tensor:
    return torch.cat([value.flatten().double() for value in model.network.state_dict().values()])


def test_resumed_training_ends_at_the_same_weights(tmp_path: Path) -> None:
    whole = _model()
    train(whole, SCENES, SETTINGS, tmp_path / "whole")

    class StoppedError(Exception):
        pass

    def stop_at(count: int) -> Callable[[int], None]:
        done = 0

        def advance(steps: int) -> None:
            nonlocal done
            done += steps
            if done == count:
                raise StoppedError

        return advance

    with pytest.raises(StoppedError):
        train(_model(), SCENES, SETTINGS, tmp_path / "parts", advance=stop_at(5))
    resumed = _model(seed=9)  # its weights come from the checkpoint
    train(resumed, SCENES, SETTINGS, tmp_path / "parts")
    assert torch.equal(_weights(whole), _weights(resumed))
    logs = [(tmp_path / run / "log.csv").read_text() for run in ("whole", "parts")]
    assert logs[0] == logs[1]
    assert len(logs[0].splitlines()) == 7


def test_seeds_change_the_weights(tmp_path: Path) -> None:
    runs = []
    for seed in (0, 1):
        model = _model()
        train(model, SCENES, replace(SETTINGS, seed=seed), tmp_path / str(seed))
        runs.append(_weights(model))
    assert not torch.equal(*runs)


def test_other_settings_in_the_same_folder_are_refused(tmp_path: Path) -> None:
    train(_model(), SCENES, SETTINGS, tmp_path)
    with pytest.raises(ScanpickError, match="other settings"):
        train(_model(), SCENES, replace(SETTINGS, learning_rate=1e-4), tmp_path)
    with pytest.raises(ScanpickError, match="other settings, frames"):
        train(_model(), SCENES[:2], SETTINGS, tmp_path)


def test_frames_without_objects_are_trained_on(tmp_path: Path) -> None:
    nothing = Scene("empty", np.zeros((0, 4), np.float32), Boxes3D.empty())
    for name, scenes in (("none", [car_scene(0, cars=0)]), ("other class", [car_scene(0, name="Tram")])):
        train(_model(), [*scenes, nothing], replace(SETTINGS, iterations=2), tmp_path / name)


def test_a_loss_that_is_not_finite_stops_with_the_frames(tmp_path: Path) -> None:
    model = _model()
    with torch.no_grad():
        model.network.point_layer.weight.fill_(torch.nan)
    with pytest.raises(ScanpickError, match=r"loss is nan.*scene-"):
        train(model, SCENES, SETTINGS, tmp_path)


def test_no_frames_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match="at least one labelled frame"):
        train(_model(), [], SETTINGS, tmp_path)


def test_prediction_does_not_depend_on_other_frames() -> None:
    model = _model()
    together = predict(model, SCENES)
    alone = [predict(model, [scene])[0] for scene in SCENES]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one.boxes.array, other.boxes.array)
        np.testing.assert_array_equal(one.scores, other.scores)


def test_an_empty_cloud_has_a_prediction() -> None:
    (found,) = predict(_model(), [Scene("empty", np.zeros((0, 4), np.float32), Boxes3D.empty())])
    assert found.frame_id == "empty"


def test_a_few_scenes_are_learnt(tmp_path: Path) -> None:
    """After 150 steps on a few scenes, the cars of these are found with high overlap."""
    from scanpick.geometry.rotated_iou import iou_3d_of_pairs

    torch.manual_seed(0)
    model = PillarModel(replace(TINY, point_channels=16, channels=(16, 32, 32), head_channels=32))
    scenes = [car_scene(seed, cars=9) for seed in range(4)]
    train(model, scenes, TrainingSettings(iterations=150, learning_rate=6e-3), tmp_path)
    best = []
    for scene, found in zip(scenes, predict(model, scenes), strict=True):
        centres = scene.boxes.array[:, :2]
        seen = scene.boxes.array[(centres[:, 0] < 24) & (np.abs(centres[:, 1]) < 11)]
        boxes = found.boxes.array
        pairs = iou_3d_of_pairs(np.repeat(seen, len(boxes), axis=0), np.tile(boxes, (len(seen), 1)))
        best.extend(pairs.reshape(len(seen), len(boxes)).max(axis=1))
    assert np.mean(np.array(best) > 0.5) > 0.8
