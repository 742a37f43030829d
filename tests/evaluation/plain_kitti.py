"""KITTI's rules as plainly as they can be written: one frame, one threshold, one object after the other. The oracle."""

import math

import numpy as np

from scanpick.geometry.rotated_iou import bev_iou
from scanpick.geometry.transforms import upright_camera_boxes

LIMITS = {"car": 0.7, "pedestrian": 0.5, "cyclist": 0.5}
NEUTRAL = {"car": {"van"}, "pedestrian": {"person_sitting"}, "cyclist": set()}
LEVELS = {"easy": (40, 0, 0.15), "moderate": (25, 1, 0.3), "hard": (25, 2, 0.5)}


def image_overlap(a, b, of_a_alone=False):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    area_a, area_b = (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (area_a if of_a_alone else area_a + area_b - width * height)


def overlap_matrix(detections, labels, metric):
    if metric == "bbox":
        return np.array([[image_overlap(d, g) for g in labels.image_boxes] for d in detections.image_boxes])
    d, g = (upright_camera_boxes(o.bottom_centres, o.sizes_hwl, o.rotation_y) for o in (detections, labels))
    iou = bev_iou(d, g)
    if metric == "bev":
        return iou
    area_d, area_g = d[:, 3] * d[:, 4], g[:, 3] * g[:, 4]
    area = iou * (area_d[:, None] + area_g) / (1 + iou)
    top = np.minimum(detections.bottom_centres[:, None, 1], labels.bottom_centres[:, 1])
    bottom = np.maximum((d[:, 2] * -1 - d[:, 5] / 2)[:, None], g[:, 2] * -1 - g[:, 5] / 2)
    volume = area * np.maximum(0, top - bottom)
    return volume / ((area_d * d[:, 5])[:, None] + area_g * g[:, 5] - volume)


def roles_of(labels, detections, class_name, level):
    height, occlusion, truncation = LEVELS[level]
    of_labels = []
    for g in range(len(labels)):
        kind = labels.class_names[g].lower()
        tall = labels.image_boxes[g, 3] - labels.image_boxes[g, 1]
        hard = labels.occlusion[g] > occlusion or labels.truncation[g] > truncation or tall <= height
        of_labels.append((1 if hard else 0) if kind == class_name else 1 if kind in NEUTRAL[class_name] else -1)
    of_detections = []
    for d in range(len(detections)):
        low = abs(detections.image_boxes[d, 1] - detections.image_boxes[d, 3]) < height
        of_detections.append(1 if low else 0 if detections.class_names[d].lower() == class_name else -1)
    return of_labels, of_detections


def statistics(labels, detections, overlaps, roles, limit, metric, threshold=None):
    """Scores of true positives, TP, FP and similarity of one frame; all detections where there is no threshold."""
    of_labels, of_detections = roles
    taken, found, tp, similarity = set(), [], 0, 0.0
    open_to = [
        d
        for d in range(len(detections))
        if of_detections[d] >= 0 and not (threshold and detections.scores[d] < threshold[0])
    ]
    for g in range(len(labels)):
        if of_labels[g] < 0:
            continue
        rivals = [d for d in open_to if d not in taken and overlaps[d, g] > limit]
        if threshold is None:
            best = max(rivals, key=lambda d: (detections.scores[d], -d), default=None)
        else:
            tall = [d for d in rivals if of_detections[d] == 0]
            best = max(tall, key=lambda d: (overlaps[d, g], -d), default=rivals[0] if rivals else None)
        if best is None:
            continue
        taken.add(best)
        if of_labels[g] == 0 and of_detections[best] == 0:
            tp += 1
            found.append(detections.scores[best])
            similarity += (1 + math.cos(labels.alpha[g] - detections.alpha[best])) / 2
    fp = 0
    for d in open_to:
        if of_detections[d] == 0 and d not in taken:
            stuff = [labels.image_boxes[g] for g in range(len(labels)) if labels.class_names[g].lower() == "dontcare"]
            covered = any(image_overlap(detections.image_boxes[d], region, True) > limit for region in stuff)
            fp += not (covered and metric == "bbox")
    return found, tp, fp, similarity


def thresholds_of(scores, objects):
    scores, chosen, current = sorted(scores, reverse=True), [], 0.0
    for i, score in enumerate(scores):
        left = (i + 1) / objects
        right = (i + 2) / objects if i < len(scores) - 1 else left
        if right - current < current - left and i < len(scores) - 1:
            continue
        chosen.append(score)
        current += 1 / 40.0
    return chosen


def precision(frames, class_name, metric, level):
    """(41,) precision, and similarity, after the running maximum; of (labels, detections) frames."""
    limit = LIMITS[class_name]
    prepared = [
        (g, d, overlap_matrix(d, g, metric).reshape(len(d), len(g)), roles_of(g, d, class_name, level))
        for g, d in frames
    ]
    found = [score for frame in prepared for score in statistics(*frame, limit, metric)[0]]
    objects = sum(roles[0].count(0) for *_, roles in prepared)
    values = np.zeros((2, 41))
    for i, threshold in enumerate(thresholds_of(found, objects)):
        sums = np.sum([statistics(*frame, limit, metric, [threshold])[1:] for frame in prepared], axis=0)
        if sums[0] + sums[1] > 0:
            values[:, i] = sums[[0, 2]] / (sums[0] + sums[1])
    return np.maximum.accumulate(values[:, ::-1], axis=1)[:, ::-1]
