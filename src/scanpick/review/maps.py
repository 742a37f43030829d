"""The pool as a map: two numbers for each frame that has a vector, as the report draws them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scanpick.arrays import Embeddings, Float32Array, Float64Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.reports.embedding_map import MOST_POINTS
from scanpick.reports.projection import neighbour_map, principal_map, umap_is_installed

PCA, UMAP, ROUTE = "pca", "umap", "route"


def embedded_map(method: str, values: Embeddings, rows: Int64Array, count: int, cache: Path) -> Float32Array:
    """(count, 2) positions from -1 to 1, NaN for frames without a vector.

    Args:
        method: `PCA` or `UMAP`.
        values: (n, D) vectors, in the order of the data set.
        rows: (n,) the row of each among the `count` frames.
        count: How many frames there are.
        cache: Where UMAP's positions are kept, for reports as well.

    Raises:
        ScanpickError: There is no such map of these vectors.
    """
    positions: Float64Array | None = principal_map(values).positions
    if method == UMAP:
        if len(values) > MOST_POINTS:
            raise ScanpickError(f"UMAP is drawn of at most {MOST_POINTS} frames; this pool has {len(values)}.")
        assert positions is not None
        positions = neighbour_map(values, positions, cache)
    elif method != PCA:
        raise ScanpickError(f"Unknown map '{method}'. Expected {PCA} or {UMAP}.")
    if positions is None:
        if not umap_is_installed():
            raise ScanpickError("UMAP needs the package 'umap-learn'. Install it with: pip install 'scanpick[umap]'")
        raise ScanpickError("These vectors have no neighbourhoods to draw: they lie on a line, or are fewer than four.")
    return placed(positions, rows, count)


def placed(positions: Float64Array, rows: Int64Array, count: int) -> Float32Array:
    """(count, 2) the (n, 2) positions in a square from -1 to 1, both axes to one scale, at their rows."""
    shown = np.full((count, 2), np.nan, dtype=np.float32)
    if len(positions):
        lowest, highest = np.nanmin(positions, axis=0), np.nanmax(positions, axis=0)
        span = float((highest - lowest).max()) or 1.0
        shown[rows] = (positions - (lowest + highest) / 2) / (span / 2)
    return shown
