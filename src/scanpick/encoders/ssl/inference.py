"""The scene network without torch: what `network.SceneNetwork` computes, for one scene and only where it is asked for.

Batch norms are folded into the matrices before them, and what is constant into the numbers that sums start from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from scanpick.arrays import Float32Array, Float64Array, Int32Array, Int64Array
from scanpick.encoders.ssl.cells import COARSE, FINE, INTENSITY, Cells
from scanpick.encoders.ssl.row_products import LANES, add_products
from scanpick.encoders.ssl.weights import SslWeights

_EPSILON = 1e-5
"""torch's batch norm adds it to variances."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution or a linear layer, with the batch norm after it.

    Attributes:
        weight: (K, C, O) float32, K the cells that are looked at; O filled up with zeros to a multiple of 8.
        start: (O,) float32 what sums start from.
    """

    weight: Float32Array
    start: Float32Array

    @classmethod
    def of(cls, weight: NDArray[np.floating], shift: Float64Array | float, taps: int = 1) -> Layer:
        """From a (taps x C, O) matrix and (O,) numbers to add."""
        columns = weight.shape[1]
        wide = np.zeros((taps, len(weight) // taps, -(-columns // LANES) * LANES), np.float32)
        wide[:, :, :columns] = weight.reshape(taps, -1, columns)
        start = np.zeros(wide.shape[2], np.float32)
        start[:columns] = shift
        return cls(wide, start)

    def __call__(self, rows: Float32Array, table: Int32Array, onto: Float32Array | None = None) -> Float32Array:
        """(U, O) from (V, at least C) rows and the (U, K) table of those that each sum is made of; `onto` is added."""
        out = np.empty((len(table) + 1, len(self.start)), np.float32)
        out[:-1] = self.start if onto is None else onto + self.start
        out[-1] = 0
        add_products(rows, table, self.weight, out)
        return out[:-1]


class SceneInference:
    """The network and the words, ready to be used.

    Args:
        weights: As they were trained.
    """

    def __init__(self, weights: SslWeights) -> None:
        arrays = {name: np.asarray(array, np.float64) for name, array in weights.arrays.items()}

        def scale_and_shift(norm: str) -> tuple[Float64Array, Float64Array]:
            scale = arrays[f"{norm}.weight"] / np.sqrt(arrays[f"{norm}.running_var"] + _EPSILON)
            return scale, arrays[f"{norm}.bias"] - arrays[f"{norm}.running_mean"] * scale

        def folded(layer: str, norm: str, taps: int) -> Layer:
            scale, shift = scale_and_shift(norm)
            return Layer.of(arrays[f"{layer}.weight"] * scale, shift, taps)

        levels = range(len(weights.config.channels) - 1)
        self.vocabulary = weights.vocabulary
        self._standardise = [part.astype(np.float32) for part in scale_and_shift("network.standardise")]
        self._stem = folded("network.stem", "network.stem_norm", 9)
        self._merges = [folded(f"network.merges.{i}", f"network.merge_norms.{i}", 4) for i in levels]
        self._blocks = [
            [folded(f"network.blocks.{i}.conv{part}", f"network.blocks.{i}.norm{part}", 9) for part in (1, 2)]
            for i in levels
        ]
        self._lateral = [
            Layer.of(arrays[f"network.lateral.{i}.weight"].T, arrays[f"network.lateral.{i}.bias"])
            for i in range(COARSE - FINE + 1)
        ]
        self._mix = folded("network.mix", "network.mix_norm", 9)
        scale, shift = scale_and_shift("project.1")
        self._project = (
            Layer.of(arrays["project.0.weight"].T * scale, arrays["project.0.bias"] * scale + shift),
            Layer.of(arrays["project.3.weight"].T, arrays["project.3.bias"]),
        )
        self._words = Layer.of(_unit_rows(arrays["words"]).T, 0.0)

    def features(self, cells: Cells, wanted: Int32Array | Int64Array, *, intensity: bool = False) -> Float32Array:
        """(W, at least outputs) features of these cells of 0.64 m of a scene, not negative. See `SceneNetwork`.

        Args:
            cells: The scene.
            wanted: (W,) rows of cells of 0.64 m.
            intensity: Whether intensities count.
        """
        scale, shift = self._standardise
        x = cells.features * scale + shift
        if not intensity:
            x[:, INTENSITY] = 0.0
        x = _relu(self._stem(x, cells.levels[0].neighbours))
        levels = [x]
        for merge, (first, second), level in zip(self._merges, self._blocks, cells.levels[1:], strict=True):
            x = _relu(merge(x, level.children))
            x = _relu(second(_relu(first(x, level.neighbours)), level.neighbours, onto=x))
            levels.append(x)
        fine = self._lateral[-1](x, _each(x))
        for i in range(COARSE - 1, FINE - 1, -1):
            fine = self._lateral[i - FINE](levels[i], _each(levels[i]), onto=fine[cells.levels[i + 1].parents])
        return _relu(self._mix(fine, cells.levels[FINE].neighbours[wanted]))

    def word_scores(self, things: Float32Array) -> Float32Array:
        """(M, K) cosines of things, (M, at least outputs) mean features of their cells, to the words."""
        first, second = self._project
        projected = second(_relu(first(things, _each(things))), _each(things))
        unit = _unit_rows(projected).astype(np.float32)
        return self._words(unit, _each(unit))[:, : self.vocabulary]


@njit(cache=True, nogil=True)
def mean_by_thing(features: Float32Array, rows: Int64Array, things: Int64Array, count: int) -> Float32Array:
    """(count, C) mean over the cells of each thing, of K pairs of a row of (R, C) features and a thing."""
    sums = np.zeros((count, features.shape[1]), np.float32)
    cells = np.zeros(count, np.int64)
    for pair in range(len(rows)):
        cells[things[pair]] += 1
        for channel in range(features.shape[1]):
            sums[things[pair], channel] += features[rows[pair], channel]
    for thing in range(count):
        for channel in range(features.shape[1]):
            sums[thing, channel] /= max(cells[thing], 1)
    return sums


def _relu(rows: Float32Array) -> Float32Array:
    return np.maximum(rows, 0, out=rows)


def _each(rows: Float32Array) -> Int32Array:
    """(V, 1) the table of a layer that looks at the row itself."""
    return np.arange(len(rows), dtype=np.int32)[:, None]


def _unit_rows(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
