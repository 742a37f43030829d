"""What is added to a training's folder when its detector is tried on other frames: numbers and pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from scanpick.datasets import Dataset
from scanpick.evaluation.kitti import Evaluation, evaluate
from scanpick.evaluation.settings import EvaluationSettings
from scanpick.files import write_text
from scanpick.reports.evaluation import evaluation_json
from scanpick.reports.frame_pictures import draw_best_and_worst
from scanpick.reports.precision_recall import plot_precision_recall
from scanpick.structures import Detections
from scanpick.training.metrics import GroundTruth, tables_to_compare
from scanpick.training.scenes import camera_of_frame

AVERAGES, CURVES = "ap.json", "pr.png"


def report_evaluation(
    dataset: Dataset,
    truth: GroundTruth,
    detections: Mapping[str, Detections],
    settings: EvaluationSettings,
    folder: Path,
    *,
    most: int = 3,
) -> Evaluation:
    """Evaluate, and write ``ap.json``, ``pr.png`` and the pictures of the best and the worst frames.

    Args:
        dataset: Where the frames are.
        truth: Their labels.
        detections: Frame id -> what was found; frames without labels are passed over.
        settings: The protocol.
        folder: Where to.
        most: How many frames of the best and of the worst are drawn.

    Raises:
        ScanpickError: No frame has both labels and detections, or a frame has no calibration.
    """
    evaluation = evaluate(*tables_to_compare(dataset, truth, detections), settings)
    write_text(folder / AVERAGES, json.dumps(evaluation_json(evaluation), indent=1, allow_nan=False) + "\n")
    plot_precision_recall(evaluation, folder / CURVES)
    draw_best_and_worst(
        evaluation,
        lambda frame_id: dataset.read(frame_id).points,
        lambda frame_id: camera_of_frame(dataset, frame_id),
        folder,
        most=most,
    )
    return evaluation
