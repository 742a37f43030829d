"""`kmeans`: the frame nearest to the centre of every cluster."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from scanpick.arrays import Float64Array, Int64Array
from scanpick.selection.clusters import ClusterPicker, clusters_of
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import EmbeddingStrategy, Request


class KMeans(EmbeddingStrategy):
    """k-means with as many clusters as there will be frames with labels; of each the frame nearest to its centre.

    Clusters are visited as by `typiclust`: ordered by (labelled frames, -size, label), round and round. gain(x) =
    1 / (1 + distance of x to the centre of its cluster), among frames that are neither labelled nor picked.

    Attributes:
        clusters: How many, by default labelled + budget; the prefix property holds where it is given.
        cluster_column: Metadata column with the cluster of each frame, in the place of k-means.
    """

    gain_means: ClassVar[str] = "nearness to the centre of its cluster"

    clusters: int | None = Field(default=None, ge=1)
    cluster_column: str | None = None

    @property
    def keeps_prefix(self) -> bool:
        """Only where the clusters do not depend on the budget."""
        return self.clusters is not None or self.cluster_column is not None

    def picker(self, pool: Pool, request: Request) -> ClusterPicker:
        """Cluster the pool."""
        space = request.values
        assert space is not None
        count = self.clusters or int(pool.labelled.sum()) + request.count
        labels, centres = clusters_of(pool, space, count, self.cluster_column, request)

        def nearness(rows: Int64Array) -> Float64Array:
            difference = space[rows] - centres[labels[rows]]
            return 1 / (1 + np.sqrt(np.einsum("nd,nd->n", difference, difference)))

        return ClusterPicker(labels, nearness, pool.labelled, request.allowed, request.weights)
