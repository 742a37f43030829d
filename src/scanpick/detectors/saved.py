"""A trained detector on disk: ``detector.json`` says what it is, ``weights.pt`` holds its weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from scanpick.detectors import DETECTORS
from scanpick.detectors.detector import DetectorModel
from scanpick.detectors.ssd3d.model import load_checkpoint
from scanpick.errors import ScanpickError, call
from scanpick.networks.weights import read_tensors, take_weights, write_weights_file
from scanpick.texts import parsing, read_json, write_json

WEIGHTS, DESCRIPTION = "weights.pt", "detector.json"


def build_detector(name: str, class_names: tuple[str, ...], /, *, seed: int, **options: Any) -> DetectorModel:
    """A detector with random weights that depend on the seed alone; torch's own generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return DETECTORS.make(name, options, class_names=class_names)


def save_detector(folder: Path, name: str, model: DetectorModel, record: Mapping[str, Any]) -> None:
    """Write a detector so that `load_detector` gives it back. `record` is what else is kept of its training."""
    write_weights_file(folder / WEIGHTS, model.network.state_dict())
    described = {"detector": name, "class_names": list(model.class_names), "settings": model.settings, **record}
    write_json(folder / DESCRIPTION, described)


def load_detector(folder: Path) -> tuple[DetectorModel, dict[str, Any]]:
    """The detector of a training folder, and what `detector.json` tells of it.

    In place of a folder, a checkpoint file of 3DSSD in mmdetection3d's layout may be given.

    Raises:
        ScanpickError: A file is missing, damaged, or does not fit the other.
    """
    if folder.is_file():
        published = load_checkpoint(folder)
        published.network.eval()
        return published, {"detector": published.name, "settings": published.settings}
    path = folder / DESCRIPTION
    if not path.exists():
        raise ScanpickError(
            f"{folder}: expected a folder made by {call('train', ...)} with {DESCRIPTION}, which is not there."
        )
    described = read_json(path, "Train again")
    with parsing(str(path), "the description of a detector"):
        name, settings = str(described["detector"]), dict(described["settings"])
        class_names = tuple(str(one) for one in described["class_names"])
        settings.pop("class_names", None)
        model = build_detector(name, class_names, seed=0, **settings)
    start_from(model, folder)
    model.network.eval()
    return model, described


def start_from(model: DetectorModel, path: Path) -> None:
    """Give a detector the weights of a training folder, or of a file of tensors such as mmdetection3d's checkpoints.

    Raises:
        ScanpickError: They cannot be read or do not fit.
    """
    file = weights_file(path)
    take_weights(model.network, read_tensors(file, "state_dict"), "the detector", str(file))


def weights_file(path: Path) -> Path:
    """The file of weights of a training folder, or the checkpoint file itself."""
    return path if path.is_file() else path / WEIGHTS
