"""ReCon as an encoder of frames: the whole scene as one cloud, as the original study used it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from scanpick.arrays import Embeddings, Float32Array, Int64Array
from scanpick.encoders.recon.checkpoint import load_encoder
from scanpick.encoders.recon.config import CONFIGS
from scanpick.encoders.recon.inference import FrozenReCon, Precision
from scanpick.encoders.recon.network import ReConEncoder, finetune_feature, frozen_feature
from scanpick.errors import FrameError, ScanpickError
from scanpick.files import sha256_of_file
from scanpick.geometry.farthest_point_sampling import farthest_point_sampling
from scanpick.geometry.nearest_neighbours import nearest_neighbours
from scanpick.structures import Frame

REPOSITORY = "github.com/qizekun/ReCon"
"""Where the authors link their weights."""


class ReConOptions(BaseModel):
    """What every encoder that runs a frozen ReCon network takes.

    Attributes:
        weights: The authors' checkpoint, or one that `scanpick adapt` wrote.
        random_weights: Instead of `weights`: "base", "small" or "tiny" with random weights from `seed`, as a control.
        feature: "frozen" (2C numbers) or "finetune" (4C), see `network`.
        up: Which axis of the network's frame z becomes: "z", or "y" as in the authors' training data.
        seed: Of random weights.
        precision: "bfloat16" is about twice as fast on processors that have it, and good to two to three places.
        device: "cpu", "cuda", ...
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ClassVar[str]
    batch_size: ClassVar[int] = 1  # a scene fills the cores by itself, and rounding does not depend on other frames
    in_workers: ClassVar[bool] = False

    weights: Path | None = None
    random_weights: Literal["base", "small", "tiny"] | None = None
    feature: Literal["frozen", "finetune"] = "frozen"
    up: Literal["y", "z"] = "y"
    seed: int = 0
    precision: Precision = "float32"
    device: str = "cpu"

    def model_post_init(self, context: Any) -> None:
        """Check what must fit together.

        Raises:
            ScanpickError: There are no weights, or two kinds of them.
        """
        if self.weights is None and self.random_weights is None:
            raise ScanpickError(
                f"The encoder '{self.name}' needs weights: download the authors' pre-trained checkpoint, linked from "
                f"the README of {REPOSITORY}, and pass it: `encoder_options={{'weights': 'FILE'}}`. For a control with "
                f"random weights: `encoder_options={{'random_weights': 'base'}}`."
            )
        if self.weights is not None and self.random_weights is not None:
            raise ScanpickError(f"The encoder '{self.name}' takes either 'weights' or 'random_weights', got both.")

    @property
    def settings(self) -> dict[str, Any]:
        """All options that the vectors depend on, with the weights' sha256."""
        options = self.model_dump(mode="json", exclude={"device", "weights"})
        return options | {"weights_sha256": None if self.weights is None else self._loaded[1]}

    @property
    def network(self) -> FrozenReCon:
        """The network, loaded once."""
        return self._loaded[0]

    @property
    def feature_length(self) -> int:
        """Numbers of a cloud's feature: 2C or 4C."""
        return self.network.config.width * {"frozen": 2, "finetune": 4}[self.feature]

    @property
    def _loaded(self) -> tuple[FrozenReCon, str]:
        """The network, and the SHA-256 of its weights' file, "" for random weights."""
        if self.weights is None:
            assert self.random_weights is not None
            return _random_network(self.random_weights, self.seed, self.precision, self.device), ""
        if not self.weights.is_file():
            raise ScanpickError(f"{self.weights}: no such checkpoint file.")
        status = self.weights.stat()  # a file that was replaced is loaded again
        return _network_of(self.weights, status.st_mtime_ns, status.st_size, self.precision, self.device)

    def features(self, neighbourhoods: Float32Array, centres: Float32Array) -> Embeddings:
        """(B, G, S, 3) neighbourhoods and (B, G, 3) centres of B clouds -> (B, 2C or 4C)."""
        batch = [torch.from_numpy(part).to(self.device) for part in (neighbourhoods, centres)]
        with torch.inference_mode():
            special, patches = self.network(*batch)
            feature = {"frozen": frozen_feature, "finetune": finetune_feature}[self.feature](special, patches)
        return feature.float().cpu().numpy()


