"""``sp.evaluate``: how good detections are, by KITTI's official evaluation, with confidence intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from scanpick.datasets import Dataset, open_dataset
from scanpick.errors import ScanpickError, unknown_name
from scanpick.evaluation.bootstrap import Cell, Difference, Interval, differences, draw_frames, intervals
from scanpick.evaluation.breakdown import RANGES_M, breakdown, occlusion_parts, range_parts
from scanpick.evaluation.diagnosis import diagnose
from scanpick.evaluation.inspection import inspect, write_inspections
from scanpick.evaluation.kitti import Evaluation
from scanpick.evaluation.kitti import evaluate as compare
from scanpick.evaluation.result_files import Results, read_results
from scanpick.evaluation.settings import SETTINGS
from scanpick.face.arguments import FrameIds, frame_ids_of
from scanpick.face.pools import Frames, is_pool, opened, predictions_in
from scanpick.formats.kitti_cameras import KITTI_IMAGE_SIZE, KittiCameras
from scanpick.formats.object_table import ObjectTable, object_files, read_object_files
from scanpick.formats.sequences import read_sequences
from scanpick.reports.evaluation import Parts, diagnosis_lines, evaluation_json
from scanpick.reports.frame_pictures import draw_best_and_worst
from scanpick.reports.precision_recall import plot_precision_recall
from scanpick.structures import Calibration, Detections
from scanpick.structures.camera_objects import MOST_YAW_RAD
from scanpick.structures.checks import name_some
from scanpick.training.metrics import read_ground_truth, tables_to_compare
from scanpick.training.scenes import camera_of_frame
from scanpick.workspace.labels import labels_for
from scanpick.workspace.workspace import Workspace

By = Literal["range", "occlusion"]
Compared = Mapping[str, Detections] | str | Path


@dataclass(frozen=True, eq=False, repr=False)
class Evaluated:
    """The result of `evaluate`.

    Attributes:
        evaluation: Class -> metric -> difficulty -> curve, with what was matched.
        intervals: 95% confidence intervals of the averages; None where none were drawn.
        parts: Name of a breakdown ("by_range") -> its curves.
        against: Differences to the other predictions; None without such.
        notes: What a reader should know of the files, in sentences.
    """

    evaluation: Evaluation
    intervals: Mapping[Cell, Interval] | None
    parts: Mapping[str, Parts]
    against: Mapping[Cell, Difference] | None
    notes: tuple[str, ...]
    _points_of: Callable[[str], Any]
    _camera_of: Callable[[str], Calibration]

    def __repr__(self) -> str:
        moderate = {name: curves["3d"]["moderate"] for name, curves in self.evaluation.curves.items()}
        averages = ", ".join(f"{name} {0.0 if one is None else one.ap_r40:.2f}" for name, one in moderate.items())
        frames = len(self.evaluation.comparison.labels.frame_ids)
        return f"Evaluated({frames} frames by {self.evaluation.settings.name}; AP 3d moderate: {averages})"

    def to_dict(self) -> dict[str, Any]:
        """Class -> metric -> difficulty -> numbers, as plain values."""
        return evaluation_json(self.evaluation, self.intervals, self.parts, self.against)

    def diagnosis(self) -> list[str]:
        """Why a class finds little or nothing, in lines."""
        return [line for name in self.evaluation.curves for line in diagnosis_lines(diagnose(self.evaluation, name))]

    def write_outcomes(
        self, path: str | Path, *, metric: str = "3d", difficulty: str = "hard", threshold: float = 0.5
    ) -> Path:
        """Write what became of each label and each detection with this score or more, as CSV."""
        names = self.evaluation.curves
        inspected = [inspect(self.evaluation, name, metric, difficulty, threshold) for name in names]
        write_inspections(Path(path), inspected)
        return Path(path)

    def plot(self, path: str | Path) -> Path:
        """Draw precision over recall: .png, .svg or .pdf."""
        return plot_precision_recall(self.evaluation, Path(path))

    def draw_frames(self, folder: str | Path) -> list[Path]:
        """Draw the best and the worst frames from above, true and predicted boxes."""
        return draw_best_and_worst(self.evaluation, self._points_of, self._camera_of, Path(folder))


def evaluate(
    labels: Frames,
    predictions: Compared,
    *,
    frames: FrameIds | None = None,
    classes: Sequence[str] = (),
    settings: str = "KITTI_2019_R40",
    missing: Literal["error", "empty"] = "error",
    against: Compared | None = None,
    by: Sequence[By] = (),
    ranges_m: Sequence[float] = RANGES_M[1:-1],
    bootstrap: int = 1000,
    sequences: str | Path | None = None,
    seed: int = 0,
    calib: str | Path | None = None,
    image_size: tuple[int, int] | None = None,
    label_names: Sequence[str] = (),
    dataset: str | Path | None = None,
) -> Evaluated:
    """Evaluate detections as KITTI's official tool does, with confidence intervals.

    2D boxes (bbox), orientation (aos), boxes from above (bev) and in space (3d); easy, moderate and hard; at 40 and at
    11 recall positions.

    Args:
        labels: A folder of KITTI label files (label_2); or a data set, or a pool, with labels in KITTI's form.
        predictions: A folder of KITTI result files, a predictions table (.parquet) or others; or what `predict` gave,
            where `labels` is a data set; or the name of predictions in the pool.
        frames: Which frames; by default all that have labels (of a data set: all that have predictions, too).
        classes: "Car", or with a limit of overlap "Truck=0.7"; the protocol's by default.
        settings: Which published protocol: KITTI_2019_R40 or KITTI_2017_R11.
        missing: Whether a frame without predictions is an error, or has no boxes.
        against: Other predictions of the same frames to compare with.
        by: Split the objects by range, by occlusion.
        ranges_m: Where ranges are split.
        bootstrap: Draws for the confidence intervals; 0 leaves them out.
        sequences: Columns frame_id and sequence (.csv, .parquet): draw whole sequences.
        seed: Of the draws.
        calib: Calibrations, for boxes in the LiDAR frame; ``../calib`` of the labels by default.
        image_size: (width, height) in pixels, where ``../image_2`` has no images.
        label_names: Class names of mmdetection3d's JSON.
        dataset: Where the points are, to draw frames; the KITTI folder that the labels are in by default.

    Raises:
        ScanpickError: A file is malformed, frames are missing, or a class, protocol or option is unknown.

    Example:
        >>> import scanpick as sp
        >>> tiny = {"channels": [8, 8, 8], "blocks": [1, 1, 1], "point_channels": 8, "head_channels": 8}
        >>> ids = ["drive_02/000000", "drive_02/000005"]
        >>> training = sp.train("simulated:demo", ids, "detector", iterations=1, detector_options=tiny)
        >>> sp.evaluate("simulated:demo", sp.predict("simulated:demo", "detector", frames=ids), classes=["Car"])
        Evaluated(2 frames by KITTI_2019_R40; AP 3d moderate: Car 0.00)
    """
    if against is not None and not bootstrap:
        raise ScanpickError("`against=...` judges a difference by resampling: give `bootstrap=...` a number above 0.")
    if settings not in SETTINGS:
        raise unknown_name("settings", settings, SETTINGS)
    protocol = SETTINGS[settings].choose(list(classes))
    chosen = None if frames is None else frame_ids_of(frames)
    source: _LabelFiles | _LabelledData
    if isinstance(labels, str | Path) and Path(labels).is_dir() and not is_pool(labels):
        cameras = KittiCameras.beside(Path(labels), image_size)
        if calib is not None:
            cameras.calib = Path(calib)
        source = _LabelFiles(Path(labels), cameras, chosen, missing == "empty", label_names, dataset)
    else:
        source = _LabelledData(*opened(labels), chosen)

    # Labels and detections of the same frames
    evaluation = compare(*source.tables(predictions), protocol)
    other = None if against is None else compare(*source.tables(against), protocol)

    # Intervals, comparison, parts
    bounds = compared = None
    if bootstrap:
        ids = list(evaluation.comparison.labels.frame_ids)
        groups = None if sequences is None else read_sequences(Path(sequences), ids)
        draws = draw_frames(len(ids), bootstrap, np.random.default_rng(seed), groups)
        bounds = intervals(evaluation, draws)
        compared = None if other is None else differences(evaluation, other, draws)
    kinds = {"range": lambda: range_parts([0.0, *ranges_m, float("inf")]), "occlusion": occlusion_parts}
    parts = {f"by_{what}": breakdown(evaluation, kinds[what]()) for what in dict.fromkeys(by)}
    return Evaluated(evaluation, bounds, parts, compared, tuple(source.notes), source.points_of, source.camera_of)


class _LabelledData:
    """Labels of a data set or a pool, and detections by frame id or in a predictions table."""

    def __init__(self, dataset: Dataset, pool: Workspace | None, frames: Sequence[str] | None) -> None:
        self._dataset, self._pool, self._frames = dataset, pool, frames
        self.notes: list[str] = []

    def tables(self, predictions: Compared) -> tuple[ObjectTable, ObjectTable]:
        found = predictions if isinstance(predictions, Mapping) else predictions_in(predictions, self._pool)[1]
        frames = list(found) if self._frames is None else self._frames
        dataset = self._dataset
        if self._pool is not None:
            known = self._pool.frames().row_of
            dataset = labels_for(self._pool, [one for one in frames if one in known])
        truth = read_ground_truth(dataset, frames)
        if truth.set_aside:
            self.notes.append(f"{len(truth.set_aside)} frames cannot be evaluated: {name_some(list(truth.set_aside))}.")
        return tables_to_compare(self._dataset, truth, found)

    def points_of(self, frame_id: str) -> Any:
        return self._dataset.read(frame_id).points

    def camera_of(self, frame_id: str) -> Calibration:
        return camera_of_frame(self._dataset, frame_id)


class _LabelFiles:
    """A folder of KITTI label files, and files of detections."""

    def __init__(
        self,
        folder: Path,
        cameras: KittiCameras,
        frames: Sequence[str] | None,
        missing_is_empty: bool,
        label_names: Sequence[str],
        dataset: str | Path | None,
    ) -> None:
        self._files = object_files(folder, frames)
        self._truth = read_object_files(self._files)
        self._cameras, self._empty, self._names = cameras, missing_is_empty, label_names
        self._dataset = str(folder.parent.parent if dataset is None else dataset)
        self._opened: Dataset | None = None
        self.camera_of = cameras
        self.notes: list[str] = []

    def tables(self, predictions: Compared) -> tuple[ObjectTable, ObjectTable]:
        if isinstance(predictions, Mapping):
            raise ScanpickError("Boxes in memory are compared with a data set: give it in place of a folder of labels.")
        path = Path(predictions)
        results = read_results(
            path, list(self._files), self._cameras, missing_is_empty=self._empty, label_names=self._names
        )
        self.notes += _notes(path, results, self._cameras)
        self._cameras.assumed.clear()
        return self._truth, results.table

    def points_of(self, frame_id: str) -> Any:
        if self._opened is None:
            self._opened = open_dataset(self._dataset)
        return self._opened.read(frame_id).points


def _notes(path: Path, results: Results, cameras: KittiCameras) -> list[str]:
    notes = []
    if results.missing:
        named = name_some(results.missing)
        notes.append(f"{path}: {len(results.missing)} frames without predictions count as empty: {named}.")
    if results.others:
        notes.append(f"{path}: {results.others} frames have no label, or were not asked for; they are passed over.")
    if results.projected and cameras.assumed:
        width, height = KITTI_IMAGE_SIZE
        notes.append(
            f"{path}: no image of {len(cameras.assumed)} frames in {cameras.images}; 2D boxes are clipped to "
            f"{width}x{height} pixels. Give `image_size=...` if that is not their size."
        )
    if results.largest_yaw > MOST_YAW_RAD:
        notes.append(f"{path}: yaw reaches {results.largest_yaw:.0f}: it looks like degrees; expected are radians.")
    return notes
