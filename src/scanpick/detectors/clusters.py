"""What non-maximum suppression throws away: the boxes around each one that is kept."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import BoxArray, Float64Array, Int64Array
from scanpick.geometry.rotated_iou import bev_iou
from scanpick.geometry.transforms import wrap_angle

ALIKE = 0.5
"""Boxes of a cluster with a lower BEV IoU are not merged with the best one: they may be of another object."""


def cluster_overlaps(boxes: BoxArray, labels: Int64Array, kept: Int64Array, threshold: float) -> Float64Array:
    """(K, B) BEV IoU of each kept box with those that it suppressed, 0 elsewhere.

    A box belongs to the first kept box, in the order given, of its class that it overlaps by more than the threshold.

    Args:
        boxes: (B, 7) boxes of a frame before suppression.
        labels: (B,) their classes.
        kept: (K,) rows that were kept, best first.
        threshold: Of the suppression.
    """
    overlap = bev_iou(boxes[kept], boxes)
    taken = (overlap > threshold) & (labels[kept][:, None] == labels[None, :])
    taken[:, kept] = False
    first = taken & (taken.cumsum(axis=0) == 1)
    return np.where(first, overlap, 0.0)


def spread(overlaps: Float64Array) -> Float64Array:
    """(K,) 1 - mean BEV IoU of each kept box with those that it suppressed; 0 where it suppressed none."""
    count = (overlaps > 0).sum(axis=1)
    return np.where(count > 0, 1 - overlaps.sum(axis=1) / np.maximum(count, 1), 0.0)


def merge(boxes: BoxArray, scores: Float64Array, kept: Int64Array, overlaps: Float64Array) -> BoxArray:
    """(K, 7) means of each kept box and those alike that it suppressed, weighted by score times overlap.

    Boxes that point the other way count with their heading reversed: the best box's direction holds.
    """
    weight = np.where(overlaps > ALIKE, overlaps * scores[None, :], 0.0)
    weight[np.arange(len(kept)), kept] = scores[kept]
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    merged = boxes[kept].copy()
    merged[:, :6] = weight @ boxes[:, :6]
    turn = wrap_angle(2 * (boxes[None, :, 6] - boxes[kept, 6][:, None])) / 2  # -90 to 90 degrees
    merged[:, 6] = wrap_angle(merged[:, 6] + (weight * turn).sum(axis=1))
    return merged