class ReConScene(ReConOptions):
    """The feature of a frozen ReCon network on a frame's points (Qi et al., ICML 2023, arXiv 2302.02318).

    The points (x, y, z only) are thinned by farthest-point sampling, moved to their centroid and scaled to the unit
    sphere. ReCon was trained on single objects with y up; whole scenes are far from that, which is why fine-tuning on
    frames is worth trying. Frames with fewer points than asked for are used whole.

    Attributes:
        points: Points kept of a frame.
        groups: Patches.

    Example:
        >>> ReConScene(random_weights="tiny", points=1024, groups=64).dimension
        384
    """

    name: ClassVar[str] = "recon"

    points: int = Field(8192, ge=64)
    groups: int = Field(512, ge=1)

    def model_post_init(self, context: Any) -> None:
        """Check what must fit together.

        Raises:
            ScanpickError: There are no weights, or two kinds of them, or more groups than points.
        """
        super().model_post_init(context)
        if self.groups > self.points:
            raise ScanpickError(f"The encoder 'recon': {self.groups} groups need as many points, got {self.points}.")

    @property
    def dimension(self) -> int:
        """D: 2C or 4C."""
        return self.feature_length

    def encode(self, frames: Sequence[Frame]) -> Embeddings:
        """See `Encoder.encode`. A frame needs at least 32 points, and one for each group."""
        return np.concatenate([self._encode_one(frame) for frame in frames])

    def _encode_one(self, frame: Frame) -> Embeddings:
        size = self.network.config.group_size
        least = max(size, self.groups)
        xyz = np.ascontiguousarray(frame.points[:, :3])
        if len(xyz) < least:
            raise FrameError(f"has {len(xyz)} points, the encoder 'recon' needs at least {least}")
        neighbourhoods, centres = scene_groups(xyz, self.points, self.groups, size, self.up)
        return self.features(neighbourhoods[None], centres[None])


def scene_groups(xyz: Float32Array, points: int, groups: int, size: int, up: str) -> tuple[Float32Array, Float32Array]:
    """A frame's points as ReCon's patches: (G, S, 3) neighbourhoods relative to their centre, (G, 3) centres.

    Args:
        xyz: (P, 3) metres, z up.
        points: Points kept, by farthest-point sampling. It starts at the point nearest to the centroid, not at the
            file's first one as the authors' code does, so that the order in a file does not matter.
        groups: G. Since a farthest-point sample of a farthest-point sample is its beginning, the centres are the
            first G points kept.
        size: S. Where fewer than G or S points are kept, they are repeated.
        up: The axis that z becomes.
    """
    xyz = xyz[_first_nearest_to_centroid(xyz)]
    kept = xyz[farthest_point_sampling(xyz, min(points, len(xyz)))]
    if up == "y":
        kept = np.ascontiguousarray(kept[:, [1, 2, 0]])  # a rotation: left, up, forward, right-handed like before
    cloud = kept - kept.mean(axis=0, dtype=np.float64).astype(np.float32)
    cloud = cloud / max(np.linalg.norm(cloud, axis=1).max(), np.finfo(np.float32).tiny)
    cloud = cloud[np.arange(max(len(cloud), groups, size)) % len(cloud)]
    centres = cloud[:groups]
    rows, _ = nearest_neighbours(cloud, centres, size)
    return cloud[rows] - centres[:, None], centres


def _first_nearest_to_centroid(xyz: Float32Array) -> Int64Array:
    """(P,) the rows of a cloud, the one nearest to the centroid first."""
    start = int(((xyz - xyz.mean(axis=0, dtype=np.float64)) ** 2).sum(axis=1).argmin())
    return np.concatenate([[start], np.delete(np.arange(len(xyz)), start)])


@functools.lru_cache(maxsize=2)
def _network_of(path: Path, changed_ns: int, size: int, precision: Precision, device: str) -> tuple[FrozenReCon, str]:
    return FrozenReCon(load_encoder(path).to(device), precision), sha256_of_file(path)


@functools.lru_cache(maxsize=2)
def _random_network(size: str, seed: int, precision: Precision, device: str) -> FrozenReCon:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return FrozenReCon(ReConEncoder(CONFIGS[size]).eval().to(device), precision)
