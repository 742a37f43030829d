"""ReCon trained on unlabelled frames: what it is asked to do, and with how much weight."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from scanpick.arrays import BoolArray, Float32Array, Points
from scanpick.encoders.pretraining.adaptable import UnlabelledFrame
from scanpick.encoders.pretraining.neighbours import same_scene
from scanpick.encoders.pretraining.views import augmented_view
from scanpick.encoders.recon.checkpoint import load_encoder, read_state
from scanpick.encoders.recon.config import CONFIGS, ReConConfig
from scanpick.encoders.recon.crops import LEAST_POINTS, object_crops
from scanpick.encoders.recon.encoder import REPOSITORY, scene_groups
from scanpick.encoders.recon.pretraining import (
    ReConPretraining,
    Reconstruction,
    block_mask,
    chamfer_l2,
    chamfer_l2_of_sets,
    contrast,
    random_mask,
)
from scanpick.errors import FrameError, ScanpickError
from scanpick.networks.training import TrainingSettings
from scanpick.networks.weights import write_weights_file
from scanpick.options import build_checked

TRAINING = TrainingSettings(
    batch_size=8, learning_rate=5e-4, weight_decay=0.05, warm_up=10 / 300, clip=10.0, checkpoint_every=100
)
"""The published optimiser with the share of warm-up; batches fit a processor."""

CONTRAST_LENGTH = 128


class ReConAdapting(BaseModel):
    """Options of adapting ReCon. `points`, `groups` and `up` should be those that frames are embedded with.

    Attributes:
        random_weights: Instead of a file: "base", "small" or "tiny" with random weights.
        points: Points kept of a scene.
        groups: Patches of a scene.
        up: Which axis of the network's frame z becomes.
        mask: Hidden patches: "random", a "block" of neighbours, or for each cloud one of "both".
        mask_share: Share of the patches that is hidden.
        scenes: Weight of rebuilding hidden patches of whole scenes (Chamfer-L2).
        crops: Weight of rebuilding hidden patches of object-like crops.
        crops_per_frame: How many of them.
        crop_points: Points kept of a crop.
        crop_groups: Patches of a crop.
        views: Weight of agreement of two augmented views of a scene (InfoNCE).
        neighbours: Weight of agreement with a frame near in time (InfoNCE).
        image: Weight of agreement with a frozen teacher's feature of the camera image (smooth L1, as published).
        image_dimension: Length of that feature.
        temperature: Of InfoNCE.
        stop_gradient: Keep agreement from changing what patches become, as published; it then trains the special
            tokens only.
        drop_path: Largest share of dropped residual branches.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    random_weights: Literal["base", "small", "tiny"] | None = None
    points: int = Field(8192, ge=64)
    groups: int = Field(512, ge=4)
    up: Literal["y", "z"] = "y"
    mask: Literal["random", "block", "both"] = "both"
    mask_share: float = Field(0.6, gt=0, lt=1)
    scenes: float = Field(1.0, ge=0, allow_inf_nan=False)
    crops: float = Field(0.5, ge=0, allow_inf_nan=False)
    crops_per_frame: int = Field(2, ge=1)
    crop_points: int = Field(512, ge=LEAST_POINTS)
    crop_groups: int = Field(32, ge=4, le=LEAST_POINTS)
    views: float = Field(0.1, ge=0, allow_inf_nan=False)
    neighbours: float = Field(0.0, ge=0, allow_inf_nan=False)
    image: float = Field(0.0, ge=0, allow_inf_nan=False)
    image_dimension: int = Field(768, ge=1)
    temperature: float = Field(0.1, gt=0, allow_inf_nan=False)
    stop_gradient: bool = True
    drop_path: float = Field(0.1, ge=0, lt=1)


