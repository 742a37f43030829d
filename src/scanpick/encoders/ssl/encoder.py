"""scanpick's own encoder of scenes: how many things there are of which learned word."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from scanpick.arrays import Embeddings, Float32Array, Points
from scanpick.encoders.ssl.cells import heights_above_ground, make_cells
from scanpick.encoders.ssl.clusters import find_clusters
from scanpick.encoders.ssl.inference import SceneInference, mean_by_thing
from scanpick.encoders.ssl.pooling import LEAST_POINTS, RINGS_M, pooled
from scanpick.encoders.ssl.views import cells_of_things
from scanpick.encoders.ssl.weights import SHIPPED, read_weights
from scanpick.encoders.statistics import Statistics
from scanpick.errors import FrameError, ScanpickError
from scanpick.files import sha256_of_file
from scanpick.structures import Frame

HISTOGRAMS = Statistics.model_validate({})


class ScanpickSsl(BaseModel):
    """A small network over the cells of a scene, trained without labels on simulated drives.

    See docs/results/model-card-scanpick-ssl.md. One core is enough for it; frames are encoded in parallel by
    worker processes.

    Attributes:
        weights: A file that `scanpick.adapt` wrote; the shipped weights by default.
        by_distance: Count things at about 10, 25 and 45 m apart, which tells more of a place. False gives a third of
            the words' numbers, from which a few dozen labelled frames teach more.
        statistics: Length of the part that the histograms of the encoder 'statistics' make, beside the words; 0
            leaves them out. They tell of the ground and of what is no thing, and do not depend on learning.
        intensity: Let intensities count. They should then be of one sensor: without them, picks do not depend on its
            gain, nor on whether it measures intensity at all, and the vector tells as much.

    Example:
        >>> ScanpickSsl().settings["weights_sha256"][:4]  # doctest: +SKIP
        '601a'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ClassVar[str] = "scanpick-ssl"
    batch_size: ClassVar[int] = 1  # cells of several frames together are no faster
    in_workers: ClassVar[bool] = True

    weights: Path | None = None
    by_distance: bool = True
    statistics: float = Field(5.0, ge=0, le=1000, allow_inf_nan=False)
    intensity: bool = False

    def model_post_init(self, context: Any) -> None:
        """Load the weights.

        Raises:
            ScanpickError: They cannot be used.
        """
        _ = self._network

    @property
    def dimension(self) -> int:
        """D."""
        words = self._network.vocabulary * (len(RINGS_M) if self.by_distance else 1)
        return words + (HISTOGRAMS.dimension if self.statistics else 0)

    @property
    def settings(self) -> dict[str, Any]:
        """The weights, wherever they lie, and the options."""
        return {"weights_sha256": self._loaded[1]} | self.model_dump(exclude={"weights"})

    def encode(self, frames: Sequence[Frame]) -> Embeddings:
        """(B, D) float32. See `Encoder.encode`."""
        vectors = np.stack([self._words(frame.points) for frame in frames])
        if not self.statistics:
            return vectors
        return np.concatenate([vectors, np.float32(self.statistics) * HISTOGRAMS.encode(frames)], axis=1)

    def _words(self, points: Points) -> Float32Array:
        above = heights_above_ground(points)
        cells = make_cells(points, above)
        if not len(cells.features):
            raise FrameError(
                f"None of the {len(points)} points lies within 64 m ahead or beside. Check the unit and the axes.",
                kind="implausible",
            )
        clusters = find_clusters(points, above, cells)
        large = clusters.counts >= LEAST_POINTS
        things = cells_of_things(cells, clusters.of_point, len(clusters))
        held = large[things.things] if len(clusters) else np.zeros(0, np.bool_)
        rows, places = np.unique(things.rows[held], return_inverse=True)
        features = self._network.features(cells, rows, intensity=self.intensity)
        means = mean_by_thing(features, places, things.things[held], len(clusters))[large]
        return pooled(self._network.word_scores(means), clusters.centres_m[large], by_distance=self.by_distance)

    @property
    def _network(self) -> SceneInference:
        return self._loaded[0]

    @property
    def _loaded(self) -> tuple[SceneInference, str]:
        path = self.weights or SHIPPED
        if not path.is_file():
            raise ScanpickError(f"{path}: no such file of weights.")
        status = path.stat()
        return _load(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=4)
def _load(path: Path, changed_ns: int, size: int) -> tuple[SceneInference, str]:
    """The network in a file, and the file's SHA-256."""
    return SceneInference(read_weights(path)), sha256_of_file(path)
