"""3DSSD as a detector: samples, batches, losses and detections around `Ssd3dNetwork`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from scanpick.arrays import BoxArray, Int64Array, Points
from scanpick.detectors.augmentation import AugmentationSettings
from scanpick.detectors.scene import Scene
from scanpick.detectors.second_look import noisy_copies
from scanpick.detectors.ssd3d.config import SSD3D, SSD3D_NANO, Ssd3dConfig
from scanpick.detectors.ssd3d.decoding import decode, detections_of_frame
from scanpick.detectors.ssd3d.head import Predictions
from scanpick.detectors.ssd3d.losses import losses
from scanpick.detectors.ssd3d.network import Ssd3dNetwork
from scanpick.detectors.ssd3d.targets import make_targets
from scanpick.errors import ScanpickError
from scanpick.geometry.ground import Ground, estimate_ground
from scanpick.networks.weights import read_tensors, take_weights
from scanpick.options import made_from
from scanpick.structures import Boxes3D, Detections

# The published recipe. Its noise of objects (standard deviation 1 m, up to 60 degrees) applies to each on its own.
SSD3D_AUGMENTATION = AugmentationSettings(
    scale=0.1, object_shift_m=1.0, object_rotation_rad=np.pi / 3, pasted_objects=15
)

# With few frames, large noise leaves too few objects where objects are.
SSD3D_NANO_AUGMENTATION = AugmentationSettings(object_scale=0.1)


CLASSES_OF_CHECKPOINTS = {1: ("Car",), 3: ("Pedestrian", "Cyclist", "Car")}
"""Number of classes -> their order in mmdetection3d's KITTI configurations; a checkpoint holds the number alone."""

_CLASS_WEIGHT, _VOTE_WEIGHT = "bbox_head.conv_pred.conv_cls.weight", "bbox_head.vote_module.conv_out.weight"


@dataclass(frozen=True, eq=False)
class Ssd3dSample:
    """One scene, ready for the network.

    Attributes:
        frame_id: The frame.
        cloud: (P, 4 or 5) float32 x, y, z, intensity, and the height where it is a feature: it is z then, too.
        ground: The height field that heights are measured from, or None where they are the sensor's.
        seen: False where the frame has no point in range; the cloud then holds the origin only.
        boxes: (G, 7) boxes whose centre is in range.
        labels: (G,) class of each.
        noisy: (n G, 7) copies of the boxes that a second look learns from, see `noisy_copies`; none without one.
    """

    frame_id: str
    cloud: Points
    ground: Ground | None
    seen: bool
    boxes: BoxArray
    labels: Int64Array
    noisy: BoxArray


@dataclass(frozen=True, eq=False)
class Ssd3dBatch:
    """Samples put together; `cloud` is (B, P, 4 or 5)."""

    samples: Sequence[Ssd3dSample]
    cloud: Tensor


