"""The pieces of work of a study that take long. Each is a file with a fingerprint, and is done once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from scanpick.datasets import Dataset
from scanpick.detectors.saved import load_detector
from scanpick.files import sha256_of_text
from scanpick.formats.predictions import read_predictions_meta
from scanpick.training.predicting import PredictionSettings, predict_frames, write_predicted
from scanpick.training.runs import TrainingRun, finished_result, run_training
from scanpick.training.threads import limited_threads
from scanpick.workspace.workspace import Workspace


class Unit(Protocol):
    """A piece of work. Picklable: it is done in a worker process."""

    @property
    def fingerprint(self) -> str:
        """Equal fingerprints, equal results."""

    def finished(self) -> bool:
        """Whether its result is on disk."""

    def run(self, dataset: Dataset) -> None:
        """Do it. Killed and done again, it ends with the same result."""


@dataclass(frozen=True)
class TrainingUnit:
    """Train, predict the evaluation frames, evaluate: ``trainings/<fingerprint>/``."""

    run_settings: TrainingRun
    fingerprint: str
    trainings: Path

    @property
    def folder(self) -> Path:
        """Where its results are."""
        return self.trainings / self.fingerprint

    def finished(self) -> bool:
        """See `Unit.finished`."""
        return finished_result(self.folder, self.fingerprint) is not None

    def result(self) -> dict[str, Any]:
        """The numbers of the finished training."""
        result = finished_result(self.folder, self.fingerprint)
        assert result is not None
        return result

    def run(self, dataset: Dataset) -> None:
        """See `Unit.run`."""
        run_training(dataset, self.run_settings, self.folder)


@dataclass(frozen=True)
class PoolPredictionUnit:
    """What a trained detector finds in frames without labels: ``predictions/<training>.parquet`` of the pool."""

    training: TrainingUnit
    frames: tuple[str, ...]
    data: str
    workspace: Workspace

    @property
    def path(self) -> Path:
        """The predictions table."""
        return self.workspace.predictions_path(self.training.fingerprint)

    @property
    def fingerprint(self) -> str:
        """A digest of the detector and of the frames with their content."""
        return sha256_of_text("\n".join([self.training.fingerprint, self.data, *self.frames]))[:16]

    def finished(self) -> bool:
        """See `Unit.finished`."""
        return self.path.is_file() and read_predictions_meta(self.path).get("fingerprint") == self.fingerprint

    def run(self, dataset: Dataset) -> None:
        """See `Unit.run`."""
        settings = self.training.run_settings
        with limited_threads(settings.threads):
            model, described = load_detector(self.training.folder)
            asked = PredictionSettings(device=settings.device)
            found = predict_frames(model, dataset, self.frames, asked)
            write_predicted(self.path, found, described["detector"], asked, fingerprint=self.fingerprint)
