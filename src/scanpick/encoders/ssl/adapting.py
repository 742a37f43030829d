"""The scene encoder trained on unlabelled frames: what it is asked to do, and with how much weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from scanpick.arrays import Float32Array, Int64Array, Points
from scanpick.encoders.pretraining.adaptable import UnlabelledFrame
from scanpick.encoders.ssl.cells import FINE, Cells, make_cells
from scanpick.encoders.ssl.network import CellBatch, batch_cells
from scanpick.encoders.ssl.objectives import (
    Pretraining,
    load_pretraining,
    mean_by_thing,
    save_pretraining,
    swapped_words,
)
from scanpick.encoders.ssl.views import Hidden, Look, Things, cells_of_things, changed, hide, look_at
from scanpick.encoders.ssl.weights import SHIPPED, NetworkConfig
from scanpick.errors import FrameError
from scanpick.files import sha256_of_file
from scanpick.networks.training import TrainingSettings
from scanpick.options import build_checked

TRAINING = TrainingSettings(
    batch_size=4, learning_rate=3e-3, weight_decay=0.02, warm_up=0.1, clip=5.0, checkpoint_every=100
)

FURTHER_LEARNING_RATE = 1e-3
"""From weights that have learned already, the rate of a fresh start would first undo what they know."""

LEAST_POINTS = 100
"""A frame with fewer points within reach cannot be learnt from."""

WORDS_FROM_POINTS = 4
"""A thing needs so many points in both views to be described by words."""


class SslAdapting(BaseModel):
    """Options of training the scene encoder.

    Attributes:
        start: Without a file of weights: the "shipped" weights, or "random" ones.
        hidden_share: Share of the cells of 2.56 m that is hidden.
        rebuild: Weight of rebuilding them (binary cross-entropy).
        shapes: Weight of telling which cells hold things, and their shapes.
        words: Weight of agreeing on words for the things of two views.
        vocabulary: How many words.
        intensity: Let intensities count, in training and in the vectors that are made with the weights.
        precision: "bfloat16" multiplies in bfloat16, which takes half the time on processors that have it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: Literal["shipped", "random"] = "shipped"
    hidden_share: float = Field(0.4, gt=0, lt=1)
    rebuild: float = Field(4.0, ge=0, allow_inf_nan=False)
    shapes: float = Field(1.0, ge=0, allow_inf_nan=False)
    words: float = Field(0.3, ge=0, allow_inf_nan=False)
    vocabulary: int = Field(128, ge=2)
    intensity: bool = False
    precision: Literal["bfloat16", "float32"] = "bfloat16"


def adaptable_ssl(weights: Path | None, *, seed: int, **options: Any) -> AdaptableSsl:
    """The scene encoder with what it starts from. See `ADAPTABLE`.

    Raises:
        ScanpickError: The weights cannot be used, or an option is unknown or does not fit.
    """
    chosen = build_checked(SslAdapting, options, "adapting the encoder 'scanpick-ssl'")
    if weights is None and chosen.start == "random":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return AdaptableSsl(chosen, Pretraining(NetworkConfig(), chosen.vocabulary))
    path = weights or SHIPPED
    return AdaptableSsl(chosen, load_pretraining(path), started_from=sha256_of_file(path))


@dataclass(frozen=True, eq=False)
class View:
    """One view of a frame, ready for the network.

    Attributes:
        cells: Of the points in view.
        things: Which cells hold which things.
        targets: (M, 5) what is told of each thing of the whole scene, see `thing_targets`.
        hidden: The hidden cells of 2.56 m, or None for a whole view.
    """

    cells: Cells
    things: Things
    targets: Float32Array
    hidden: Hidden | None


@dataclass(frozen=True, eq=False)
class ThingBatch:
    """Things of several scenes: see `Things`, with rows and things counted through all scenes, and their targets."""

    rows: Tensor
    things: Tensor
    counts: Tensor
    targets: Tensor


@dataclass(frozen=True, eq=False)
class ViewBatch:
    """Views of B frames.

    Attributes:
        cells: All cells.
        things: All things.
        hidden: (U,) which cells of 2.56 m are hidden, and ...
        neighbours: (U, 9) the neighbours of all of them.
        content: (H, 64, 3) float32 what the hidden ones hold.
        scene_of_hidden: (H,) which frame each belongs to.
    """

    cells: CellBatch
    things: ThingBatch
    hidden: Tensor | None = None
    neighbours: Tensor | None = None
    content: Tensor | None = None
    scene_of_hidden: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Batch:
    """B frames: a view with hidden cells, and a second, whole view where words are asked for."""

    size: int
    first: ViewBatch
    second: ViewBatch | None