class Ssd3dModel:
    """See `DetectorModel`."""

    def __init__(self, config: Ssd3dConfig = SSD3D, augmentation: AugmentationSettings = SSD3D_AUGMENTATION) -> None:
        self.config = config
        self.class_names = config.class_names
        self.augmentation = augmentation
        network = Ssd3dNetwork(config)
        self.network: nn.Module = network
        self.second_look = network.second_look
        self.head_layers = network.bbox_head.conv_pred.hidden_layers

    @property
    def name(self) -> str:
        """The name it is registered under."""
        return "3dssd-nano" if self.config.vote_width == SSD3D_NANO.vote_width else "3dssd"

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration, JSON-serialisable."""
        return asdict(self.config)

    def sample(self, scene: Scene, rng: np.random.Generator, *, training: bool) -> Ssd3dSample:
        """Points in range, as many as the network takes, drawn at random; all of them and some twice if too few."""
        least, greatest = np.array(self.config.least), np.array(self.config.greatest)
        points, boxes, ground = scene.points[:, :4], scene.of_classes(self.class_names).boxes, None
        if self.config.above_ground:
            ground = estimate_ground(points, self.config.ground)
            points = points.copy()
            points[:, 2] -= ground.height_at(points[:, :2])
            points = np.column_stack([points, points[:, 2]])
            boxes = Boxes3D(_raised(boxes.array, ground, -1), boxes.class_names)
        inside = ((points[:, :3] > least) & (points[:, :3] < greatest)).all(axis=1)
        points, wanted = points[inside], self.config.points
        seen = len(points) > 0
        if not seen:
            points = np.zeros((1, points.shape[1]), np.float32)
        if len(points) >= wanted:
            rows = rng.choice(len(points), wanted, replace=False)
        else:
            rows = np.concatenate([rng.permutation(len(points)), rng.integers(len(points), size=wanted - len(points))])
        places = boxes.centres[:, :2]
        boxes = boxes[np.flatnonzero(((places > least[:2]) & (places < greatest[:2])).all(axis=1))]
        labels = np.array([self.class_names.index(name) for name in boxes.class_names], dtype=np.int64)
        cloud = np.ascontiguousarray(points[rows])
        noisy = noisy_copies(boxes.array[: len(boxes) if training and self.config.second_look else 0], self.config, rng)
        return Ssd3dSample(scene.frame_id, cloud, ground, seen, boxes.array, labels, noisy)

    def batch(self, samples: Sequence[Ssd3dSample], device: torch.device) -> Ssd3dBatch:
        """Clouds of all samples as one tensor."""
        return Ssd3dBatch(samples, torch.from_numpy(np.stack([sample.cloud for sample in samples])).to(device))

    def losses(self, batch: Ssd3dBatch) -> dict[str, Tensor]:
        """Named losses, see `losses.losses` and, with a second look, `SecondLook.losses`."""
        predictions: Predictions = self.network(batch.cloud)
        boxes = [torch.from_numpy(sample.boxes.astype(np.float32)) for sample in batch.samples]
        labels = [torch.from_numpy(sample.labels) for sample in batch.samples]
        named = losses(predictions, make_targets(predictions, boxes, labels, self.config), self.config)
        if self.second_look is not None:
            noisy = [torch.from_numpy(sample.noisy.astype(np.float32)).to(batch.cloud) for sample in batch.samples]
            named |= self.second_look.losses(batch.cloud, noisy, [some.to(batch.cloud) for some in boxes])
        return named

    def detections(self, batch: Ssd3dBatch) -> list[Detections]:
        """Boxes after suppression, in the order of candidates; none for a frame without points in range."""
        predictions: Predictions = self.network(batch.cloud)
        decoded = *decode(predictions, self.config), torch.softmax(predictions.direction_logits, dim=-1)
        boxes, scores, headings = (value.double().cpu().numpy() for value in decoded)
        return [
            detections_of_frame(
                sample.frame_id, _raised(boxes[row], sample.ground, 1), scores[row], headings[row], self.config
            )
            if sample.seen
            else Detections.empty(sample.frame_id)
            for row, sample in enumerate(batch.samples)
        ]


def _raised(boxes: BoxArray, ground: Ground | None, sign: int) -> BoxArray:
    """Boxes with heights from the ground (-1), or in the LiDAR frame again (1)."""
    if ground is None:
        return boxes
    lift = sign * ground.height_at(boxes[:, :2])
    return np.column_stack([boxes[:, :2], boxes[:, 2] + lift, boxes[:, 3:]])


@made_from(SSD3D)
def ssd3d(config: Ssd3dConfig) -> Ssd3dModel:
    """3DSSD as published. Options are fields of `Ssd3dConfig`."""
    return Ssd3dModel(config)


@made_from(SSD3D_NANO)
def ssd3d_nano(config: Ssd3dConfig) -> Ssd3dModel:
    """3DSSD for CPUs: fewer points, channels and neighbours. Options are fields of `Ssd3dConfig`."""
    return Ssd3dModel(config, SSD3D_NANO_AUGMENTATION)


def load_checkpoint(path: Path) -> Ssd3dModel:
    """The detector that a file in mmdetection3d's layout holds, ``{"meta": ..., "state_dict": ...}``.

    Its shapes say whether it is of the published size or of ours for CPUs, and how many classes it has.

    Raises:
        ScanpickError: The file cannot be read, holds more than tensors and plain values, or its parameters do not fit;
            the message names those that are missing, left over or of another shape.
    """
    state = read_tensors(path, "state_dict")
    count = state[_CLASS_WEIGHT].shape[0] if _CLASS_WEIGHT in state else 1
    if count not in CLASSES_OF_CHECKPOINTS:
        raise ScanpickError(f"{path}: expected a detector of 1 or 3 classes, as mmdetection3d's are, got {count}.")
    small = _VOTE_WEIGHT in state and state[_VOTE_WEIGHT].shape[1] == SSD3D_NANO.vote_width
    model = Ssd3dModel(replace(SSD3D_NANO if small else SSD3D, class_names=CLASSES_OF_CHECKPOINTS[count]))
    take_weights(model.network, state, "the detector", str(path))
    return model
