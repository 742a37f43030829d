"""`kmeans`: the frame nearest to the centre of every cluster."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from scanpick.arrays import Float64Array, Int64Array
from scanpick.selection.clusters import ClusterPicker, ClusterStrategy, clusters_of
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Request


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
        space = request.values
        assert space is not None
        count = self.clusters or int(pool.labelled.sum()) + request.count
        labels, centres = clusters_of(pool, space, count, self.cluster_column, request)

        def nearness(rows: Int64Array) -> Float64Array:
            difference = space[rows] - centres[labels[rows]]
            return 1 / (1 + np.sqrt(np.einsum("nd,nd->n", difference, difference)))

        return ClusterPicker(labels, nearness, pool.labelled, request.allowed, request.weights)
