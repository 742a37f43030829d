"""Made-up frames in KITTI's camera, crowded enough that every rule of the matching is used."""

import numpy as np
import pytest

from scanpick.formats.object_table import ObjectTable
from scanpick.structures import CameraObjects

SIZES = {"Car": (1.5, 1.6, 3.9), "Van": (2.0, 1.9, 5.0), "Pedestrian": (1.75, 0.65, 0.85), "Cyclist": (1.7, 0.6, 1.8)}
SIZES["Person_sitting"] = SIZES["Pedestrian"]


def objects(rows, *, scored):
    """CameraObjects from (class, 14 or 15 numbers) rows."""
    numbers = np.array([row[1:] for row in rows], dtype=np.float64).reshape(len(rows), 15 if scored else 14)
    return CameraObjects(
        class_names=np.array([row[0] for row in rows], dtype=np.str_),
        truncation=numbers[:, 0],
        occlusion=numbers[:, 1],
        alpha=numbers[:, 2],
        image_boxes=numbers[:, 3:7],
        sizes_hwl=numbers[:, 7:10],
        bottom_centres=numbers[:, 10:13],
        rotation_y=numbers[:, 13],
        scores=numbers[:, 14] if scored else None,
    )


def _label(rng, kind):
    if kind == "DontCare":
        left, top = rng.uniform(0, 900), rng.uniform(120, 170)
        box = [left, top, left + rng.uniform(40, 300), top + rng.uniform(30, 120)]
        return ["DontCare", -1, -1, -10, *box, -1, -1, -1, -1000, -1000, -1000, -10]
    z = rng.uniform(8, 45)
    x = rng.uniform(-0.5, 0.5) * z
    h, w, length = np.array(SIZES[kind]) * rng.uniform(0.9, 1.1, 3)
    rotation = rng.uniform(-np.pi, np.pi)
    left, right = 600 + 700 * (x - length / 2) / z, 600 + 700 * (x + length / 2) / z
    top, bottom = 180 + 700 * (1.65 - h) / z, 180 + 700 * 1.65 / z
    truncation, occlusion = rng.choice([0, 0, 0.15, 0.2, 0.3, 0.4, 0.6]), rng.choice([0, 0, 1, 2, 3])
    place = [x, 1.65, z]
    return [
        kind,
        truncation,
        occlusion,
        rotation - np.arctan2(x, z),
        left,
        top,
        right,
        bottom,
        h,
        w,
        length,
        *place,
        rotation,
    ]


def _detection(rng, label):
    kind, _, _, alpha, *rest = label
    rest = np.array(rest)
    rest[:4] += rng.normal(0, 1.5, 4)
    rest[4:7] *= rng.normal(1, 0.03, 3)
    rest[7:10] += rng.normal(0, 0.08, 3)
    turn = rng.normal(0, 0.05) + rng.choice([0, 0, 0, np.pi])
    kind = rng.choice([kind, kind, kind, kind.lower(), "Car", "Van"])
    if rng.random() < 0.1:
        rest[1] = rest[3] - rng.choice([24, 25, 26, 39, 40])  # as low as the limits of height
    score = rng.choice([round(rng.uniform(), 1), rng.uniform()])
    return [kind, -1, -1, alpha + turn, *rest[:-1], rest[-1] + turn, score]


def random_frame(rng):
    """Labels and detections of one frame."""
    kinds = rng.choice(["Car", "Car", "Car", "Van", "Pedestrian", "Person_sitting", "Cyclist"], rng.integers(0, 8))
    labels = [_label(rng, kind) for kind in kinds]
    for label in list(labels):
        if rng.random() < 0.3:  # a neighbour that competes for the same detections
            close = list(label)
            close[4], close[6], close[11] = close[4] + 4, close[6] + 4, close[11] + 0.2
            close[0] = rng.choice(["Car", "Van", close[0]])
            labels.append(close)
    detections = [_detection(rng, label) for label in labels for _ in range(rng.choice([0, 1, 1, 1, 2, 3]))]
    detections += [_detection(rng, _label(rng, rng.choice(list(SIZES)))) for _ in range(rng.integers(0, 6))]
    labels += [_label(rng, "DontCare") for _ in range(rng.integers(0, 3))]
    rng.shuffle(labels)
    rng.shuffle(detections)
    return objects(labels, scored=False), objects(detections, scored=True)


@pytest.fixture(scope="session")
def make_frames():
    """A list of (labels, detections) by seed and count."""

    def make(seed, count):
        rng = np.random.default_rng(seed)
        return [random_frame(rng) for _ in range(count)]

    return make


@pytest.fixture(scope="session")
def as_tables():
    """(labels, detections) frames as two tables."""

    def convert(frames):
        ids = [f"{i:06d}" for i in range(len(frames))]
        return tuple(
            ObjectTable.from_frames(dict(zip(ids, (frame[side] for frame in frames), strict=True))) for side in (0, 1)
        )

    return convert