class AdaptableSsl:
    """The scene encoder in self-supervised training. See `AdaptableModel`.

    Args:
        options: What it is asked to do.
        network: With the weights to start from.
        started_from: SHA-256 of the file that they are from; "" for random ones.
    """

    def __init__(self, options: SslAdapting, network: Pretraining, *, started_from: str = "") -> None:
        self.options, self.network, self.started_from = options, network, started_from

    @property
    def settings(self) -> dict[str, Any]:
        """See `AdaptableModel.settings`."""
        built = {"network": asdict(self.network.network.config), "started_from_sha256": self.started_from}
        return self.options.model_dump() | built

    @property
    def embed_options(self) -> dict[str, Any]:
        """See `AdaptableModel.embed_options`."""
        return {"intensity": True} if self.options.intensity else {}

    @property
    def training(self) -> TrainingSettings:
        """See `AdaptableModel.training`."""
        return replace(TRAINING, learning_rate=FURTHER_LEARNING_RATE) if self.started_from else TRAINING

    @property
    def wants_neighbours(self) -> bool:
        """See `AdaptableModel.wants_neighbours`."""
        return False

    @property
    def teacher_dimension(self) -> int | None:
        """See `AdaptableModel.teacher_dimension`."""
        return None

    def check(self, points: Points) -> None:
        """See `AdaptableModel.check`."""
        near = int((np.abs(points[:, :2]).max(axis=1, initial=0) < 40).sum()) if len(points) else 0
        if near < LEAST_POINTS:
            raise FrameError(
                f"has {near} points within 40 m, adapting 'scanpick-ssl' needs at least {LEAST_POINTS}",
                kind="implausible",
            )

    def sample(self, frame: UnlabelledFrame, rng: np.random.Generator) -> tuple[View, ...]:
        """See `AdaptableModel.sample`: a view with hidden cells, then a whole one where words are asked for."""
        look = look_at(frame.points)
        first = _hidden_view(changed(look, rng), self.options.hidden_share, rng)
        if not self.options.words:
            return (first,)
        other = changed(look, rng)
        cells = make_cells(other.points, other.above)
        return (
            first,
            View(cells, cells_of_things(cells, other.thing_of_point, len(other.targets)), other.targets, None),
        )

    def held_out_sample(self, frame: UnlabelledFrame, rng: np.random.Generator) -> tuple[View, ...]:
        """See `AdaptableModel.held_out_sample`."""
        return (_hidden_view(look_at(frame.points), self.options.hidden_share, rng),)

    def batch(self, samples: Sequence[tuple[View, ...]], device: torch.device) -> Batch:
        """See `AdaptableModel.batch`."""
        views = [_batch_views(views, device) for views in zip(*samples, strict=True)]
        return Batch(len(samples), views[0], views[1] if len(views) > 1 else None)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """See `AdaptableModel.losses`."""
        o = self.options
        narrow = o.precision == "bfloat16"
        first = batch.first
        with torch.autocast(first.cells.features.device.type, torch.bfloat16, enabled=narrow):
            fine, coarse = self._features(first)
            rebuilt = self._rebuilt(first, coarse)
            second = None if batch.second is None else self._features(batch.second)[0]
        seen = [(fine.float(), first.things)]
        if batch.second is not None and second is not None:
            seen.append((second.float(), batch.second.things))
        found = {"rebuild": o.rebuild * rebuilt.mean()}
        told = [self._shape_losses(features, things) for features, things in seen]
        found["standing"] = o.shapes * torch.stack([one for one, _ in told]).mean()
        found["shapes"] = o.shapes * torch.stack([other for _, other in told]).mean()
        if len(seen) > 1:
            found["words"] = o.words * self._word_loss(seen)
        return found

    def held_out_losses(self, batch: Batch) -> Tensor:
        """See `AdaptableModel.held_out_losses`: binary cross-entropy of the content of hidden cells."""
        first = batch.first
        _, coarse = self._features(first)
        assert first.scene_of_hidden is not None
        each = self._rebuilt(first, coarse)
        sums = each.new_zeros(batch.size).index_add(0, first.scene_of_hidden, each)
        return sums / torch.bincount(first.scene_of_hidden, minlength=batch.size)

    def save(self, folder: Path, told: Mapping[str, Any]) -> Path:
        """See `AdaptableModel.save`."""
        path = folder / "weights.npz"
        save_pretraining(path, self.network, told)
        return path

    def _features(self, view: ViewBatch) -> tuple[Tensor, Tensor]:
        fine, coarse = self.network.network(view.cells, intensity=self.options.intensity)
        return fine, coarse

    def _rebuilt(self, view: ViewBatch, coarse: Tensor) -> Tensor:
        """(H,) loss of each hidden cell."""
        assert view.hidden is not None
        assert view.neighbours is not None
        assert view.content is not None
        logits = self.network.rebuild(coarse.float(), view.hidden, view.neighbours).float()
        return F.binary_cross_entropy_with_logits(logits, view.content, reduction="none").mean(dim=(1, 2))

    def _shape_losses(self, features: Tensor, things: ThingBatch) -> tuple[Tensor, Tensor]:
        """Which cells hold things, and the shapes of those; of several things in a cell that with most points."""
        owner = torch.full((len(features),), -1, dtype=torch.long, device=features.device)
        order = torch.argsort(things.counts, stable=True)
        owner[things.rows[order]] = things.things[order]
        held = owner >= 0
        standing = F.binary_cross_entropy_with_logits(self.network.standing(features)[:, 0], held.float())
        told = self.network.shape(features[held])
        off = F.smooth_l1_loss(told, things.targets[owner[held]], beta=0.2, reduction="sum")
        return standing, off / max(told.numel(), 1)

    def _word_loss(self, seen: Sequence[tuple[Tensor, ThingBatch]]) -> Tensor:
        count = len(seen[0][1].targets)
        points = torch.stack(
            [torch.zeros(count, device=f.device).index_add(0, t.things, t.counts.float()) for f, t in seen]
        )
        both = (points >= WORDS_FROM_POINTS).all(dim=0)
        if both.sum() < 2:  # batch norm has nothing to compare
            return seen[0][0].sum() * 0.0
        one, other = (
            self.network.word_scores(mean_by_thing(features, things.rows, things.things, count)[both])
            for features, things in seen
        )
        return swapped_words(one, other)


