"""Train a detector on frames of a data set, save it, and try it on other frames: the way of every training.

``scanpick train`` trains so, and so does each round of a study.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from scanpick import __version__
from scanpick.datasets import Dataset
from scanpick.detectors.detector import DetectorModel
from scanpick.detectors.saved import build_detector, save_detector, start_from, weights_file
from scanpick.detectors.training import iterations_for, train
from scanpick.errors import ScanpickError
from scanpick.files import sha256_of_file
from scanpick.formats.predictions import write_predictions
from scanpick.networks.training import TrainingSettings
from scanpick.structures.checks import check_known, name_some
from scanpick.structures.class_names import count_of
from scanpick.training.metrics import GroundTruth, read_ground_truth
from scanpick.training.predicting import Predicted, PredictionSettings, predict_frames
from scanpick.training.scenes import Scenes, read_scenes
from scanpick.training.view import View
from scanpick.workspace.reading import Progress, no_progress

PREDICTIONS = "predictions.parquet"


@dataclass(frozen=True)
class DetectorTraining:
    """What a detector is trained on, and how.

    Attributes:
        frames: Ids of the labelled frames. Objects that are pasted into frames come from these alone.
        evaluation: Ids of the frames that are predicted afterwards; none by default.
        detector: Name of the detector.
        options: Its options.
        classes: What it is to find.
        settings: How it is trained. Its seed also decides the weights that training starts from.
        epochs: Passes over the frames, instead of the iterations in `settings`.
        minutes: About how long it takes, instead of the iterations in `settings`; a few steps are timed first.
        weights: A training folder, or mmdetection3d's checkpoint of 3DSSD, to start from.
        view: Which points of frames are taken, in training and in prediction.
        prediction: How the evaluation frames are predicted; `view` and `device` are those given here.
        device: Where the network runs.
    """

    frames: tuple[str, ...]
    evaluation: tuple[str, ...] = ()
    detector: str = "pillar-nano"
    options: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...] = ("Car",)
    settings: TrainingSettings = field(default_factory=TrainingSettings)
    epochs: float | None = None
    minutes: float | None = None
    weights: Path | None = None
    view: View = View.AUTO
    prediction: PredictionSettings = field(default_factory=PredictionSettings)
    device: str = "cpu"

    def __post_init__(self) -> None:
        both = sorted(set(self.frames) & set(self.evaluation))
        if both:  # its numbers would flatter
            raise ScanpickError(
                f"{len(both)} frames are both trained on and evaluated: {name_some(both)}. Expected none."
            )

    def build(self) -> DetectorModel:
        """The detector before its first step."""
        model = build_detector(self.detector, self.classes, seed=self.settings.seed, **self.options)
        if self.weights is not None:
            start_from(model, self.weights)
        return model


@dataclass(frozen=True, eq=False)
class TrainedDetector:
    """A detector, what it was trained on, and what it found in other frames.

    Attributes:
        name: Which kind of detector.
        model: The detector.
        settings: How it was trained, resolved.
        read: The labelled frames.
        predicted: What it found in the evaluation frames.
        truth: The labels of the evaluation frames.
        seconds: How long reading and training took.
    """

    name: str
    model: DetectorModel
    settings: TrainingSettings
    read: Scenes
    predicted: Predicted
    truth: GroundTruth
    seconds: float

    @property
    def boxes_by_class(self) -> dict[str, int]:
        """Class -> labelled objects in the frames that it was trained on, also of classes that it does not know."""
        counts = Counter(name for scene in self.read.scenes for name in scene.boxes.class_names.tolist())
        return dict(sorted(counts.items()))

    @property
    def boxes(self) -> int:
        """Labelled objects of its own classes."""
        return count_of(self.boxes_by_class, self.model.class_names)

    @property
    def set_aside_in_evaluation(self) -> dict[str, str]:
        """Evaluation frame -> why it cannot be predicted or compared."""
        return {**self.predicted.set_aside, **self.truth.set_aside}

    @property
    def set_aside(self) -> dict[str, str]:
        """Frame id -> why it was not used, for training or for evaluation."""
        return {**self.read.set_aside, **self.set_aside_in_evaluation}


def train_detector(
    dataset: Dataset,
    training: DetectorTraining,
    folder: Path,
    *,
    need_objects: bool = True,
    facts: Mapping[str, Any] | None = None,
    progress: Progress = no_progress,
) -> TrainedDetector:
    """Train, save, and predict the evaluation frames. Killed and started again, it goes on to the same weights.

    Args:
        dataset: Where all the frames are.
        training: What to do.
        folder: Gets ``weights.pt``, ``detector.json``, ``log.csv``, ``checkpoint.pt`` and ``predictions.parquet``.
        need_objects: Refuse frames without any object of the classes; rounds of a study may have such.
        facts: What ``detector.json`` and the predictions are to say besides.
        progress: Shows how far it is.

    Raises:
        ScanpickError: A frame, name or option is unknown, no frame can be used, the folder holds a training with other
            settings, or the loss became NaN.
    """
    facts = facts or {}
    started = time.monotonic()
    model = training.build()
    started_from = "" if training.weights is None else sha256_of_file(weights_file(training.weights))
    check_known("frames", training.evaluation, {record.frame_id: record for record in dataset.records})
    # The labelled frames
    with progress("read", len(training.frames)) as advance:
        read = read_scenes(dataset, training.frames, need_labels=True, view=training.view, advance=advance)
    read.check_any()
    if need_objects:
        read.check_classes(training.classes)
    # Train and save
    settings = _with_iterations(training, model, read, folder)
    with progress("train", settings.iterations) as advance:
        train(model, read.scenes, settings, folder, device=training.device, started_from=started_from, advance=advance)
    described = {
        "training": asdict(settings),
        "view": training.view.value,
        "frames": [scene.frame_id for scene in read.scenes],
        "set_aside": read.set_aside,
        "started_from_sha256": started_from,
        "versions": {"scanpick": __version__, "torch": torch.__version__},
    }
    save_detector(folder, training.detector, model, {**described, **facts})
    seconds = time.monotonic() - started
    # Predict the evaluation frames
    predicted, truth = Predicted(), read_ground_truth(dataset, ())
    if training.evaluation:
        plan = replace(training.prediction, view=training.view, device=training.device)
        with progress("predict", len(training.evaluation)) as advance:
            predicted = predict_frames(model, dataset, training.evaluation, plan, advance=advance)
        meta = {"detector": training.detector, **facts, "set_aside": predicted.set_aside}
        write_predictions(folder / PREDICTIONS, predicted.detections, meta)
        truth = read_ground_truth(dataset, training.evaluation)
    return TrainedDetector(training.detector, model, settings, read, predicted, truth, seconds)


def _with_iterations(training: DetectorTraining, model: DetectorModel, read: Scenes, folder: Path) -> TrainingSettings:
    settings = training.settings
    if training.epochs is None and training.minutes is None:
        return settings
    iterations = iterations_for(
        *(model, read.scenes, folder, settings.batch_size, None),
        *(training.epochs, training.minutes, settings.seed, training.device),
    )
    return replace(settings, iterations=iterations)
