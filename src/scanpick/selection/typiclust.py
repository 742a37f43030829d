"""`typiclust`: one typical frame of every cluster, those clusters first that hold no label."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from scanpick.selection.clusters import ClusterPicker, ClusterStrategy, clusters_of
from scanpick.selection.kernels.typiclust import TypicalityWithin
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Metric, Request


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
        space = request.values
        assert space is not None
        count = self.clusters or min(int(pool.labelled.sum()) + request.count, 500)
        labels, _ = clusters_of(pool, space, count, self.cluster_column, request)
        worth = TypicalityWithin(space, labels, self.neighbours, request.threads)
        return ClusterPicker(
            labels, worth, pool.labelled, request.allowed, request.weights, larger_than=self.small_cluster
        )
