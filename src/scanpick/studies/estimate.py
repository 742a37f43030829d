"""How long a study will take, before it begins: folds from the list of frames, rates from a few timed steps."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from scanpick.detectors.prediction import predict
from scanpick.detectors.saved import build_detector
from scanpick.detectors.training import train
from scanpick.errors import ScanpickError
from scanpick.formats.frame_ids import read_frame_ids
from scanpick.studies.config import StudyConfig
from scanpick.studies.data import open_data
from scanpick.studies.plan import Rates
from scanpick.studies.preparation import Preparation
from scanpick.studies.splits import folds_of
from scanpick.studies.survey import Survey
from scanpick.training.frame_cache import FrameCache
from scanpick.training.scenes import read_scenes
from scanpick.training.threads import limited_threads
from scanpick.workspace.frame_table import OK, FrameTable

_TIMED_STEPS, _TIMED_FRAMES = 6, 4


def draft(config: StudyConfig) -> Preparation:
    """The frames of a study as they are listed; none is read, so that all are taken as usable."""
    dataset = open_data(config.data)
    count = len(dataset.records)
    frames = FrameTable(
        tuple(dataset.records), np.zeros(count, dtype=np.int64), (OK,) * count, ("",) * count, ("",) * count
    )
    folds = folds_of(dataset, config.split, dataset.records)
    start = None if config.start.file is None else tuple(read_frame_ids(config.start.file))
    return Preparation(dataset, Survey(frames, {}, {}), tuple(folds), {}, start)


def measure_rates(config: StudyConfig, prepared: Preparation) -> Rates:
    """Time a few training steps and predictions of this study's detector on its frames, in this process.

    Raises:
        ScanpickError: None of the first frames can be used.
    """
    detector = config.detector
    pool = prepared.folds[0].pool
    ids = [pool[row] for row in np.linspace(0, len(pool) - 1, min(len(pool), 2 * _TIMED_FRAMES), dtype=int)]
    dataset = FrameCache(prepared.dataset)
    read = read_scenes(dataset, list(dict.fromkeys(ids)), need_labels=True)
    if not read.scenes:
        raise ScanpickError(
            f"None of {len(ids)} frames that were tried can be used: {next(iter(read.set_aside.values()))}"
        )
    with limited_threads(config.threads), tempfile.TemporaryDirectory() as folder:
        model = build_detector(detector.name, config.classes, seed=0, **detector.options)
        settings = detector.training(0, len(read.scenes), 0)
        timed = settings.__class__(**{**vars(settings), "iterations": _TIMED_STEPS})
        train(model, read.scenes, timed, Path(folder) / "warm", device=detector.device)
        started = time.monotonic()
        train(model, read.scenes, timed, Path(folder) / "timed", device=detector.device)
        step_s = (time.monotonic() - started) / _TIMED_STEPS
        fresh = FrameCache(prepared.dataset)
        started = time.monotonic()
        scenes = read_scenes(fresh, [scene.frame_id for scene in read.scenes[:_TIMED_FRAMES]], need_labels=False)
        predict(model, scenes.scenes, device=detector.device)
        frame_s = (time.monotonic() - started) / len(scenes.scenes)
    return Rates(step_s, frame_s)
