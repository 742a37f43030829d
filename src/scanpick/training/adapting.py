"""Adapting an encoder to unlabelled frames: from a data set to a folder that ``scanpick embed`` loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scanpick import __version__
from scanpick.arrays import Float64Array
from scanpick.datasets import Dataset
from scanpick.encoders.pretraining import ADAPTABLE
from scanpick.encoders.pretraining.adaptation import Adaptation, HeldOut
from scanpick.encoders.pretraining.frames import UnlabelledFrames, read_unlabelled
from scanpick.encoders.pretraining.teacher import ImageFeatures, teacher_features
from scanpick.errors import ScanpickError
from scanpick.evaluation.bootstrap import draw_frames
from scanpick.evaluation.confidence import percentiles
from scanpick.files import sha256_of_file
from scanpick.structures import FrameRecord
from scanpick.structures.checks import check_known
from scanpick.texts import write_csv, write_json
from scanpick.workspace.reading import Progress, no_progress

ITERATIONS = 1000
REPLICATES = 2000
DESCRIPTION, HELD_OUT, TEACHER = "adapted.json", "held_out.csv", "teacher.npz"


@dataclass(frozen=True)
class AdaptationRequest:
    """What is asked for.

    Attributes:
        encoder: Name of an adaptable encoder.
        weights: What to start from, or None for the encoder's own start.
        options: Of the encoder's training.
        teacher: Where features of camera images come from, see `teacher_features`.
        iterations: Steps; or
        minutes: about how long.
        batch_size: Frames of a step; the encoder's own by default.
        learning_rate: The highest one; the encoder's own by default.
        seed: Of everything random.
        device: Where the network runs.
    """

    encoder: str
    weights: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    teacher: str | None = None
    iterations: int | None = None
    minutes: float | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True)
class Change:
    """Mean held-out loss before and after, and its relative change with an interval.

    Attributes:
        before: Mean over frames.
        after: The same.
        relative: after / before - 1.
        interval: 95% interval of `relative`, drawing whole sequences (frames, where there is only one sequence).
        frames: How many.
        sequences: Of how many sequences.
    """

    before: float
    after: float
    relative: float
    interval: tuple[float, float]
    frames: int
    sequences: int


def adapt(
    dataset: Dataset,
    frame_ids: Sequence[str] | None,
    request: AdaptationRequest,
    out: Path,
    *,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Train an encoder on frames without labels, and write what ``adapted.json`` in `out` tells.

    Killed and started again, it goes on from its last checkpoint, to the same weights.

    Args:
        dataset: Where the frames are.
        frame_ids: Which; all by default.
        request: What is asked for.
        out: Folder of the weights, ``checkpoint.pt``, ``log.csv``, ``held_out.csv`` and ``adapted.json``.
        progress: Shows how far it is.

    Raises:
        ScanpickError: The request does not fit, no frame can be learnt from, or a loss became NaN.
    """
    if request.iterations is not None and request.minutes is not None:
        raise ScanpickError("Give either a number of iterations or minutes, not both.")
    records = chosen_records(dataset, frame_ids)
    model = ADAPTABLE.make(request.encoder, request.options, request.weights, seed=request.seed)
    if (request.teacher is None) != (model.teacher_dimension is None):
        raise ScanpickError(
            "Image features need both `teacher=...` and a weight of their loss, `encoder_options={'image': 1}`; "
            "got only one of them."
        )
    with progress("Reading frames", len(records)) as advance:
        frames = read_unlabelled(records, dataset.read, model.check, advance=advance)
    features = _features(request.teacher, frames, out, progress)
    started_from = "" if request.weights is None else sha256_of_file(request.weights)
    adaptation = Adaptation(model, frames, seed=request.seed, features=features, started_from=started_from)

    given = {name: getattr(request, name) for name in ("iterations", "batch_size", "learning_rate")}
    given = {"iterations": ITERATIONS} | {name: value for name, value in given.items() if value is not None}
    settings = replace(model.training, seed=request.seed, **given)
    if request.minutes is not None:
        count = adaptation.iterations_in(request.minutes, settings, out, device=request.device)
        settings = replace(settings, iterations=count)

    before = _held_out("Held-out frames, before", adaptation, settings.batch_size, request.device, progress)
    with progress("Adapting", settings.iterations) as advance:
        adaptation.train(settings, out, device=request.device, advance=advance)
    after = _held_out("Held-out frames, after", adaptation, settings.batch_size, request.device, progress)
    _write_held_out(out / HELD_OUT, before, after)

    told = {
        "encoder": request.encoder,
        "settings": model.settings,
        "embed_options": model.embed_options,
        "training": asdict(settings),
        "started_from_sha256": started_from,
        "data_set": dataset.name,
        "frames": len(frames),
        "trained_on": len(adaptation.training_rows),
        "with_image_feature": 0 if features is None else len(features.values),
        "held_out": asdict(change_of(before.losses, after.losses, before.sequences)),
        "versions": {"scanpick": __version__, "torch": str(torch.__version__)},
    }
    weights = model.save(out, told)
    problems = {} if features is None else dict(features.problems)
    described = {"weights": weights.name, **told, "set_aside": frames.set_aside, "image_problems": problems}
    write_json(out / DESCRIPTION, described)
    return described


def change_of(before: Float64Array, after: Float64Array, sequences: Sequence[str]) -> Change:
    """How the mean of (F,) losses changed; paired: a draw takes the same frames before and after."""
    groups = sequences if len(set(sequences)) > 1 else None
    draws = draw_frames(len(before), REPLICATES, np.random.default_rng(0), groups).astype(np.float64)  # (R, F)
    drawn = draws @ after / (draws @ before) - 1
    relative = float(after.mean() / before.mean() - 1)
    count = len(set(sequences))
    return Change(float(before.mean()), float(after.mean()), relative, percentiles(drawn), len(before), count)


def chosen_records(dataset: Dataset, frame_ids: Sequence[str] | None) -> list[FrameRecord]:
    """The records of these frames in the data set's order; of all frames for None.

    Raises:
        ScanpickError: A frame id is unknown.
    """
    if frame_ids is None:
        return list(dataset.records)
    wanted = set(frame_ids)
    check_known("frames", frame_ids, {record.frame_id: record for record in dataset.records})
    return [record for record in dataset.records if record.frame_id in wanted]


def _features(teacher: str | None, frames: UnlabelledFrames, out: Path, progress: Progress) -> ImageFeatures | None:
    if teacher is None:
        return None
    with progress("Image features", len(frames)) as advance:
        return teacher_features(teacher, frames, out / TEACHER, advance=advance)


def _held_out(title: str, adaptation: Adaptation, batch_size: int, device: str, progress: Progress) -> HeldOut:
    with progress(title, len(adaptation.held_out_rows)) as advance:
        return adaptation.held_out(batch_size, device=device, advance=advance)


def _write_held_out(path: Path, before: HeldOut, after: HeldOut) -> None:
    columns = ("frame_id", "sequence", "before", "after")
    cells = zip(before.frame_ids, before.sequences, before.losses, after.losses, strict=True)
    write_csv(path, columns, (dict(zip(columns, row, strict=True)) for row in cells))
