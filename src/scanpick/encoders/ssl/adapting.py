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
class HiddenBatch:
    """Hidden cells of several scenes.

    Attributes:
        hidden: (U,) which cells of 2.56 m are hidden.
        neighbours: (U, 9) the neighbours of all of them.
        content: (H, 64, 3) float32 what the hidden ones hold.
        scenes: (H,) which scene each belongs to.
    """

    hidden: Tensor
    neighbours: Tensor
    content: Tensor
    scenes: Tensor


ViewBatch = tuple[CellBatch, ThingBatch]


@dataclass(frozen=True, eq=False)
class Batch:
    """B frames: a view with hidden cells, and a second, whole view where words are asked for."""

    size: int
    views: list[ViewBatch]
    hidden: HiddenBatch


class AdaptableSsl:
    """The scene encoder in self-supervised training. See `AdaptableModel`, of which its public names are.

    Args:
        options: What it is asked to do.
        network: With the weights to start from.
        started_from: SHA-256 of the file that they are from; "" for random ones.
    """

    wants_neighbours = False
    teacher_dimension: int | None = None

    def __init__(self, options: SslAdapting, network: Pretraining, *, started_from: str = "") -> None:
        self.options, self.network = options, network
        built = {"network": asdict(network.network.config), "started_from_sha256": started_from}
        self.settings = options.model_dump() | built
        self.embed_options = {"intensity": True} if options.intensity else {}
        self.training = replace(TRAINING, learning_rate=FURTHER_LEARNING_RATE) if started_from else TRAINING

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
        views = []
        for each in zip(*samples, strict=True):
            cells = batch_cells([view.cells for view in each], device)
            views.append((cells, _batch_things(each, cells, device)))
        hidden = [first.hidden for first, *_ in samples if first.hidden is not None]
        return Batch(len(samples), views, _batch_hidden(hidden, device))

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """See `AdaptableModel.losses`."""
        o = self.options
        with torch.autocast(batch.hidden.hidden.device.type, torch.bfloat16, enabled=o.precision == "bfloat16"):
            features = [self.network.network(cells, intensity=o.intensity) for cells, _ in batch.views]
            rebuilt = self._rebuilt(batch.hidden, features[0][1])
        seen = [(fine.float(), things) for (fine, _), (_, things) in zip(features, batch.views, strict=True)]
        found = {"rebuild": o.rebuild * rebuilt.mean()}
        standing, shapes = zip(*(self._shape_losses(features, things) for features, things in seen), strict=True)
        found["standing"] = o.shapes * torch.stack(standing).mean()
        found["shapes"] = o.shapes * torch.stack(shapes).mean()
        if len(seen) > 1:
            found["words"] = o.words * self._word_loss(seen)
        return found

    def held_out_losses(self, batch: Batch) -> Tensor:
        """See `AdaptableModel.held_out_losses`: binary cross-entropy of the content of hidden cells."""
        _, coarse = self.network.network(batch.views[0][0], intensity=self.options.intensity)
        each = self._rebuilt(batch.hidden, coarse)
        sums = each.new_zeros(batch.size).index_add(0, batch.hidden.scenes, each)
        return sums / torch.bincount(batch.hidden.scenes, minlength=batch.size)

    def save(self, folder: Path, origin: Mapping[str, Any]) -> Path:
        """See `AdaptableModel.save`."""
        path = folder / "weights.npz"
        save_pretraining(path, self.network, origin)
        return path

    def _rebuilt(self, cells: HiddenBatch, coarse: Tensor) -> Tensor:
        """(H,) loss of each hidden cell."""
        logits = self.network.rebuild(coarse.float(), cells.hidden, cells.neighbours).float()
        return F.binary_cross_entropy_with_logits(logits, cells.content, reduction="none").mean(dim=(1, 2))

    def _shape_losses(self, features: Tensor, things: ThingBatch) -> tuple[Tensor, Tensor]:
        """Which cells hold things, and the shapes of those; of several things in a cell that with most points."""
        owner = torch.full((len(features),), -1, dtype=torch.long, device=features.device)
        order = torch.argsort(things.counts, stable=True)
        owner[things.rows[order]] = things.things[order]
        held = owner >= 0
        standing = F.binary_cross_entropy_with_logits(self.network.standing(features)[:, 0], held.float())
        shapes = self.network.shape(features[held])
        off = F.smooth_l1_loss(shapes, things.targets[owner[held]], beta=0.2, reduction="sum")
        return standing, off / max(shapes.numel(), 1)

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


def _batch_hidden(hidden: Sequence[Hidden], device: torch.device) -> HiddenBatch:
    starts = np.cumsum([0, *(len(one.hidden) for one in hidden)])
    neighbours = [
        np.where(one.neighbours == len(one.hidden), starts[-1], one.neighbours + start)
        for one, start in zip(hidden, starts[:-1], strict=True)
    ]
    scenes = np.repeat(np.arange(len(hidden)), [int(one.hidden.sum()) for one in hidden])
    return HiddenBatch(
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
