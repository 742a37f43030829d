"""Predictions for frames of a data set, with what several answers about the same frame say of each box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from scanpick.arrays import Float64Array
from scanpick.datasets import Dataset
from scanpick.detectors.detector import DetectorModel
from scanpick.detectors.prediction import predict, predict_passes, predict_variations
from scanpick.detectors.scene import Scene
from scanpick.formats.predictions import write_predictions
from scanpick.structures import Detections
from scanpick.training.scenes import read_scenes
from scanpick.training.view import View
from scanpick.uncertainty import disagreement_of_boxes


@dataclass(frozen=True)
class PredictionSettings:
    """How frames are predicted.

    Attributes:
        view: Which points are taken.
        passes: How many passes with dropout are compared with each prediction; 0 for none.
        dropout: Share of the heads' features that each pass leaves out.
        variations: How many varied inputs are compared with each prediction; 0 for none.
        seed: Of everything random.
        device: Where the network runs.
    """

    view: View = View.AUTO
    passes: int = 0
    dropout: float = 0.1
    variations: int = 0
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True)
class Predicted:
    """What was found, and what became of the frames.

    Attributes:
        detections: One entry for each frame that could be read, in the order asked for.
        set_aside: Frame id -> why it could not be read.
        cut: Frames that were cut to the camera's view.
        assumed_size: Those of them whose image has no known size.
    """

    detections: list[Detections] = field(default_factory=list)
    set_aside: dict[str, str] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)
    assumed_size: list[str] = field(default_factory=list)


def predict_frames(
    model: DetectorModel,
    dataset: Dataset,
    frame_ids: Sequence[str],
    settings: PredictionSettings,
    *,
    advance: Callable[[int], None] = lambda steps: None,
) -> Predicted:
    """Predict frames one at a time: a pool does not fit into memory. Labels are not looked at.

    Raises:
        ScanpickError: A frame id is unknown.
    """
    result = Predicted()
    for frame_id in frame_ids:
        read = read_scenes(dataset, [frame_id], need_labels=False, view=settings.view)
        result.detections.extend(predict_scene(model, scene, settings) for scene in read.scenes)
        result.set_aside.update(read.set_aside)
        result.cut.extend(read.cut)
        result.assumed_size.extend(read.assumed_size)
        advance(1)
    return result


def write_predicted(path: Path, found: Predicted, detector: str, settings: PredictionSettings, **facts: Any) -> None:
    """Write a predictions table that says how it was made.

    Args:
        path: The table.
        found: What was found.
        detector: Which kind of detector found it.
        settings: How frames were predicted.
        facts: What tells the detector, its weights and the frames from others.
    """
    meta = {"detector": detector, **facts, "prediction": asdict(settings), "cut_to_the_camera": len(found.cut)}
    write_predictions(path, found.detections, {**meta, "set_aside": found.set_aside})


def predict_scene(model: DetectorModel, scene: Scene, settings: PredictionSettings) -> Detections:
    """Detections of one scene, with the columns ``dropout_disagreement`` and ``input_disagreement`` where asked for."""
    (found,) = predict(model, [scene], seed=settings.seed, device=settings.device)
    extras: dict[str, Float64Array] = {}
    if settings.passes:
        others = predict_passes(
            model, scene, settings.passes, rate=settings.dropout, seed=settings.seed, device=settings.device
        )
        extras["dropout_disagreement"] = disagreement_of_boxes(found, others)
    if settings.variations:
        others = predict_variations(model, scene, settings.variations, seed=settings.seed, device=settings.device)
        extras["input_disagreement"] = disagreement_of_boxes(found, others)
    return replace(found, extras={**found.extras, **extras})
