"""3DSSD as a detector: samples, training through the common loop, detections, odd frames."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from scanpick.detectors import DETECTORS
from scanpick.detectors.prediction import predict
from scanpick.detectors.scene import Scene
from scanpick.detectors.ssd3d.config import SSD3D, Draw, Level
from scanpick.detectors.ssd3d.model import Ssd3dModel
from scanpick.detectors.training import train
from scanpick.errors import ScanpickError
from scanpick.networks.training import TrainingSettings
from scanpick.structures import Boxes3D
from tests.detectors.scenes import car_scene

pytestmark = pytest.mark.slow

TINY = replace(
    SSD3D,
    points=1024,
    levels=(
        Level((Draw("place", 128),), (0.5, 1.5), (8, 8), ((8, 8), (8, 8)), 8),
        Level((Draw("feature", 32), Draw("place", 32)), (1.5, 3.0), (8, 8), ((8, 16), (8, 16)), 16),
        Level((Draw("feature", 16, 0, 32), Draw("place", 16, 32)), (3.0, 5.0), (8, 8), ((16, 16), (16, 16)), 16),
    ),
    candidates=16,
    vote_width=16,
    vote_neighbours=(4, 8),
    vote_widths=((16, 16), (16, 16)),
    shared_widths=(16,),
    branch_width=16,
)
RNG = np.random.default_rng


def tiny(seed=0, **changes):
    torch.manual_seed(seed)
    return Ssd3dModel(replace(TINY, **changes))


def test_points_in_range_are_drawn_without_repetition():
    scene = car_scene(0)
    sample = tiny().sample(scene, RNG(0), training=False)
    assert sample.cloud.shape == (1024, 4)
    assert len(np.unique(sample.cloud, axis=0)) == 1024
    assert (tiny().sample(scene, RNG(0), training=False).cloud == sample.cloud).all()
    assert (tiny().sample(scene, RNG(1), training=False).cloud != sample.cloud).any()


def test_too_few_points_are_all_kept_and_some_repeated():
    scene = car_scene(0).with_points(np.arange(6240) < 300)
    sample = tiny().sample(scene, RNG(0), training=False)
    assert len(np.unique(sample.cloud, axis=0)) == 300
    assert sample.cloud.shape == (1024, 4)


def test_points_and_boxes_out_of_range_are_left_out():
    scene = car_scene(0)
    far = replace(scene, boxes=Boxes3D(np.array([[90.0, 0, 0, 4, 2, 2, 0]]), np.array(["Car"])))
    assert len(tiny().sample(far, RNG(0), training=True).boxes) == 0
    behind = replace(scene, points=scene.points * np.float32([-1, 1, 1, 1]))
    sample = tiny().sample(behind, RNG(0), training=False)
    assert not sample.seen
    assert (sample.cloud == 0).all()


def test_training_gives_the_same_weights_for_the_same_seed(tmp_path):
    runs = []
    for run in range(2):
        model = tiny()
        train(model, [car_scene(0), car_scene(1)], TrainingSettings(iterations=6), tmp_path / str(run))
        runs.append(torch.cat([p.detach().flatten() for p in model.network.parameters()]))
    assert torch.equal(*runs)


def test_the_network_learns_a_batch_by_heart():
    model = tiny()
    batch = model.batch(
        [model.sample(car_scene(seed), RNG(0), training=True) for seed in range(2)], torch.device("cpu")
    )
    optimiser = torch.optim.Adam(model.network.parameters(), lr=3e-3)
    values = []
    for _ in range(80):
        optimiser.zero_grad()
        total = sum(model.losses(batch).values())
        total.backward()
        optimiser.step()
        values.append(total.item())
    assert np.mean(values[-10:]) < 0.5 * np.mean(values[:10])


def test_frames_without_points_or_objects_can_be_trained_on(tmp_path):
    nothing = Scene("nothing", np.zeros((0, 4), np.float32), Boxes3D.empty())
    train(tiny(), [nothing, car_scene(0, cars=0)], TrainingSettings(iterations=3), tmp_path)
    (found,) = predict(tiny(), [nothing])
    assert len(found) == 0
    assert found.frame_id == "nothing"


def test_detections_have_one_box_a_candidate_with_several_classes():
    model = tiny(class_names=("Car", "Pedestrian", "Cyclist"))
    (found,) = predict(model, [car_scene(0)])
    assert 0 < len(found) <= TINY.candidates
    assert len(np.unique(found.boxes.array, axis=0)) == len(found)
    np.testing.assert_array_equal(found.class_probabilities.max(axis=1), found.scores)


def test_a_frame_does_not_depend_on_the_others():
    model, scenes = tiny(), [car_scene(seed) for seed in range(2)]
    together = predict(model, scenes)
    for scene, expected in zip(scenes, together, strict=True):
        (alone,) = predict(model, [scene])
        np.testing.assert_array_equal(alone.boxes.array, expected.boxes.array)


def test_the_settings_build_the_same_detector():
    """Through JSON, as a training folder keeps them."""
    told = json.loads(json.dumps(tiny().settings))
    names = tuple(told.pop("class_names"))
    assert DETECTORS.make("3dssd", told, class_names=names).config == TINY
    assert DETECTORS.make("3dssd-nano", {"points": "4096"}).config.points == 4096


def test_wrong_options_are_named():
    with pytest.raises(ScanpickError, match=r"Unknown option of detector '3dssd', 'point'. Did you mean 'points'"):
        DETECTORS.make("3dssd", {"point": 3})
    with pytest.raises(ScanpickError, match="expected to draw 1 to 1000 of the points 0 to 1000 of 1000, got 4096"):
        DETECTORS.make("3dssd", {"points": 1000})
    level = {"draws": [{"by": "place", "count": 5}], "radii": [1], "neighbours": [8], "widths": [[8]], "outputs": 8}
    with pytest.raises(ScanpickError, match=r"Option 'levels\.0\.radii' of detector '3dssd': Field required"):
        DETECTORS.make("3dssd", {"levels": [{name: level[name] for name in level if name != "radii"}]})
    with pytest.raises(ScanpickError, match=r"Option 'levels\.0\.radius' of detector '3dssd': .*, got 3"):
        DETECTORS.make("3dssd", {"levels": [level | {"radius": 3}]})
    with pytest.raises(ScanpickError, match="class names, each once"):
        DETECTORS.make("3dssd", {}, class_names=("Car", "Car"))
