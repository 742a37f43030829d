"""Predictions to detections: decoding, suppression and the cap.

As in the reference: boxes are suppressed by the IoU of the axis-aligned extents of their rotated footprints, the best
`most_boxes` survivors are kept before the score threshold is applied, and results stay in the order of candidates.

Two deviations, where the reference is at odds with itself. Its per-class proposals repeat every box for every class:
here a candidate is one box, of the class that scores highest, with all class scores beside it, and boxes suppress
those of their own class only. Its filter of boxes without points never filters: there is none here. With one class
neither makes a difference.
"""

import numpy as np
import torch
from torch import Tensor

from scanpick.arrays import BoxArray, Float64Array, Int64Array
from scanpick.detectors.clusters import cluster_overlaps, merge, spread
from scanpick.detectors.ssd3d.boxes import decode_axis, decode_yaw, put_together
from scanpick.detectors.ssd3d.config import Ssd3dConfig
from scanpick.detectors.ssd3d.head import Predictions
from scanpick.geometry.nms import bev_extents, nms_axis_aligned, nms_rotated
from scanpick.structures import Boxes3D, Detections


def decode(predictions: Predictions, config: Ssd3dConfig) -> tuple[Tensor, Tensor]:
    """(B, P, 7) boxes of all candidates, geometric centres, and (B, P, classes) scores from 0 to 1."""
    boxes = rough_boxes(predictions, config) if predictions.mended is None else predictions.mended
    scores = torch.sigmoid(predictions.class_logits)
    if predictions.overlap_logits is not None:
        overlaps = torch.sigmoid(predictions.overlap_logits)[..., None]
        scores = scores ** (1 - config.overlap_exponent) * overlaps**config.overlap_exponent
    return boxes, scores


def rough_boxes(predictions: Predictions, config: Ssd3dConfig) -> Tensor:
    """(B, P, 7) what the head says of the boxes."""
    direction, residuals = predictions.direction_logits.argmax(dim=-1), predictions.direction_residuals
    yaw = decode_axis(direction, residuals) if config.heading == "axis" else decode_yaw(direction, residuals)
    return put_together(predictions.centres, predictions.half_sizes, yaw, config.least_size_m)


def detections_of_frame(
    frame_id: str, boxes: BoxArray, scores: Float64Array, heading_probabilities: Float64Array, config: Ssd3dConfig
) -> Detections:
    """The detections of one frame.

    Args:
        frame_id: The frame.
        boxes: (P, 7) boxes of all candidates.
        scores: (P, classes).
        heading_probabilities: (P, bins); their entropy, relative to that of a uniform guess, goes with each box
            as "heading_entropy".
        config: Thresholds.
    """
    label = scores.argmax(axis=1)
    best = scores[np.arange(len(scores)), label]
    kept = keep_boxes(boxes, best, label, config)
    boxes, spread_of_boxes = _of_clusters(boxes, best, label, kept, config)
    entropy = -(heading_probabilities * np.log(np.maximum(heading_probabilities, 1e-12))).sum(axis=1)
    entropy = np.clip(entropy / np.log(max(heading_probabilities.shape[1], 2)), 0, 1)
    return Detections(
        frame_id,
        Boxes3D(boxes, np.array(config.class_names)[label[kept]]),
        best[kept],
        class_probabilities=scores[kept],
        probability_classes=config.class_names,
        extras={"heading_entropy": entropy[kept], "box_spread": spread_of_boxes},
    )


def keep_boxes(boxes: BoxArray, scores: Float64Array, labels: Int64Array, config: Ssd3dConfig) -> Int64Array:
    """The candidates that remain, in their own order."""
    survivors = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        if config.nms == "rotated":
            best = nms_rotated(boxes[rows], scores[rows], config.nms_iou)
        else:
            best = nms_axis_aligned(bev_extents(boxes[rows]), scores[rows], config.nms_iou)
        survivors.append(rows[best])
    kept = np.concatenate([np.zeros(0, np.int64), *survivors])
    best_first = kept[np.argsort(-scores[kept], kind="stable")][: config.most_boxes]
    return np.sort(best_first[scores[best_first] >= config.score_threshold])


def _of_clusters(
    boxes: BoxArray, scores: Float64Array, labels: Int64Array, kept: Int64Array, config: Ssd3dConfig
) -> tuple[BoxArray, Float64Array]:
    """(K, 7) boxes to give out for those kept, and (K,) how far those that they suppressed spread."""
    best_first = np.argsort(-scores[kept], kind="stable")
    overlaps = np.zeros((len(kept), len(boxes)))
    overlaps[best_first] = cluster_overlaps(boxes, labels, kept[best_first], config.nms_iou)
    return merge(boxes, scores, kept, overlaps) if config.merging else boxes[kept], spread(overlaps)
