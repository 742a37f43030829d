"""The pillar detector: samples, batches, losses and detections around `PillarNetwork`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scanpick.arrays import BoxArray, Float32Array, Float64Array
from scanpick.detectors.augmentation import AugmentationSettings
from scanpick.detectors.pillars.config import PILLAR, PILLAR_FEMTO, PILLAR_NANO, PILLAR_PICO, PillarConfig
from scanpick.detectors.pillars.losses import OVERLAP_WEIGHT, box_losses, heatmap_loss, iou_loss, overlap_loss
from scanpick.detectors.pillars.network import PillarNetwork, to_channels_last
from scanpick.detectors.pillars.pillars import AROUND_LOWEST_M, Pillars, make_pillars, points_around
from scanpick.detectors.pillars.targets import PillarTargets, decode_boxes, make_targets
from scanpick.detectors.scene import Scene
from scanpick.detectors.second_look import SecondLook, noisy_copies
from scanpick.geometry.nms import nms_rotated
from scanpick.geometry.rotated_iou import bev_iou_of_pairs
from scanpick.options import made_from
from scanpick.structures import Boxes3D, Detections


@dataclass(frozen=True, eq=False)
class PillarSample:
    """One scene, ready for the network; `targets`, and the points around their cells, in training only.

    Attributes:
        frame_id: Which frame.
        pillars: Its points.
        targets: What the heads should say.
        around: (K, n, 5) the points around the targets' cells.
        cloud: (N, 4) points above the road as a second look of its own sees them: x, y, height above the ground,
            intensity; none without such a look.
        copies: What it learns from.
    """

    frame_id: str
    pillars: Pillars
    targets: PillarTargets | None
    around: Float32Array | None
    cloud: Float32Array
    copies: Copies | None


@dataclass(frozen=True, eq=False)
class Copies:
    """Boxes of one scene, whose z is above the ground at their place.

    Attributes:
        truth: (G, 7) the true ones.
        noisy: (n G, 7) see `noisy_copies`.
    """

    truth: BoxArray
    noisy: BoxArray


@dataclass(frozen=True, eq=False)
class BatchTargets:
    """`PillarTargets` of all frames, which lie one below the other: along x, their grids make one tall grid.

    Attributes:
        heatmap: (B, classes, nx/2, ny/2).
        objects: How many there are.
        cells: (K,) places in the tall grid.
        values: (K, 8).
        backwards: (K,).
        weights: (K,).
        around: (K, n, 5) points around the cells, see `points_around`.
        boxes: (K, 7) float64, where they are on the tall grid.
        ground_m: (B nx/2, ny/2) height of the ground.
    """

    heatmap: Tensor
    objects: int
    cells: Tensor
    values: Tensor
    backwards: Tensor
    weights: Tensor
    around: Tensor
    boxes: BoxArray
    ground_m: Float32Array


@dataclass(frozen=True, eq=False)
class PillarBatch:
    """Samples put together. Cells are places in the flattened grids of all frames, one after the other."""

    samples: Sequence[PillarSample]
    features: Tensor
    starts: Tensor
    cells: Tensor
    targets: BatchTargets | None


VARIED = AugmentationSettings(object_scale=0.1)
"""How pillar networks vary scenes unless they say otherwise."""

CROWDED = replace(VARIED, pasted_objects=24, rotation_rad=0.4)
"""For short trainings: more objects in each frame, and headings and places nearer to those that there are."""


class PillarModel:
    """See `DetectorModel`."""

    def __init__(self, config: PillarConfig = PILLAR_NANO, augmentation: AugmentationSettings = VARIED) -> None:
        self.config = config
        self.class_names = config.class_names
        self.augmentation = augmentation
        self.network = to_channels_last(PillarNetwork(config))

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration, JSON-serialisable."""
        return asdict(self.config)

    @property
    def head_layers(self) -> list[nn.Module]:
        """What the heatmap and the boxes are made from."""
        return [self.network.where, self.network.what.norm, self.network.what.mix]

    def sample(self, scene: Scene, rng: np.random.Generator, *, training: bool) -> PillarSample:
        """Pillars, and in training targets, of a scene; the noise of copies is all that is random."""
        pillars = make_pillars(scene.points, self.config)
        targets = make_targets(scene.boxes, pillars.cell_ground_m, self.config) if training else None
        around = None if targets is None else points_around(pillars, targets.cells, self.config)
        cloud, copies = pillars.points[:0], None
        if self.network.second_look is not None:
            cloud = pillars.points[pillars.points[:, 2] > AROUND_LOWEST_M]
            if targets is not None:
                heaviest = np.argsort(-targets.weights, kind="stable")  # of an object's cells, that of its centre
                _, first = np.unique(targets.boxes[heaviest], axis=0, return_index=True)
                truth = _lowered(targets.boxes, targets.cells, pillars.cell_ground_m)[heaviest[first]]
                copies = Copies(truth, noisy_copies(truth, self.config, rng))
        return PillarSample(scene.frame_id, pillars, targets, around, cloud, copies)

    def batch(self, samples: Sequence[PillarSample], device: torch.device) -> PillarBatch:
        """One tensor of all points; pillars and cells are shifted by frame."""
        pillars = [sample.pillars for sample in samples]
        points = np.cumsum([0, *(len(p.features) for p in pillars)])
        starts = [p.starts[:-1] + at for p, at in zip(pillars, points[:-1], strict=True)]
        nx, ny = self.config.grid
        return PillarBatch(
            samples,
            _tensor([p.features for p in pillars], device),
            _tensor([*starts, points[-1:]], device),
            _tensor([p.cells + k * nx * ny for k, p in enumerate(pillars)], device),
            self._targets(samples, device) if samples[0].targets is not None else None,
        )

    def _targets(self, samples: Sequence[PillarSample], device: torch.device) -> BatchTargets:
        targets = [sample.targets for sample in samples if sample.targets is not None]
        nx, ny = self.config.grid
        boxes = np.concatenate([t.boxes for t in targets])
        frame_of = np.repeat(np.arange(len(targets)), [len(t.cells) for t in targets])
        boxes[:, 0] += frame_of * (self.config.x_range_m[1] - self.config.x_range_m[0])
        return BatchTargets(
            heatmap=_tensor([t.heatmap[None] for t in targets], device),
            objects=sum(int((t.heatmap == 1).sum()) for t in targets),
            cells=_tensor([t.cells + k * (nx * ny // 4) for k, t in enumerate(targets)], device),
            values=_tensor([t.values for t in targets], device),
            backwards=_tensor([t.backwards for t in targets], device),
            weights=_tensor([t.weights for t in targets], device),
            around=_tensor([sample.around for sample in samples if sample.around is not None], device),
            boxes=boxes,
            ground_m=np.concatenate([sample.pillars.cell_ground_m for sample in samples]),
        )

    def losses(self, batch: PillarBatch) -> dict[str, Tensor]:
        """Heatmap, box and IoU losses; those of boxes are 0 for a batch without objects."""
        t = batch.targets
        assert t is not None
        heatmap, features = self._maps(batch)
        losses = {"heatmap": heatmap_loss(heatmap, t.heatmap, t.objects)}
        if self.network.second_look is not None:
            return losses | self._losses_of_look(self.network.second_look, batch, t, features)
        rough, values, overlap = self.network.what(features, t.cells, t.around)
        at_first = box_losses(rough, t.values, t.backwards, t.weights)
        losses |= {f"rough_{name}": loss for name, loss in at_first.items()}
        losses |= box_losses(values, t.values, t.backwards, t.weights)
        losses["overlap"] = OVERLAP_WEIGHT * overlap_loss(values, t.values, t.weights, self.config)
        found = decode_boxes(values.detach().cpu().numpy(), t.cells.cpu().numpy(), t.ground_m, self.config)
        losses["iou"] = iou_loss(overlap, found, t.boxes, t.weights)
        return losses

    def _losses_of_look(
        self, look: SecondLook, batch: PillarBatch, t: BatchTargets, features: Tensor
    ) -> dict[str, Tensor]:
        """Losses of boxes where changes are learned from noisy copies of the true ones."""
        rough, hidden = self.network.what.first(features, t.cells, t.around)
        losses = box_losses(rough, t.values, t.backwards, t.weights)
        losses["overlap"] = OVERLAP_WEIGHT * overlap_loss(rough, t.values, t.weights, self.config)
        clouds = [torch.from_numpy(sample.cloud).to(rough.device) for sample in batch.samples]
        targets = [sample.targets for sample in batch.samples if sample.targets is not None]
        values = torch.split(rough.detach().cpu(), [len(one.cells) for one in targets])
        boxes = [_above_ground(some.numpy(), one.cells, self.config) for some, one in zip(values, targets, strict=True)]
        mended, overlap = look.mend(clouds, hidden, [_boxes_as_tensor(some, rough) for some in boxes])
        true = [
            _lowered(one.boxes, one.cells, sample.pillars.cell_ground_m)
            for one, sample in zip(targets, batch.samples, strict=True)
        ]
        losses["iou"] = iou_loss(overlap, mended.double().cpu().numpy(), np.concatenate(true), t.weights)
        copies = [sample.copies for sample in batch.samples if sample.copies is not None]
        noisy, truth = (
            [_boxes_as_tensor(some, rough) for some in parts]
            for parts in ([one.noisy for one in copies], [one.truth for one in copies])
        )
        return losses | look.losses(clouds, noisy, truth)

    def detections(self, batch: PillarBatch) -> list[Detections]:
        """Local maxima of the heatmap, scored with the IoU estimate, after rotated NMS within each class."""
        heatmap, features = self._maps(batch)
        heat = torch.sigmoid(heatmap)
        peaks = heat * (F.max_pool2d(heat, 3, 1, 1) == heat)
        return [
            self._boxes_of_frame(sample, heat[row], peaks[row], features[row : row + 1])
            if len(sample.pillars.features)  # where nothing is seen, whatever the network says is made up
            else Detections.empty(sample.frame_id)
            for row, sample in enumerate(batch.samples)
        ]

    def _maps(self, batch: PillarBatch) -> tuple[Tensor, Tensor]:
        maps: tuple[Tensor, Tensor] = self.network(batch.features, batch.starts, batch.cells, len(batch.samples))
        return maps

    def _boxes_of_frame(self, sample: PillarSample, heat_map: Tensor, peaks: Tensor, features: Tensor) -> Detections:
        config = self.config
        flat = peaks.flatten()
        heat, place = flat.topk(min(4 * config.most_boxes, len(flat)))
        # The IoU estimate cannot lift a score above this; what stays below the threshold need not be described.
        likely = heat ** (1 - config.iou_exponent) > config.score_threshold
        heat, place = heat[likely], place[likely]
        per_head = peaks[0].numel()
        label = (place // per_head).cpu().numpy()
        boxes, overlap = self._described(sample, place % per_head, features)
        score = (heat ** (1 - config.iou_exponent) * overlap**config.iou_exponent).double().cpu().numpy()
        kept: list[int] = []
        for index in range(len(config.class_names)):
            mine = np.flatnonzero((label == index) & (score > config.score_threshold))
            kept.extend(mine[nms_rotated(boxes[mine], score[mine], config.nms_iou)])
        chosen = np.array(sorted(kept, key=lambda row: -score[row])[: config.most_boxes], dtype=np.int64)
        names = np.array(config.class_names)[label[chosen]] if len(chosen) else np.zeros(0, dtype=np.str_)
        extras = {
            "heatmap": heat.double().cpu().numpy()[chosen],
            "iou": overlap.double().cpu().numpy()[chosen],
        }
        if config.box_spread:
            extras["box_spread"] = self._spread(sample, boxes[chosen], place[chosen], heat_map, features)
        return Detections(sample.frame_id, Boxes3D(boxes[chosen], names), score[chosen], extras=extras)

    def _described(self, sample: PillarSample, cell: Tensor, features: Tensor) -> tuple[BoxArray, Tensor]:
        """(K, 7) boxes that (K,) cells tell of, and (K,) their IoU estimates."""
        cells = cell.cpu().numpy()
        around = torch.from_numpy(points_around(sample.pillars, cells, self.config)).to(features.device)
        ground = sample.pillars.cell_ground_m
        if self.network.second_look is None:
            _, values, overlap = self.network.what(features, cell, around)
            return decode_boxes(values.cpu().numpy(), cells, ground, self.config), torch.sigmoid(overlap)
        values, hidden = self.network.what.first(features, cell, around)
        rough = _boxes_as_tensor(_above_ground(values.cpu().numpy(), cells, self.config), values)
        cloud = torch.from_numpy(sample.cloud).to(features.device)
        mended, overlap = self.network.second_look.mend([cloud], hidden, [rough])
        return _lowered(mended.double().cpu().numpy(), cells, -ground), torch.sigmoid(overlap)

    def _spread(
        self, sample: PillarSample, boxes: BoxArray, places: Tensor, heat_map: Tensor, features: Tensor
    ) -> Float64Array:
        """(K,) 1 - mean BEV IoU of boxes with those of the cells around their own, which the peaks suppressed.

        Each neighbour weighs as much as the heatmap says; where it says nothing around a box its spread is 0.
        """
        _, nx, ny = heat_map.shape
        label, cell = places // (nx * ny), places % (nx * ny)
        step = torch.tensor([[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j], device=cell.device)
        row, column = (cell // ny)[:, None] + step[:, 0], (cell % ny)[:, None] + step[:, 1]  # (K, 8)
        inside = (row >= 0) & (row < nx) & (column >= 0) & (column < ny)
        around = torch.where(inside, row * ny + column, cell[:, None])
        weight = (heat_map.flatten(1)[label[:, None], around] * inside).double().cpu().numpy()
        neighbours, _ = self._described(sample, around.flatten(), features)
        overlap = bev_iou_of_pairs(np.repeat(boxes, len(step), axis=0), neighbours).reshape(weight.shape)
        total = weight.sum(axis=1)
        return np.where(total > 0, 1 - (overlap * weight).sum(axis=1) / np.maximum(total, 1e-12), 0.0)


def _lowered(boxes: BoxArray, cells: np.ndarray, ground_m: Float32Array) -> BoxArray:
    """(K, 7) boxes with z above the ground of their (K,) cells instead of above the sensor."""
    lowered = boxes.copy()
    lowered[:, 2] -= ground_m.reshape(-1)[cells]
    return lowered


def _above_ground(values: Float32Array, cells: np.ndarray, config: PillarConfig) -> BoxArray:
    """(K, 7) boxes of (K, 9) head values, with z above the ground."""
    nx, ny = config.grid
    return decode_boxes(values, cells, np.zeros((nx // 2, ny // 2), dtype=np.float32), config)


def _boxes_as_tensor(boxes: BoxArray, like: Tensor) -> Tensor:
    return torch.from_numpy(boxes.astype(np.float32)).to(like)


def _tensor(parts: Sequence[np.ndarray], device: torch.device) -> Tensor:
    return torch.from_numpy(np.concatenate(parts)).to(device)


@made_from(PILLAR_NANO)
def pillar_nano(config: PillarConfig) -> PillarModel:
    """The pillar network for CPUs. Options are fields of `PillarConfig`."""
    return PillarModel(config)


@made_from(PILLAR_PICO)
def pillar_pico(config: PillarConfig) -> PillarModel:
    """The smallest pillar network. Options are fields of `PillarConfig`."""
    return PillarModel(config)


@made_from(PILLAR_FEMTO)
def pillar_femto(config: PillarConfig) -> PillarModel:
    """The pillar network for the cheapest trainings. Options are fields of `PillarConfig`."""
    return PillarModel(config, CROWDED)


@made_from(PILLAR)
def pillar(config: PillarConfig) -> PillarModel:
    """The pillar network at published size. Options are fields of `PillarConfig`."""
    return PillarModel(config)
