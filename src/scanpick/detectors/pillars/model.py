"""The pillar detector: samples, batches, losses and detections around `PillarNetwork`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scanpick.arrays import BoxArray, Float32Array, Float64Array
from scanpick.detectors.pillars.config import PILLAR, PILLAR_AUGMENTATION, PILLAR_NANO, PILLAR_PICO, PillarConfig
from scanpick.detectors.pillars.losses import OVERLAP_WEIGHT, box_losses, heatmap_loss, iou_loss, overlap_loss
from scanpick.detectors.pillars.network import PillarNetwork, to_channels_last
from scanpick.detectors.pillars.pillars import Pillars, make_pillars, points_around
from scanpick.detectors.pillars.targets import PillarTargets, decode_boxes, make_targets
from scanpick.detectors.scene import Scene
from scanpick.geometry.nms import nms_rotated
from scanpick.geometry.rotated_iou import bev_iou_of_pairs
from scanpick.options import made_from
from scanpick.structures import Boxes3D, Detections


@dataclass(frozen=True, eq=False)
class PillarSample:
    """One scene, ready for the network; `targets`, and the points around their cells, in training only."""

    frame_id: str
    pillars: Pillars
    objects: int
    targets: PillarTargets | None
    around: Float32Array | None


@dataclass(frozen=True, eq=False)
class PillarBatch:
    """Samples put together. Cells are places in the flattened grids of all frames, one after the other."""

    samples: Sequence[PillarSample]
    features: Tensor
    starts: Tensor
    cells: Tensor
    heatmap: Tensor | None
    box_cells: Tensor | None
    values: Tensor | None
    backwards: Tensor | None
    weights: Tensor | None
    around: Tensor | None


class PillarModel:
    """See `DetectorModel`."""

    def __init__(self, config: PillarConfig = PILLAR_NANO) -> None:
        self.config = config
        self.class_names = config.class_names
        self.augmentation = PILLAR_AUGMENTATION
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
        """Pillars, and in training targets, of a scene. Nothing here is random."""
        pillars = make_pillars(scene.points, self.config)
        targets = make_targets(scene.boxes, pillars.cell_ground_m, self.config) if training else None
        objects = 0 if targets is None else int((targets.heatmap == 1).sum())
        around = None if targets is None else points_around(pillars, targets.cells, self.config)
        return PillarSample(scene.frame_id, pillars, objects, targets, around)

    def batch(self, samples: Sequence[PillarSample], device: torch.device) -> PillarBatch:
        """One tensor of all points; pillars and cells are shifted by frame."""
        pillars = [sample.pillars for sample in samples]
        points = np.cumsum([0, *(len(p.features) for p in pillars)])
        starts = [p.starts[:-1] + at for p, at in zip(pillars, points[:-1], strict=True)]
        per_frame, per_head = self.config.grid[0] * self.config.grid[1], self.config.grid[0] * self.config.grid[1] // 4

        def tensor(parts: Sequence[np.ndarray]) -> Tensor:
            return torch.from_numpy(np.concatenate(parts)).to(device)

        targets = [sample.targets for sample in samples if sample.targets is not None]
        return PillarBatch(
            samples=samples,
            features=tensor([p.features for p in pillars]),
            starts=tensor([*starts, points[-1:]]),
            cells=tensor([p.cells + k * per_frame for k, p in enumerate(pillars)]),
            heatmap=tensor([t.heatmap[None] for t in targets]) if targets else None,
            box_cells=tensor([t.cells + k * per_head for k, t in enumerate(targets)]) if targets else None,
            values=tensor([t.values for t in targets]) if targets else None,
            backwards=tensor([t.backwards for t in targets]) if targets else None,
            weights=tensor([t.weights for t in targets]) if targets else None,
            around=tensor([s.around for s in samples if s.around is not None]) if targets else None,
        )

    def losses(self, batch: PillarBatch) -> dict[str, Tensor]:
        """Heatmap, box and IoU losses; those of boxes are 0 for a batch without objects."""
        assert batch.heatmap is not None
        assert batch.box_cells is not None
        assert batch.values is not None
        assert batch.backwards is not None
        assert batch.weights is not None
        assert batch.around is not None
        heatmap, features = self._maps(batch)
        rough, values, overlap = self.network.what(features, batch.box_cells, batch.around)
        losses = {"heatmap": heatmap_loss(heatmap, batch.heatmap, sum(s.objects for s in batch.samples))}
        at_first = box_losses(rough, batch.values, batch.backwards, batch.weights)
        losses |= {f"rough_{name}": loss for name, loss in at_first.items()}
        losses |= box_losses(values, batch.values, batch.backwards, batch.weights)
        losses["overlap"] = OVERLAP_WEIGHT * overlap_loss(values, batch.values, batch.weights, self.config)
        targets = [sample.targets for sample in batch.samples if sample.targets is not None]
        grounds = np.concatenate([sample.pillars.cell_ground_m for sample in batch.samples])
        # Frames lie one below the other: their grounds stacked along x make one tall grid with the cells' numbering.
        per_head = batch.samples[0].pillars.cell_ground_m.size
        tall_cells = np.concatenate([t.cells + k * per_head for k, t in enumerate(targets)])
        tall_boxes = np.concatenate([t.boxes for t in targets])
        rows = np.concatenate([np.full(len(t.cells), k) for k, t in enumerate(targets)])
        shifted = tall_boxes.copy()
        shifted[:, 0] += rows * (self.config.x_range_m[1] - self.config.x_range_m[0])
        losses["iou"] = iou_loss(overlap, values, tall_cells, grounds, shifted, batch.weights, self.config)
        return losses

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
        _, values, overlap = self.network.what(features, cell, around)
        boxes = decode_boxes(values.cpu().numpy(), cells, sample.pillars.cell_ground_m, self.config)
        return boxes, torch.sigmoid(overlap)

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


@made_from(PILLAR_NANO)
def pillar_nano(config: PillarConfig) -> PillarModel:
    """The pillar network for CPUs. Options are fields of `PillarConfig`."""
    return PillarModel(config)


@made_from(PILLAR_PICO)
def pillar_pico(config: PillarConfig) -> PillarModel:
    """The smallest pillar network. Options are fields of `PillarConfig`."""
    return PillarModel(config)


@made_from(PILLAR)
def pillar(config: PillarConfig) -> PillarModel:
    """The pillar network at published size. Options are fields of `PillarConfig`."""
    return PillarModel(config)