def _hidden_view(look: Look, share: float, rng: np.random.Generator) -> View:
    rest, cells, hidden = hide(look, share, rng)
    things = cells_of_things(cells, rest.thing_of_point, len(rest.targets))
    return View(cells, things, rest.targets, hidden)


def _batch_views(views: Sequence[View], device: torch.device) -> ViewBatch:
    cells = batch_cells([view.cells for view in views], device)
    things = _batch_things(views, cells, device)
    hidden = [view.hidden for view in views if view.hidden is not None]
    if not hidden:
        return ViewBatch(cells, things)
    starts = np.cumsum([0, *(len(one.hidden) for one in hidden)])
    neighbours = [
        np.where(one.neighbours == len(one.hidden), starts[-1], one.neighbours + start)
        for one, start in zip(hidden, starts[:-1], strict=True)
    ]
    scenes = np.repeat(np.arange(len(hidden)), [int(one.hidden.sum()) for one in hidden])
    return ViewBatch(
        cells,
        things,
        _tensor([one.hidden for one in hidden], device),
        _tensor(neighbours, device).int(),
        _tensor([one.content for one in hidden], device).float(),
        torch.from_numpy(scenes).to(device),
    )


def _batch_things(views: Sequence[View], cells: CellBatch, device: torch.device) -> ThingBatch:
    first: Int64Array = np.cumsum([0, *(len(view.targets) for view in views)])
    parts = [view.things for view in views]
    return ThingBatch(
        _tensor([part.rows + start for part, start in zip(parts, cells.starts[FINE][:-1], strict=True)], device),
        _tensor([part.things + start for part, start in zip(parts, first[:-1], strict=True)], device),
        _tensor([part.counts for part in parts], device),
        _tensor([view.targets for view in views], device),
    )


def _tensor(parts: Sequence[np.ndarray], device: torch.device) -> Tensor:
    return torch.from_numpy(np.concatenate(parts)).to(device)