def adaptable_recon(weights: Path | None, *, seed: int, **options: Any) -> AdaptableReCon:
    """ReCon with what it starts from. See `ADAPTABLE`.

    Raises:
        ScanpickError: There are no weights, or they cannot be used; an option is unknown or does not fit.
    """
    chosen = build_checked(ReConAdapting, options, "adapting the encoder 'recon'")
    if (weights is None) == (chosen.random_weights is None):
        raise ScanpickError(
            f"Adapting 'recon' needs either `weights=FILE`, the authors' pre-trained checkpoint linked from the README "
            f"of {REPOSITORY}, or a start from random weights by name: `encoder_options={{'random_weights': 'tiny'}}`."
        )
    if chosen.groups > chosen.points:
        raise ScanpickError(f"Adapting 'recon': {chosen.groups} groups need as many points, got {chosen.points}.")
    if not any((chosen.scenes, chosen.crops, chosen.views, chosen.neighbours, chosen.image)):
        raise ScanpickError("Adapting 'recon': every loss has the weight 0; give one of them more.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if chosen.random_weights is not None:
            network = _network(CONFIGS[chosen.random_weights], chosen)
            return AdaptableReCon(chosen, network, fresh=("all",))
        assert weights is not None
        return _from_file(weights, chosen)


class AdaptingNetwork(nn.Module):
    """ReCon with decoder, and the head that views agree in."""

    def __init__(self, recon: ReConPretraining) -> None:
        super().__init__()
        width = recon.config.width
        self.recon = recon
        self.view_proj = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, CONTRAST_LENGTH))


@dataclass(frozen=True, eq=False)
class Patches:
    """Clouds cut into patches, as `scene_groups` gives them, and which are hidden.

    Attributes:
        neighbourhoods: (N, G, S, 3).
        centres: (N, G, 3).
        mask: (N, G) bool.
    """

    neighbourhoods: Float32Array
    centres: Float32Array
    mask: BoolArray


@dataclass(frozen=True, eq=False)
class Sample:
    """What is made of one frame: its view, then a second view and a neighbour where they are asked for; crops."""

    frame: UnlabelledFrame
    scenes: Patches
    crops: Patches | None


@dataclass(frozen=True, eq=False)
class Batch:
    """B samples as tensors.

    Attributes:
        scenes: Neighbourhoods, centres and masks of V B clouds: all first ones, then all second ones, ...
        crops: The same of crops, or None.
        same_scene: (B, B) bool, pairs of frames of the same place and moment.
        neighboured: (B,) bool, frames with a neighbour.
        pictured: (B,) bool, frames with an image feature.
        image: (pictured, T) these features.
    """

    scenes: tuple[Tensor, Tensor, Tensor]
    crops: tuple[Tensor, Tensor, Tensor] | None
    same_scene: Tensor
    neighboured: Tensor
    pictured: Tensor
    image: Tensor


