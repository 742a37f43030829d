"""`typiclust` and `kmeans`: go round the clusters of a pool, those with the fewest labels and the most frames first."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from pydantic import Field

from scanpick.arrays import BoolArray, Embeddings, Float64Array, Int64Array
from scanpick.errors import unknown_name
from scanpick.selection.kernels.kmeans import kmeans
from scanpick.selection.kernels.picker import Picker
from scanpick.selection.kernels.typiclust import TypicalityWithin
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import EmbeddingStrategy, Metric, Request

Worth = Callable[[Int64Array], Float64Array]
"""Rows of one cluster that are neither labelled nor picked, (n,) -> what each is worth in it, (n,)."""


class ClusterStrategy(EmbeddingStrategy):
    """A strategy that goes round the clusters of a pool.

    Attributes:
        clusters: How many; the prefix property holds where it is given.
        cluster_column: Metadata column with the cluster of each frame, in the place of k-means.
    """

    clusters: int | None = Field(default=None, ge=1)
    cluster_column: str | None = None

    @property
    def keeps_prefix(self) -> bool:
        """Only where the clusters do not depend on the budget."""
        return self.clusters is not None or self.cluster_column is not None


class TypiClust(ClusterStrategy):
    """TypiClust (Hacohen et al., ICML 2022): k-means clusters, and the most typical frame of each.

    1. Cluster all frames into `clusters` clusters, by default min(labelled + budget, 500).
    2. Order the clusters by (labelled frames, -size, label). Clusters of at most `small_cluster` frames come into play
       once the others hold nothing that may be picked (the paper drops them, and ends there).
    3. Go round: of each cluster in turn take the frame of largest gain(x) = 1 / (mean squared distance of x to its k
       nearest + 1e-5), among the frames of the cluster that are neither labelled nor picked, n of them, with
       k = min(neighbours, n // 2), at least 1. A frame that is alone is worth 1e5.

    Attributes:
        neighbours: k at most.
        small_cluster: Size up to which clusters wait for the others.
    """

    gain_means: ClassVar[str] = "typicality in its cluster"

    metric: Metric = "cosine"
    neighbours: int = Field(default=20, ge=1)
    small_cluster: int = Field(default=5, ge=0)

    def picker(self, pool: Pool, request: Request) -> ClusterPicker:
        """Cluster the pool."""
        count = self.clusters or min(int(pool.labelled.sum()) + request.count, 500)
        labels, _ = clusters_of(pool, request.points, count, self.cluster_column, request)
        worth = TypicalityWithin(request.points, labels, self.neighbours, request.threads)
        return ClusterPicker(labels, worth, pool.labelled, request.allowed, request.weights, self.small_cluster)


class KMeans(ClusterStrategy):
    """k-means with as many clusters as there will be frames with labels; of each the frame nearest to its centre.

    Clusters are visited as by `typiclust`: ordered by (labelled frames, -size, label), round and round. gain(x) =
    1 / (1 + distance of x to the centre of its cluster), among frames that are neither labelled nor picked.

    Attributes:
        clusters: By default labelled + budget.
    """

    gain_means: ClassVar[str] = "nearness to the centre of its cluster"

    def picker(self, pool: Pool, request: Request) -> ClusterPicker:
        """Cluster the pool."""
        space = request.points
        count = self.clusters or int(pool.labelled.sum()) + request.count
        labels, centres = clusters_of(pool, space, count, self.cluster_column, request)

        def nearness(rows: Int64Array) -> Float64Array:
            difference = space[rows] - centres[labels[rows]]
            return 1 / (1 + np.sqrt(np.einsum("nd,nd->n", difference, difference)))

        return ClusterPicker(labels, nearness, pool.labelled, request.allowed, request.weights)


def clusters_of(
    pool: Pool, space: Embeddings, count: int, column: str | None, request: Request
) -> tuple[Int64Array, Float64Array]:
    """The cluster of every frame (N,), numbered from 0, and the centres of the clusters (K, D).

    Args:
        pool: The frames.
        space: (N, D) their vectors.
        count: How many clusters; no more than there are frames.
        column: Metadata column that holds the clusters already, or None for k-means.
        request: For its chance and threads.

    Raises:
        ScanpickError: There is no such column.
    """
    if column is not None:
        if column not in pool.metadata:
            raise unknown_name("metadata column", column, pool.metadata)
        labels = np.unique(pool.metadata[column], return_inverse=True)[1].astype(np.int64)
    else:
        seed = int(request.rng.integers(2**32))
        found = kmeans(space, min(max(count, 1), max(len(pool), 1)), seed, request.threads)
        return found.labels, found.centres.astype(np.float64)
    centres = np.zeros((int(labels.max(initial=-1)) + 1, space.shape[1]))
    for cluster, rows in members_of(labels).items():
        centres[cluster] = space[rows].mean(axis=0, dtype=np.float64)
    return labels, centres


def members_of(labels: Int64Array) -> dict[int, Int64Array]:
    """Cluster -> its rows in order; clusters without any are left out."""
    by_cluster = np.argsort(labels, kind="stable")
    groups = np.split(by_cluster, np.flatnonzero(np.diff(labels[by_cluster])) + 1) if len(labels) else []
    return {int(labels[rows[0]]): rows for rows in groups}


class ClusterPicker(Picker):
    """Takes the best frame of one cluster after the other, round and round.

    Clusters are ordered by (labelled frames in it, -size, label), and small ones come into play once the others hold
    nothing that may be picked. A cluster is passed over where it holds nothing that may be picked.

    Args:
        labels: (N,) int64 cluster of each frame, 0 or more.
        worth: Rates the frames of a cluster.
        labelled: (N,) bool.
        allowed: (N,) bool: frames that may be returned.
        weights: (N,) float64 > 0 that multiply what frames are worth, or None.
        larger_than: Clusters of no more frames are small.
    """

    def __init__(
        self,
        labels: Int64Array,
        worth: Worth,
        labelled: BoolArray,
        allowed: BoolArray,
        weights: Float64Array | None,
        larger_than: int = 0,
    ) -> None:
        self._worth = worth
        self._weights = np.ones(len(labels)) if weights is None else weights
        self._allowed = allowed.copy()
        self._count = len(labels)
        count = int(labels.max(initial=-1)) + 1
        sizes = np.bincount(labels, minlength=count)
        order = np.lexsort((np.arange(count), -sizes, np.bincount(labels[labelled], minlength=count)))
        order = order[sizes[order] > 0]
        large = sizes[order] > larger_than
        self._rounds = [order[large], order[~large]]
        self._turn = 0
        self._labels = labels
        self._found: tuple[int, float] | None = None
        self._left = {cluster: rows[~labelled[rows]] for cluster, rows in members_of(labels).items()}

    def best(self) -> tuple[int, float] | None:
        """The best frame of the cluster whose turn it is, with what it is worth times its weight."""
        if self._found is None:
            cluster = self._next_cluster()
            if cluster is None:
                return None
            rows, values = self._rated(cluster)
            values = np.where(self._allowed[rows], values, -np.inf)
            winner = int(np.argmax(values))
            self._found = int(rows[winner]), float(values[winner])
        return self._found

    def take(self, index: int) -> None:
        """Choose a frame; the turn passes on where it is the one that was named."""
        if self._found is not None and self._found[0] == index:
            self._turn += 1
        self._found = None
        self._allowed[index] = False
        cluster = int(self._labels[index])
        self._left[cluster] = self._left[cluster][self._left[cluster] != index]

    def forbid(self, indices: Int64Array) -> None:
        """Pass these over from now on; they still count in their clusters."""
        self._allowed[indices] = False
        if self._found is not None and not self._allowed[self._found[0]]:
            self._found = None

    def gains(self) -> Float64Array:
        """(N,) what frames are worth times their weight in the cluster whose turn it is; 0 elsewhere."""
        gains = np.zeros(self._count)
        cluster = self._next_cluster()
        if cluster is not None:
            rows, values = self._rated(cluster)
            gains[rows] = np.where(self._allowed[rows], values, 0.0)
        return gains

    def _rated(self, cluster: int) -> tuple[Int64Array, Float64Array]:
        rows = self._left[cluster]
        return rows, self._worth(rows) * self._weights[rows]

    def _next_cluster(self) -> int | None:
        while self._rounds:
            order = self._rounds[0]
            for step in range(len(order)):
                cluster = int(order[(self._turn + step) % len(order)])
                if self._allowed[self._left[cluster]].any():
                    self._turn += step
                    return cluster
            self._rounds.pop(0)
            self._turn = 0
        return None
