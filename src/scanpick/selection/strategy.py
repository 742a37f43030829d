"""What every strategy is: checked options, and a picker that names the best frame again and again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from pydantic import BaseModel, ConfigDict

from scanpick.arrays import BoolArray, Embeddings, Float64Array
from scanpick.selection.kernels.picker import Picker
from scanpick.selection.pool import Pool

Metric = Literal["euclidean", "cosine"]

_BLOCK_ROWS = 16384


@runtime_checkable
class Contributing(Protocol):
    """A picker that can say what each of its objectives adds."""

    def contributions(self, index: int) -> Mapping[str, float]:
        """Objective -> what it is worth for this frame now, before the frame is taken."""


@runtime_checkable
class Reporting(Protocol):
    """A picker that has something to say once the selection has ended."""

    def report(self) -> Mapping[str, Any]:
        """Entries of the summary, JSON-serialisable; ``notes`` is a list of sentences."""


@dataclass(frozen=True, eq=False)
class Request:
    """What a strategy is told besides the pool and its own options.

    Attributes:
        allowed: (N,) bool: frames that may be picked.
        values: (N, D) float32: what `Strategy.space` gave, or None.
        count: About how many frames will be picked. Only strategies that make clusters need to know.
        weights: (N,) float64 > 0 that gains are multiplied with where a budget counts objects or cost (one over the
            cost), or None.
        rng: The only source of chance.
        threads: How many threads may be used; the result must not depend on it.
    """

    allowed: BoolArray
    values: Embeddings | None
    count: int
    weights: Float64Array | None
    rng: np.random.Generator
    threads: int = 1

    @property
    def points(self) -> Embeddings:
        """The values, for a strategy that always has some."""
        assert self.values is not None
        return self.values


class Strategy(BaseModel, ABC):
    """Base of all strategies. Its fields are its options; unknown ones fail.

    The pool that it gets is sorted by frame id and holds no excluded frame, so that the order of the user's frames
    does not matter and ties go to the lowest frame id.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    gain_means: ClassVar[str] = "gain"
    """What the gain of a pick is, in words, for reports."""

    gain_is_distance: ClassVar[bool] = False
    """Whether the gain of a frame is its distance to the nearest chosen one."""

    @property
    def keeps_prefix(self) -> bool:
        """Whether a smaller budget of frames gives the first picks of a larger one."""
        return True

    def space(self, pool: Pool) -> Embeddings | None:
        """(N, D) float32: the vectors between which distances to chosen frames are measured; None: there are none."""
        return pool.embedding() if pool.embeddings else None

    @abstractmethod
    def picker(self, pool: Pool, request: Request) -> Picker:
        """Start on a pool: labelled frames are taken already, and neither they nor others not allowed come up.

        It must name the frames itself: `request.allowed` frames only, best first. The engine does the rest.
        """


class EmbeddingStrategy(Strategy):
    """Base of strategies that look at one embedding.

    Attributes:
        embedding: Name of the embedding; the pool's first by default.
        metric: `euclidean`, or `cosine`: the Euclidean distance between L2-normalised vectors. A zero vector stays
            zero, so it is at distance 1 from all others and 0 from other zero vectors.
    """

    embedding: str | None = None
    metric: Metric = "euclidean"

    def space(self, pool: Pool) -> Embeddings:
        """(N, D) float32: the embedding in the metric."""
        return in_metric(pool.embedding(self.embedding), self.metric)


def in_metric(values: Embeddings, metric: Metric) -> Embeddings:
    """(N, D) float32 whose Euclidean distances are those of `metric`.

    Vectors of unit length (to float32 precision) are not normalised again, and no copy is made.
    """
    if metric == "euclidean":
        return values
    norms = np.empty(len(values))
    for start in range(0, len(values), _BLOCK_ROWS):
        block = values[start : start + _BLOCK_ROWS].astype(np.float64)
        norms[start : start + _BLOCK_ROWS] = np.sqrt(np.einsum("nd,nd->n", block, block))
    if (np.abs(norms - 1) < 1e-6).all():
        return values
    norms[norms == 0] = 1
    unit = np.empty_like(values)
    for start in range(0, len(values), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        unit[rows] = values[rows] / norms[rows, None]
    return unit
