"""Embeddings as a map: two numbers for each frame.

**PCA** is linear and immediate: distances on the map are never larger than in the embedding. **UMAP** shows
neighbourhoods instead (McInnes, Healy, Melville, 2018, arXiv:1802.03426); far distances on it mean little. Ours starts
from the PCA map and from exact nearest neighbours, runs on one thread with a fixed seed, and so gives the same map
every time on one machine. It takes a while, so it is kept on disk under a fingerprint of the vectors. The package is
the extra ``scanpick[umap]``; without it, PCA serves.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
from numba.core.dispatcher import Dispatcher
from threadpoolctl import threadpool_limits

from scanpick.arrays import Embeddings, Float64Array
from scanpick.errors import ScanpickError
from scanpick.files import atomic_path, is_read_only
from scanpick.formats.arrays import read_array
from scanpick.geometry.vectors import principal_directions
from scanpick.selection.kernels.typicality import nearest_others

NEIGHBOURS = 15
"""The frame itself and the 14 nearest others make its neighbourhood in UMAP: that package's own default."""

MINIMUM_DISTANCE = 0.1
SEED = 0
_BLOCK_ROWS = 1024


@dataclass(frozen=True, eq=False)
class PrincipalMap:
    """The first two principal components.

    Attributes:
        positions: (N, 2) float64.
        explained: (2,) float64 share of the variance that each of them explains.
    """

    positions: Float64Array
    explained: Float64Array


def principal_map(values: Embeddings) -> PrincipalMap:
    """PCA of (N, D) vectors. The sign of a component is such that its largest loading is positive.

    With one frame, one dimension, or all vectors equal, the missing components are zero.
    """
    count = len(values)
    centre = values.mean(axis=0, dtype=np.float64)
    directions, spread = principal_directions(values, centre)
    # Where rows differ in one direction only, another is rounding: it would be another one on another machine.
    axes = np.where(spread[:2] ** 2 > 1e-12 * (spread**2).sum(), directions[:, :2], 0)
    positions, total = np.zeros((count, axes.shape[1])), 0.0
    with threadpool_limits(1, user_api="blas"):  # the same bits on one thread and on many
        for start in range(0, count, _BLOCK_ROWS):
            rows = values[start : start + _BLOCK_ROWS] - centre
            positions[start : start + _BLOCK_ROWS] = rows @ axes
            total += float(np.einsum("nd,nd->", rows, rows))
    positions = np.pad(positions, ((0, 0), (0, 2 - positions.shape[1])))
    rounding = count * (1e-12 * float(np.abs(centre).max(initial=0))) ** 2
    if total <= rounding:
        return PrincipalMap(np.zeros((count, 2)), np.zeros(2))
    return PrincipalMap(positions, (positions**2).sum(axis=0) / total)


def neighbour_map(values: Embeddings, start: Float64Array, folder: Path) -> Float64Array | None:
    """UMAP of (N, D) vectors, (N, 2) float64, read from `folder` where it was made before.

    Args:
        values: N different frames.
        start: (N, 2) positions to start from: the PCA map.
        folder: Where maps are kept. A file that is damaged is made again.

    Returns:
        None where there is nothing to draw (fewer than four frames, or all vectors on one line or point), or where no
        map was made before and UMAP is not installed.
    """
    if len(values) < 4 or not (np.ptp(start, axis=0) > 0).all():
        return None
    path = folder / f"umap-{_fingerprint(values)}.npy"
    positions = _read(path, len(values))
    if positions is None and not umap_is_installed():
        return None
    if positions is None:
        positions = _umap(values, start)
        # A workspace that may only be read has its report all the same; it is just made anew each time.
        if not is_read_only(folder.parent):
            with contextlib.suppress(OSError), atomic_path(path) as temporary:
                np.save(temporary, positions, allow_pickle=False)
    return positions.astype(np.float64)


def umap_is_installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("umap") is not None


def _umap(values: Embeddings, start: Float64Array) -> Embeddings:
    import umap  # takes seconds to import, and is not needed where the map is on disk

    _keep_compiled(umap.umap_, umap.layouts, umap.utils)
    neighbours = min(NEIGHBOURS, len(values) - 1)
    noise = np.random.default_rng(SEED).normal(scale=1e-4, size=start.shape)  # equal vectors must come apart
    initial = 10 * (start - start.min(axis=0)) / np.ptp(start, axis=0).max() + noise
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that new frames cannot be added to the map, and that it uses one thread
        squared, others = nearest_others(np.ascontiguousarray(values), neighbours - 1)
        near = np.column_stack([np.arange(len(values)), others])  # UMAP counts a frame among its neighbours
        distances = np.sqrt(np.column_stack([np.zeros(len(values)), squared]))
        model = umap.UMAP(
            n_neighbors=neighbours,
            min_dist=MINIMUM_DISTANCE,
            init=initial.astype(np.float32),
            random_state=SEED,
            n_jobs=1,
            precomputed_knn=(near.astype(np.int32), distances.astype(np.float32)),
            force_approximation_algorithm=True,  # or it would leave our neighbours aside for fewer than 4096 frames
        )
        return np.asarray(model.fit_transform(np.asarray(values)), dtype=np.float32)


def _keep_compiled(*modules: ModuleType) -> None:
    """Have numba keep what it compiles of UMAP: without, it compiles for a quarter of a minute in every process."""
    for module in modules:
        for function in vars(module).values():
            if isinstance(function, Dispatcher) and function.py_func.__module__ == module.__name__:
                with contextlib.suppress(RuntimeError):  # there is no place to keep it
                    function.enable_caching()


def _read(path: Path, count: int) -> Embeddings | None:
    try:
        positions = read_array(path)
    except ScanpickError:  # none, or damaged: made again
        return None
    whole = positions.shape == (count, 2) and positions.dtype == np.float32 and np.isfinite(positions).all()
    return positions if whole else None


def _fingerprint(values: Embeddings) -> str:
    """What the map depends on."""
    digest = hashlib.sha256(f"1 {values.shape} {NEIGHBOURS} {MINIMUM_DISTANCE} {SEED} ".encode())
    for begin in range(0, len(values), _BLOCK_ROWS):
        digest.update(np.ascontiguousarray(values[begin : begin + _BLOCK_ROWS], dtype="<f4").tobytes())
    return digest.hexdigest()[:16]
