"""One training of a study: train a detector on some frames, predict others, evaluate. A folder holds what came out.

``training.json`` says what was asked for, ``log.csv`` how it went, ``weights.pt`` and ``detector.json`` are the
detector, ``predictions.parquet`` is what it found in the evaluation frames, and ``result.json``, written last, holds
the numbers.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from scanpick import __version__
from scanpick.datasets import Dataset
from scanpick.detectors.saved import build_detector
from scanpick.errors import ScanpickError
from scanpick.files import sha256_of_text
from scanpick.texts import parsing, read_json, write_json
from scanpick.training.detector_training import DetectorTraining, train_detector
from scanpick.training.metrics import Metric, measure, metric_of_set
from scanpick.training.threads import limited_threads

RESULT, DESCRIPTION, CHECKPOINT = "result.json", "training.json", "checkpoint.pt"

CAR_METRICS = (
    "Car_3d_moderate_R40_0.7",
    "Car_3d_moderate_R11_0.7",
    "Car_3d_moderate_R40_0.5",
    "Car_bev_moderate_R40_0.7",
    "Car_3d_easy_R40_0.7",
    "Car_3d_hard_R40_0.7",
)


@dataclass(frozen=True)
class TrainingRun(DetectorTraining):
    """A training with everything that its numbers depend on besides what is in the frames; their order is nothing.

    Attributes:
        metrics: Names of numbers to compute, see `Metric`.
        threads: How many threads it uses: results agree to the last digit only for the same number.
        sets: Name -> evaluation frames that the metrics are computed on apart, see `metric_of_set`; empty where all
            evaluation frames are one set.
        data: A fingerprint of the content of all these frames, where the caller has one: a changed file is then
            another run.
    """

    metrics: tuple[str, ...] = CAR_METRICS
    threads: int = 1
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    data: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", tuple(sorted(self.frames)))
        super().__post_init__()

    @property
    def fingerprint(self) -> str:
        """A short digest of everything: equal digests, equal numbers on the same machine."""
        return sha256_of_text(json.dumps(self.described(), sort_keys=True))[:16]

    def described(self) -> dict[str, Any]:
        """All settings, resolved, JSON-serialisable. How often checkpoints are made changes no number."""
        settings = {name: value for name, value in asdict(self.settings).items() if name != "checkpoint_every"}
        return {
            "detector": self.detector,
            "detector_settings": _resolved(self.detector, json.dumps(dict(self.options), sort_keys=True), self.classes),
            "training": settings,
            "frames": list(self.frames),
            "frames_sha256": sha256_of_text("\n".join(self.frames)),
            "evaluation_frames": len(self.evaluation),
            "evaluation_sha256": sha256_of_text("\n".join(self.evaluation)),
            "metrics": list(self.metrics),
            **({"sets": {name: list(frames) for name, frames in self.sets.items()}} if self.sets else {}),
            "device": self.device,
            "threads": self.threads,
            "data": self.data,
            "versions": {"scanpick": __version__, "torch": torch.__version__},
        }


def run_training(dataset: Dataset, run: TrainingRun, folder: Path) -> dict[str, Any]:
    """Train, predict, evaluate; or return at once what was done before.

    A run that was killed goes on from its last checkpoint, to the same numbers. Frames that cannot be read, or that
    have no labels, are set aside and named.

    Args:
        dataset: Where all the frames are.
        run: What to do.
        folder: Where results go.

    Returns:
        ``metrics`` (name -> percent), ``frames``, ``boxes`` (objects of the classes that were trained on),
        ``boxes_by_class`` (all labelled objects), ``seconds`` and their parts, ``set_aside``, ``fingerprint``.

    Raises:
        ScanpickError: The folder holds another training, a name or option is unknown, no frame can be used, or the
            loss became NaN.
    """
    finished = finished_result(folder, run.fingerprint)
    if finished is not None:
        return finished
    _note(folder, run)
    with limited_threads(run.threads):
        return _run(dataset, run, folder)


def finished_result(folder: Path, fingerprint: str) -> dict[str, Any] | None:
    """The numbers of a finished training; None where it is not finished.

    Raises:
        ScanpickError: The folder holds another training, or a damaged file.
    """
    path = folder / RESULT
    if not path.is_file():
        return None
    result = read_json(path, f"Remove {folder}; it is then made again")
    if result.get("fingerprint") != fingerprint:
        raise ScanpickError(
            f"{folder} holds another training ({result.get('fingerprint')}, expected {fingerprint}). "
            f"Choose another folder."
        )
    with parsing(str(path), "the numbers of a training"):
        result["metrics"] = {str(name): float(value) for name, value in result["metrics"].items()}
        result |= {name: float(result[name]) for name in ("seconds", "seconds_training")}
        result["evaluated_frames"] = int(result["evaluated_frames"])
    return result


def _run(dataset: Dataset, run: TrainingRun, folder: Path) -> dict[str, Any]:
    started = time.monotonic()
    cpu = time.process_time()
    facts = {"fingerprint": run.fingerprint}
    trained = train_detector(dataset, run, folder, need_objects=False, facts=facts)
    metrics: dict[str, float] = {}
    if run.evaluation:
        by_id = {one.frame_id: one for one in trained.predicted.detections}
        wanted = [Metric.parse(name) for name in run.metrics]
        if not run.sets:
            metrics = measure(dataset, trained.truth, by_id, wanted)
        for name, frames in run.sets.items():
            of_set = {frame_id: by_id[frame_id] for frame_id in frames if frame_id in by_id}
            values = measure(dataset, trained.truth, of_set, wanted)
            metrics |= {metric_of_set(metric, name): value for metric, value in values.items()}
    result = {
        "fingerprint": run.fingerprint,
        "metrics": metrics,
        "frames": len(trained.read.scenes),
        "boxes": trained.boxes,
        "boxes_by_class": trained.boxes_by_class,
        "evaluated_frames": len(run.evaluation) - len(trained.set_aside_in_evaluation),
        "set_aside": trained.set_aside,
        "seconds": time.monotonic() - started,
        "seconds_training": trained.seconds,
        "cpu_seconds": time.process_time() - cpu,
    }
    write_json(folder / RESULT, result, indent=1)
    (folder / CHECKPOINT).unlink(missing_ok=True)  # with the optimiser's state it is thrice as large as the weights
    return result


def _note(folder: Path, run: TrainingRun) -> None:
    path = folder / DESCRIPTION
    described = {"fingerprint": run.fingerprint, **run.described()}
    if path.is_file():
        found = read_json(path, f"Remove {folder}; it is then made again").get("fingerprint")
        if found != run.fingerprint:
            raise ScanpickError(f"{folder} holds another training ({found}). Choose another folder.")
    write_json(path, described, indent=1)


@lru_cache(maxsize=64)
def _resolved(detector: str, options: str, classes: tuple[str, ...]) -> dict[str, Any]:
    """What a detector is built from, with its defaults, so that changed defaults are another training."""
    model = build_detector(detector, classes, seed=0, **json.loads(options))
    resolved = {"model": model.settings, "augmentation": asdict(model.augmentation)}
    return dict(json.loads(json.dumps(resolved)))