class AdaptableReCon:
    """ReCon in self-supervised training. See `AdaptableModel`.

    Args:
        options: What it is asked to do.
        network: With the weights to start from.
        fresh: Parts of the network that had no weights to start from.
    """

    def __init__(self, options: ReConAdapting, network: AdaptingNetwork, *, fresh: Sequence[str]) -> None:
        self.options, self.network, self.training = options, network, TRAINING
        config = network.recon.config
        self.size = config.group_size
        self.settings = options.model_dump() | {"width": config.width, "depth": config.depth, "fresh": list(fresh)}
        self.embed_options = options.model_dump(include={"points", "groups", "up"})
        self.wants_neighbours = options.neighbours > 0
        self.teacher_dimension = options.image_dimension if options.image > 0 else None
        self._least = max(self.size, options.groups)  # points that a scene's patches need

    def check(self, points: Points) -> None:
        """See `AdaptableModel.check`."""
        least = max(self._least, LEAST_POINTS)
        if len(points) < least:
            raise FrameError(f"has {len(points)} points, adapting 'recon' needs at least {least}", kind="implausible")

    def sample(self, frame: UnlabelledFrame, rng: np.random.Generator) -> Sample:
        """See `AdaptableModel.sample`."""
        xyz, o = np.ascontiguousarray(frame.points[:, :3]), self.options
        clouds = [xyz, xyz] if o.views else [xyz]
        if self.wants_neighbours:
            # Without a neighbour, the frame fills the place; it does not count there.
            clouds.append(xyz if frame.neighbour is None else np.ascontiguousarray(frame.neighbour[:, :3]))
        views = [augmented_view(cloud, rng, least=self._least) for cloud in clouds]
        scenes = self._patches(views, o.points, o.groups, rng)
        if not o.crops:
            return Sample(frame, scenes, None)
        cut = [augmented_view(crop, rng, least=LEAST_POINTS) for crop in object_crops(xyz, o.crops_per_frame, rng)]
        return Sample(frame, scenes, self._patches(cut, o.crop_points, o.crop_groups, rng))

    def held_out_sample(self, frame: UnlabelledFrame, rng: np.random.Generator) -> Sample:
        """See `AdaptableModel.held_out_sample`. The whole scene, random patches hidden, whatever training does."""
        xyz, o = np.ascontiguousarray(frame.points[:, :3]), self.options
        neighbourhoods, centres = scene_groups(xyz, o.points, o.groups, self.size, o.up)
        mask = random_mask(o.groups, o.mask_share, rng)
        return Sample(frame, Patches(neighbourhoods[None], centres[None], mask[None]), None)

    def batch(self, samples: Sequence[Sample], device: torch.device) -> Batch:
        """See `AdaptableModel.batch`."""
        frames = [sample.frame for sample in samples]
        features = [frame.image_feature for frame in frames if frame.image_feature is not None]
        image = np.stack(features) if features else np.zeros((0, self.options.image_dimension), np.float32)
        return Batch(
            scenes=_tensors([sample.scenes for sample in samples], device),
            crops=_tensors([s.crops for s in samples if s.crops is not None], device) if samples[0].crops else None,
            same_scene=torch.from_numpy(same_scene([frame.record for frame in frames])).to(device),
            neighboured=torch.tensor([frame.neighbour is not None for frame in frames], device=device),
            pictured=torch.tensor([frame.image_feature is not None for frame in frames], device=device),
            image=torch.from_numpy(image).to(device),
        )

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """See `AdaptableModel.losses`."""
        o, found = self.options, {}
        scenes, crops = self._rebuilt(batch)
        if o.scenes:
            found["scenes"] = o.scenes * chamfer_l2(scenes.rebuilt, scenes.true)
        if crops is not None:
            found["crops"] = o.crops * chamfer_l2(crops.rebuilt, crops.true)
        count = len(batch.same_scene)
        vectors = self.network.view_proj(scenes.special[:, 0]).view(-1, count, CONTRAST_LENGTH)  # (V, B, D)
        if o.views:
            found["views"] = o.views * contrast(vectors[0], vectors[1], batch.same_scene, o.temperature)
        if o.neighbours:
            found["neighbours"] = o.neighbours * self._agreement(vectors[0], vectors[-1], batch)
        if o.image:
            first = scenes.special[:count, 1][batch.pictured]
            # A sum, since a mean over no frames is NaN.
            off = nn.functional.smooth_l1_loss(self.network.recon.img_proj(first), batch.image, reduction="sum")
            found["image"] = o.image * off / max(batch.image.numel(), 1)
        return found

    def held_out_losses(self, batch: Batch) -> Tensor:
        """See `AdaptableModel.held_out_losses`."""
        scenes, _ = self._rebuilt(batch)
        return chamfer_l2_of_sets(scenes.rebuilt, scenes.true).view(len(batch.same_scene), -1).mean(dim=1)

    def save(self, folder: Path, origin: Mapping[str, Any]) -> Path:
        """See `AdaptableModel.save`. The file is laid out as the authors' are, so that their tools read it, too."""
        path = folder / "weights.pt"
        state = self.network.recon.state_dict()
        head = {f"view_proj.{name}": value for name, value in self.network.view_proj.state_dict().items()}
        tensors = {name: value.cpu() for name, value in (state | head).items()}
        write_weights_file(path, {"base_model": tensors, "told": json.dumps(origin)})
        return path

    def _patches(self, clouds: Sequence[Float32Array], points: int, groups: int, rng: np.random.Generator) -> Patches:
        parts = [scene_groups(cloud, points, groups, self.size, self.options.up) for cloud in clouds]
        masks = []
        for _, centres in parts:
            block = self.options.mask == "block" or (self.options.mask == "both" and rng.random() < 0.5)
            share = self.options.mask_share
            masks.append(block_mask(centres, share, rng) if block else random_mask(groups, share, rng))
        return Patches(np.stack([n for n, _ in parts]), np.stack([c for _, c in parts]), np.stack(masks))

    def _rebuilt(self, batch: Batch) -> tuple[Reconstruction, Reconstruction | None]:
        """Hidden patches of scenes and of crops.

        Both go through the patch encoder together, so that its batch norm sees the mixture that its running averages
        are of. Hidden patches do not, unlike in the authors' code: nothing but batch norm would see what they become,
        and it is the costliest part.
        """
        recon, stop = self.network.recon, self.options.stop_gradient
        kinds = [batch.scenes] if batch.crops is None else [batch.scenes, batch.crops]
        visible = torch.cat([~mask.flatten() for _, _, mask in kinds])
        rows = torch.cat([neighbourhoods.flatten(0, 1) for neighbourhoods, _, _ in kinds])[visible]  # (V, S, 3)
        seen = recon.MAE_encoder.encoder(rows[None])[0]
        tokens = seen.new_zeros(len(visible), seen.shape[1]).masked_scatter(visible[:, None], seen)
        shapes = [mask.shape for _, _, mask in kinds]
        parts = tokens.split([shape.numel() for shape in shapes])
        rebuilt = [
            recon(*kind, tokens=part.view(*shape, -1), stop_gradient=stop)
            for kind, part, shape in zip(kinds, parts, shapes, strict=True)
        ]
        return rebuilt[0], rebuilt[1] if len(rebuilt) > 1 else None

    def _agreement(self, vectors: Tensor, near: Tensor, batch: Batch) -> Tensor:
        rows = batch.neighboured
        if not rows.any():
            return vectors.sum() * 0.0
        return contrast(vectors[rows], near[rows], batch.same_scene[rows][:, rows], self.options.temperature)


