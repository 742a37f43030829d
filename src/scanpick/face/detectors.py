"""``sp.train``, ``sp.predict`` and ``sp.score``: a detector on labelled frames, its boxes, and how unsure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanpick.detectors.saved import load_detector, weights_file
from scanpick.errors import ScanpickError
from scanpick.evaluation.kitti import Evaluation
from scanpick.evaluation.settings import KITTI_2019_R40
from scanpick.exporters.kitti_results import check_kitti_results, write_kitti_results
from scanpick.face.arguments import FrameIds, frame_ids_of
from scanpick.face.pools import Frames, name_of, opened, predictions_in
from scanpick.files import sha256_of_file
from scanpick.formats.frame_scores import write_frame_scores
from scanpick.networks.training import TrainingSettings
from scanpick.options import build_checked_dataclass
from scanpick.reports.training_folder import report_evaluation
from scanpick.structures import Detections
from scanpick.structures.checks import check_known
from scanpick.training.detector_training import DetectorTraining, TrainedDetector, train_detector
from scanpick.training.frame_cache import FrameCache
from scanpick.training.predicting import Predicted, PredictionSettings, predict_frames, write_predicted
from scanpick.training.scenes import camera_of_frame
from scanpick.training.view import View
from scanpick.uncertainty import SCORES, FrameScores, score_disagreement, score_frames
from scanpick.workspace.labels import labels_for
from scanpick.workspace.reading import Progress, no_progress
from scanpick.workspace.workspace import Workspace

Scored = Mapping[str, Detections] | Workspace | str | Path
"""What `predict` gave, a predictions table, or a pool with predictions."""


@dataclass(frozen=True, eq=False, repr=False)
class Training:
    """A detector that was trained.

    Attributes:
        folder: Where it is; `predict` takes it as weights.
        trained: The detector, with what it was trained on and what it found.
        evaluation: How good it is on the evaluation frames; None without any.
    """

    folder: Path
    trained: TrainedDetector
    evaluation: Evaluation | None

    def __repr__(self) -> str:
        facts = self.facts
        return (
            f"Training({facts['detector']}, {facts['frames']} frames, {facts['objects']} objects, in '{self.folder}')"
        )

    @property
    def facts(self) -> dict[str, Any]:
        """What it is, in plain values."""
        trained = self.trained
        facts = {
            "detector": trained.name,
            "classes": ", ".join(trained.model.class_names),
            "frames": len(trained.read.scenes),
            "objects": trained.boxes,
            "iterations": trained.settings.iterations,
            "out": str(self.folder),
        }
        if self.evaluation is not None:
            moderate = {name: curves["3d"]["moderate"] for name, curves in self.evaluation.curves.items()}
            facts["evaluated_frames"] = len(self.evaluation.comparison.labels.frame_ids)
            facts["3d_moderate_R40"] = {name: 0.0 if one is None else one.ap_r40 for name, one in moderate.items()}
        return facts


def train(
    dataset: Frames,
    frames: FrameIds,
    out: str | Path,
    *,
    detector: str = "pillar-nano",
    classes: Sequence[str] = ("Car",),
    weights: str | Path | None = None,
    iterations: int | None = None,
    epochs: float | None = None,
    minutes: float | None = None,
    batch_size: int = 2,
    learning_rate: float = 3e-3,
    detector_options: Mapping[str, Any] | None = None,
    training_options: Mapping[str, Any] | None = None,
    evaluate_frames: FrameIds = (),
    view: View | str = View.AUTO,
    seed: int = 0,
    device: str = "cpu",
    options: Mapping[str, Any] | None = None,
    progress: Progress = no_progress,
) -> Training:
    """Train a detector on labelled frames, from scratch or from other weights.

    Killed and started again, it goes on from its last checkpoint, to the same weights. With `evaluate_frames` the
    folder also gets predictions.parquet, the averages of KITTI's evaluation (ap.json), curves (pr.png), and the best
    and the worst frames seen from above.

    Args:
        dataset: A data set or what `open_dataset` takes; or a pool, which keeps the labels of these frames.
        frames: The labelled frames. Objects that are pasted into frames come from these alone.
        out: Folder for the weights, checkpoints and the log.
        detector: Which kind of detector.
        classes: What it is to find.
        weights: Start from a training folder, or from mmdetection3d's checkpoint of 3DSSD.
        iterations: Steps; 3000 by default.
        epochs: Passes over the frames instead.
        minutes: About how long instead; a few steps are timed first.
        batch_size: Frames of a step.
        learning_rate: The highest one.
        detector_options: Options of the detector.
        training_options: Further fields of `TrainingSettings`.
        evaluate_frames: Frames to predict and evaluate afterwards.
        view: Which points of frames.
        seed: Of everything random.
        device: Where the network runs.
        options: Options of the data set.
        progress: Shows how far it is.

    Raises:
        ScanpickError: A name, frame or option is unknown, no frame can be used, or the folder holds another training.

    Example:
        >>> import scanpick as sp
        >>> tiny = {"channels": [8, 8, 8], "blocks": [1, 1, 1], "point_channels": 8, "head_channels": 8}
        >>> frames = ["drive_02/000000", "drive_02/000005"]
        >>> sp.train("simulated:demo", frames, "detector", iterations=1, detector_options=tiny)
        Training(pillar-nano, 2 frames, 5 objects, in 'detector')
    """
    if sum(value is not None for value in (iterations, epochs, minutes)) > 1:
        raise ScanpickError("Give only one of `iterations=...`, `epochs=...` and `minutes=...`.")
    read, pool = opened(dataset, options)
    chosen, evaluated = frame_ids_of(frames), frame_ids_of(evaluate_frames)
    if pool is not None:
        check_known("frames", [*chosen, *evaluated], pool.frames().row_of)
        read = labels_for(pool, [*chosen, *evaluated])
    cached = FrameCache(read)  # frames are read again where they are drawn
    protocol = KITTI_2019_R40.choose(list(classes)) if evaluated else None  # unknown classes fail before training
    settings = TrainingSettings(
        iterations=TrainingSettings().iterations if iterations is None else iterations,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
    )
    training = DetectorTraining(
        frames=chosen,
        evaluation=evaluated,
        detector=detector,
        options=detector_options or {},
        classes=tuple(classes),
        settings=build_checked_dataclass(TrainingSettings, settings, training_options or {}, "training"),
        epochs=epochs,
        minutes=minutes,
        weights=None if weights is None else Path(weights),
        view=View(view),
        prediction=PredictionSettings(seed=seed),
        device=device,
    )
    trained = train_detector(cached, training, Path(out), facts={"data_set": name_of(dataset)}, progress=progress)
    evaluation = None
    if protocol is not None:
        found = {one.frame_id: one for one in trained.predicted.detections}
        evaluation = report_evaluation(cached, trained.truth, found, protocol, Path(out))
    return Training(Path(out), trained, evaluation)


@dataclass(frozen=True, eq=False, repr=False)
class Predictions(Mapping[str, Detections]):
    """Frame id -> boxes, of every frame that could be read, also of those in which nothing was found.

    Attributes:
        detector: What found them.
        predicted: The boxes, and what became of the frames.
        file: The table that they were written to; None where they were not.
    """

    detector: str
    predicted: Predicted
    file: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {one.frame_id: one for one in self.predicted.detections})

    def __getitem__(self, frame_id: str) -> Detections:
        return self._by_id[frame_id]  # type: ignore[attr-defined]

    def __iter__(self) -> Any:
        return iter(self._by_id)  # type: ignore[attr-defined]

    def __len__(self) -> int:
        return len(self.predicted.detections)

    def __repr__(self) -> str:
        return f"Predictions({self.boxes} boxes in {len(self)} frames by {self.detector})"

    @property
    def boxes(self) -> int:
        """How many boxes there are in all."""
        return sum(map(len, self.predicted.detections))


def predict(
    dataset: Frames,
    weights: str | Path,
    out: str | Path | None = None,
    *,
    frames: FrameIds | None = None,
    kitti: str | Path | None = None,
    passes: int = 0,
    dropout: float = 0.1,
    variations: int = 0,
    view: View | str = View.AUTO,
    seed: int = 0,
    device: str = "cpu",
    options: Mapping[str, Any] | None = None,
    name: str | None = None,
    replace: bool = False,
    progress: Progress = no_progress,
) -> Predictions:
    """Find boxes in frames with a trained detector. Labels are not looked at.

    `passes` and `variations` predict each frame so many times more: with random features of the heads left out, and
    from a random part of the points, every other time mirrored. Each box then says how much these differ about it.

    Args:
        dataset: A data set or what `open_dataset` takes; or a pool, which keeps the predictions.
        weights: A folder made by `train`, or mmdetection3d's checkpoint of 3DSSD.
        out: The predictions table to write, .parquet; by default none, or ``predictions/<name>.parquet`` of a pool.
        frames: Which frames; by default all, or those of a pool that can be used.
        kitti: Also write KITTI result files into this folder.
        passes: Passes with dropout, for the score dropout_disagreement.
        dropout: Share of features left out in these.
        variations: Varied inputs, for the score input_disagreement.
        view: Which points of frames.
        seed: Of everything random.
        device: Where the network runs.
        options: Options of the data set.
        name: What to call the predictions in a pool, where newer ones replace older; the detector's by default.
        replace: Also replace KITTI result files that no export wrote, or that were changed since.
        progress: Shows how far it is.

    Raises:
        ScanpickError: The detector cannot be loaded, or a frame is unknown.

    Example:
        >>> import scanpick as sp
        >>> tiny = {"channels": [8, 8, 8], "blocks": [1, 1, 1], "point_channels": 8, "head_channels": 8}
        >>> ids = ["drive_02/000000", "drive_02/000005"]
        >>> training = sp.train("simulated:demo", ids, "detector", iterations=1, detector_options=tiny)
        >>> found = sp.predict("simulated:demo", training.folder, frames=ids)
        >>> list(found)
        ['drive_02/000000', 'drive_02/000005']
    """
    read, pool = opened(dataset, options)
    if pool is None and name is not None:
        raise ScanpickError("`name=...` is for predictions in a pool; name a file with `out='FILE.parquet'`.")
    if frames is not None:
        frame_ids = frame_ids_of(frames)
    elif pool is not None:
        table = pool.frames()
        frame_ids = tuple(one for one, usable in zip(table.frame_ids, table.usable, strict=True) if usable)
    else:
        frame_ids = tuple(record.frame_id for record in read.records)
    if kitti is not None:
        check_kitti_results(Path(kitti), frame_ids, replace=replace)
    model, described = load_detector(Path(weights))
    facts: dict[str, Any] = {"weights_sha256": sha256_of_file(weights_file(Path(weights)))}
    facts["data_set"] = name_of(dataset)
    if pool is not None:
        facts["data_sha256"] = pool.frames().data_sha256
    if out is None and pool is not None:
        out = pool.predictions_path(described["detector"] if name is None else name)
    settings = PredictionSettings(View(view), passes, dropout, variations, seed, device)
    with progress("predict", len(frame_ids)) as advance:
        predicted = predict_frames(model, read, frame_ids, settings, advance=advance)
    if out is not None:
        with nullcontext() if pool is None else pool.write_lock():
            write_predicted(Path(out), predicted, described["detector"], settings, **facts)
    if kitti is not None:
        found = predicted.detections
        write_kitti_results(Path(kitti), found, lambda frame_id: camera_of_frame(read, frame_id), replace=replace)
    return Predictions(described["detector"], predicted, None if out is None else Path(out))


def score(
    predictions: Scored | Sequence[Scored],
    name: str = "least_confidence",
    *,
    out: str | Path | None = None,
    aggregate: str = "mean",
    k: int = 5,
    empty: float = 0.0,
    logits: bool = False,
) -> FrameScores:
    """Turn predictions, of any detector, into one number per frame that a selection can weigh with.

    Args:
        predictions: What `predict` gave, a predictions table, or a pool with predictions; several for the score
            "disagreement".
        name: Which score, or "disagreement".
        out: The table to write, .parquet: frame_id, the score, expected_boxes; None to write none.
        aggregate: mean, max, sum, top-k or per-box.
        k: For the aggregation top-k.
        empty: The value of a frame without any detection.
        logits: Whether the scores of boxes are logits.

    Raises:
        ScanpickError: The score is unknown, or a table cannot be read or lacks what the score needs.

    Example:
        >>> import numpy as np
        >>> import scanpick as sp
        >>> from scanpick.structures import Boxes3D
        >>> box = Boxes3D(np.array([[10, 0, 0, 4, 2, 1.5, 0]]), np.array(["Car"]))
        >>> found = {"a": sp.Detections("a", box, np.array([0.6]))}
        >>> sp.score(found).values
        array([0.4])
    """
    given = [predictions] if isinstance(predictions, str | Path | Mapping | Workspace) else list(predictions)
    tables = [_detections(one) for one in given]
    if name == "disagreement":
        scores = score_disagreement(tables, aggregate, k=k, empty=empty, logits=logits)
    elif len(tables) != 1:
        raise ScanpickError(f"The score '{name}' takes one predictions table, got {len(tables)}.")
    else:
        scores = score_frames(tables[0], name, SCORES.load(name), aggregate, k=k, empty=empty, logits=logits)
    if out is not None:
        write_frame_scores(Path(out), name, scores.frame_ids, scores.values, scores.expected_boxes)
    return scores


def _detections(scored: Scored) -> Mapping[str, Detections]:
    if isinstance(scored, Workspace):
        return scored.predictions()[1]
    return scored if isinstance(scored, Mapping) else predictions_in(scored)[1]
