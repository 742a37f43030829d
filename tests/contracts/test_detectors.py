"""What every registered detector keeps to; a new one is tested by being registered."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from scanpick.detectors import DETECTORS
from scanpick.detectors.detector import DetectorModel
from scanpick.detectors.prediction import predict, predict_passes, predict_variations
from scanpick.detectors.saved import build_detector, load_detector, save_detector
from scanpick.detectors.scene import Scene
from scanpick.detectors.training import train
from scanpick.errors import ScanpickError
from scanpick.networks.training import TrainingSettings
from scanpick.structures import Boxes3D, Detections
from tests.detectors.scenes import car_scene

pytestmark = pytest.mark.slow

SMALL_PILLARS: dict[str, Any] = {
    **{"channels": [8, 8, 8], "blocks": [1, 1, 1], "point_channels": 8, "head_channels": 8, "box_channels": 16},
    **{"pillar_m": 0.64, "x_range_m": [0.0, 51.2], "y_range_m": [-28.16, 28.16]},
}
SMALL_LEVELS = [
    {"draws": [{"by": "place", "count": 64}], "radii": [1.0], "neighbours": [8], "widths": [[8, 8]], "outputs": 8},
    {
        "draws": [{"by": "feature", "count": 16}, {"by": "place", "count": 16}],
        **{"radii": [3.0], "neighbours": [8], "widths": [[8, 16]], "outputs": 16},
    },
]
SMALL_SSD: dict[str, Any] = {
    **{"points": 512, "levels": SMALL_LEVELS, "candidates": 16, "vote_width": 8, "vote_radii": [4.8]},
    **{"vote_neighbours": [8], "vote_widths": [[16, 16]], "shared_widths": [16], "branch_width": 8},
}
# Sizes for a quick test; the same code as at full size.
OPTIONS = {
    **dict.fromkeys(("pillar", "pillar-nano", "pillar-pico", "pillar-femto"), SMALL_PILLARS),
    **dict.fromkeys(("3dssd", "3dssd-nano"), SMALL_SSD),
}
CLASSES = ("Car", "Cyclist")  # of which the second never occurs
QUICK = TrainingSettings(iterations=2, batch_size=2, checkpoint_every=1)


@pytest.fixture(params=DETECTORS.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def build(name: str, seed: int = 0, classes: tuple[str, ...] = CLASSES) -> DetectorModel:
    return build_detector(name, classes, seed=seed, **OPTIONS.get(name, {}))


def scenes() -> list[Scene]:
    """A usual frame, one without objects, one with three points and one without any."""
    usual, empty = car_scene(0), car_scene(1)
    empty = replace(empty, boxes=Boxes3D.empty())
    few = empty.with_points(np.arange(len(empty.points)) < 3)
    nothing = empty.with_points(np.zeros(len(empty.points), dtype=np.bool_))
    return [replace(scene, frame_id=f"frame {row}") for row, scene in enumerate((usual, empty, few, nothing))]


def weights(model: DetectorModel) -> dict[str, np.ndarray]:
    return {key: value.numpy().copy() for key, value in model.network.state_dict().items()}


def same(one: list[Detections], two: list[Detections]) -> None:
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.boxes.array, b.boxes.array)
        np.testing.assert_array_equal(a.scores, b.scores)
        assert a.boxes.class_names.tolist() == b.boxes.class_names.tolist()
        assert set(a.extras) == set(b.extras)


def test_trains_predicts_and_comes_back_from_its_folder(name: str, tmp_path: Path) -> None:
    model = build(name)
    before = weights(model)
    train(model, scenes(), QUICK, tmp_path)
    after = weights(model)
    assert any((after[key] != before[key]).any() for key in before)
    assert all(np.isfinite(value).all() for value in after.values())
    found = predict(model, scenes())
    assert [one.frame_id for one in found] == [scene.frame_id for scene in scenes()]
    for one in found:
        assert np.isfinite(one.boxes.array).all()
        assert (one.boxes.sizes > 0).all()
        assert ((one.scores >= 0) & (one.scores <= 1)).all()
        assert set(one.boxes.class_names) <= set(CLASSES)
    assert len(found[-1]) == 0, "nothing can be found where there are no points"
    save_detector(tmp_path, name, model, {})
    again, told = load_detector(tmp_path)
    assert told["detector"] == name
    assert json.loads(json.dumps(again.settings)) == json.loads(json.dumps(model.settings))
    same(predict(again, scenes()), found)


def test_a_frame_is_predicted_alike_in_any_company(name: str) -> None:
    model = build(name)
    same(predict(model, scenes()[:1]), predict(model, scenes())[:1])


def test_points_are_left_alone_and_labels_not_looked_at(name: str) -> None:
    model, scene = build(name), car_scene(0)
    before = scene.points.copy()
    found = predict(model, [scene])
    np.testing.assert_array_equal(scene.points, before)
    same(predict(model, [replace(scene, boxes=Boxes3D.empty())]), found)


def test_interrupted_training_ends_with_the_same_weights(name: str, tmp_path: Path) -> None:
    whole, parts = build(name), build(name)
    train(whole, scenes(), QUICK, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(parts, scenes(), QUICK, tmp_path / "parts", advance=_interrupt_after(1))
    parts = build(name)
    steps: list[int] = []
    train(parts, scenes(), QUICK, tmp_path / "parts", advance=steps.append)
    assert steps == [1, 1], "the first step was done before"
    for key, value in weights(whole).items():
        np.testing.assert_array_equal(weights(parts)[key], value, err_msg=key)


def test_the_seed_decides(name: str, tmp_path: Path) -> None:
    one, two, other = build(name, 0), build(name, 0), build(name, 1)
    train(one, scenes(), QUICK, tmp_path / "one")
    train(two, scenes(), QUICK, tmp_path / "two")
    first = weights(one)
    assert all((weights(two)[key] == value).all() for key, value in first.items())
    assert any((weights(other)[key] != value).any() for key, value in first.items())


def test_frames_without_any_object_can_be_trained_on(name: str, tmp_path: Path) -> None:
    model = build(name)
    train(model, scenes()[1:], QUICK, tmp_path)
    assert all(np.isfinite(value).all() for value in weights(model).values())


def test_boxes_spread_where_that_is_given_and_passes_with_dropout_differ(name: str) -> None:
    model, scene = build(name), car_scene(0)
    (found,) = predict(model, [scene])
    spread = found.extras.get("box_spread", np.zeros(0))
    assert ((spread >= 0) & (spread <= 1)).all()
    assert len(spread) or name not in OPTIONS, "scanpick's own detectors all give it"
    passes = predict_passes(model, scene, 2, rate=0.5, seed=3)
    same(passes, predict_passes(model, scene, 2, rate=0.5, seed=3))
    assert any(_differ(one, found) for one in passes)
    assert _differ(*passes)
    same(predict_passes(model, scene, 1, rate=0.0), [found])
    same(predict(model, [scene]), [found])  # dropout is over


def test_variations_are_the_same_again(name: str) -> None:
    model, scene = build(name), car_scene(0)
    found = predict_variations(model, scene, 2)
    same(predict_variations(model, scene, 2), found)
    assert {one.frame_id for one in found} == {scene.frame_id}


def test_unknown_options_and_classes_are_errors(name: str) -> None:
    with pytest.raises(ScanpickError, match="no_such_option"):
        build_detector(name, ("Car",), seed=0, no_such_option=1)
    with pytest.raises(ScanpickError, match="class"):
        build_detector(name, (), seed=0)


def test_building_leaves_the_random_state_alone(name: str) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    build(name)
    assert torch.equal(torch.get_rng_state(), before)


def _interrupt_after(steps: int) -> Any:
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if done > steps:
            raise KeyboardInterrupt

    return advance


def _differ(one: Detections, two: Detections) -> bool:
    return len(one) != len(two) or not np.array_equal(one.scores, two.scores)