def _from_file(path: Path, options: ReConAdapting) -> AdaptableReCon:
    encoder = load_encoder(path)
    state = read_state(path)
    network = _network(encoder.config, options)
    network.recon.MAE_encoder.load_state_dict(encoder.state_dict())
    expected = {name.removeprefix("recon."): value for name, value in network.state_dict().items()}
    parts = {name.split(".")[0] for name in expected} - {"MAE_encoder"}
    fresh = []
    for part in sorted(parts):
        names = [name for name in expected if name.split(".")[0] == part]
        if all(name in state and state[name].shape == expected[name].shape for name in names):
            for name in names:
                expected[name].copy_(state[name])
        else:
            fresh.append(part)
    return AdaptableReCon(options, network, fresh=fresh)


def _network(config: ReConConfig, options: ReConAdapting) -> AdaptingNetwork:
    config = replace(config, drop_path=options.drop_path, image_dim=options.image_dimension)
    return AdaptingNetwork(ReConPretraining(config))


def _tensors(parts: Sequence[Patches], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """The n-th clouds of all samples, then the next ones: (N B, ...) each."""
    arrays = zip(*((p.neighbourhoods, p.centres, p.mask) for p in parts), strict=True)
    stacked = [np.stack(array, axis=1) for array in arrays]  # (N, B, ...)
    first, second, third = (torch.from_numpy(array.reshape(-1, *array.shape[2:])).to(device) for array in stacked)
    return first, second, third
