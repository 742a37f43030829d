"""Who takes part: scanpick and its peers, each as a function of the same data with its packages imported inside.

A function takes (X, count, threads, options) and returns what it found: `picks` (indices in order), `labels` (of
clusters) or `values` (one per row). `share` below 1 says that it did that part of the work, and its time is divided by
that. Nothing here is timed with its import or its compilation: everybody runs on a few rows before.
"""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Result = dict[str, Any]
Run = Callable[[np.ndarray, int, int, dict[str, Any]], Result]

SEEDS = 3
"""k-means is run with so many seeds: it depends on them."""


@dataclass(frozen=True)
class Contestant:
    """One line of the tables.

    Attributes:
        name: What the tables call it.
        package: Of which the version is reported.
        run: See above.
        warm: (rows, count) of the run before.
    """

    name: str
    package: str
    run: Run
    warm: tuple[int, int] = (400, 20)


def scanpick_k_center(X: np.ndarray, count: int, threads: int, options: dict[str, Any]) -> Result:
    from scanpick.selection.kernels.k_center import k_center_greedy

    return {"picks": k_center_greedy(X, count, start=0, threads=threads)[0]}


def mundig_k_center(X: np.ndarray, count: int, threads: int, options: dict[str, Any]) -> Result:
    from lightly_mundig import Selection

    selection = Selection()
    selection.add_diversifying_strategy(X, 1.0)
    return {"picks": selection.run_selection([], len(X), count)}


def numpy_k_center(X: np.ndarray, count: int, threads: int, options: dict[str, Any]) -> Result:
    """The plain loop: one pass over memory per pick."""
    norms = np.einsum("nd,nd->n", X, X)
    nearest = np.full(len(X), np.inf, dtype=np.float32)
    picks = [0]
    while True:
        squared = norms + norms[picks[-1]] - 2 * (X @ X[picks[-1]])
        np.minimum(nearest, squared, out=nearest)
        nearest[picks[-1]] = -1
        if len(picks) == count:
            return {"picks": picks}
        picks.append(int(nearest.argmax()))


def scanpick_probcover(X: np.ndarray, count: int, threads: int, options: dict[str, Any]) -> Result:
    from scanpick.selection.kernels.coverage import CoveragePicker

    return {"picks": greedy(CoveragePicker(X, options["delta"], threads=threads), count)}


GRAPH_ROWS, REFERENCE_LIMIT_S = 500, 60.0


def numpy_probcover(X: np.ndarray, count: int, threads: int, options: dict[str, Any]) -> Result:
    """The authors' way, in numpy: a graph from blocks of 500 rows; every step counts and filters the list of edges.

    Where that would take longer than a minute, a share of the blocks is computed, and picks are made with its edges.
    """
    starts = np.arange(0, len(X), GRAPH_ROWS)
    norms = np.einsum("nd,nd->n", X, X)
    begin = time.process_time()
    block_edges(X, norms, 0, options["delta"])
    expected_s = (time.process_time() - begin) * len(starts) * (1 + count / 400)  # with the steps
    share = 1.0
    if expected_s > REFERENCE_LIMIT_S:
        some = max(int(len(starts) * REFERENCE_LIMIT_S / 5 / expected_s), 2)
        share, starts = some / len(starts), starts[np.linspace(0, len(starts) - 1, some).astype(int)]
    edges = [block_edges(X, norms, start, options["delta"]) for start in starts]
    sources, targets = (np.concatenate(part) for part in zip(*edges, strict=True))
    picks: list[int] = []
    while len(picks) < count and len(sources):
        picks.append(int(np.bincount(sources, minlength=len(X)).argmax()))
        covered = np.zeros(len(X), dtype=bool)
        covered[targets[sources == picks[-1]]] = True
        left = ~covered[targets]
        sources, targets = sources[left], targets[left]
    return {"picks": picks, "share": share}


def block_edges(X: np.ndarray, norms: np.ndarray, start: int, delta: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs nearer than delta; those that float32 cannot decide are decided in float64, so that picks compare."""
    rows = slice(start, start + GRAPH_ROWS)
    squared = X[rows] @ X.T
    squared *= -2
    squared += norms[rows, None]
    squared += norms
    source, target = np.nonzero(squared < delta**2 + 1e-5)
    unsure = np.flatnonzero(squared[source, target] > delta**2 - 1e-5)
    difference = X[source[unsure] + start].astype(np.float64) - X[target[unsure]]
    inside = np.ones(len(source), dtype=bool)
    inside[unsure] = np.einsum("nd,nd->n", difference, difference) < delta**2
    return source[inside] + start, target[inside]


def skactiveml_probcover(X: np.ndarray, count: int, threads: int, options: dict[str, Any]) -> Result:
    from skactiveml.pool import ProbCover

    strategy = ProbCover(deltas=[options["delta"]], random_state=0)
    return {"picks": strategy.query(X, np.full(len(X), np.nan), batch_size=count)}


def scanpick_facility_location(X: np.ndarray, count: int, threads: int, options: dict[str, Any]) -> Result:
    from scanpick.selection.kernels.max_cover import MaxCoverPicker, negative_square

    return {"picks": greedy(MaxCoverPicker(X, negative_square(X), threads=threads), count)}


def apricot_facility_location(X: np.ndarray, count: int, threads: int, options: dict[str, Any]) -> Result:
    """Its 'euclidean' is the largest squared distance less the squared distance: ours, up to a constant.

    Its 'cosine' is the square of the cosine, which would be another objective.

    Every fit compiles its functions anew (1.5 s): here they are kept, so that only the first one does.
    """
    from apricot import FacilityLocationSelection
    from apricot.functions import facilityLocation

    for name in ("calculate_gains", "calculate_gains_sieve"):
        if not hasattr(compiling := getattr(facilityLocation, name), "cache_info"):
            setattr(facilityLocation, name, functools.cache(compiling))
    return {"picks": FacilityLocationSelection(count, metric="euclidean", n_jobs=threads).fit(X).ranking}


def scanpick_herding(X: np.ndarray, count: int, threads: int, options: dict[str, Any]) -> Result:
    from scanpick.selection.kernels.max_cover import MaxCoverPicker, gaussian

    return {"picks": greedy(MaxCoverPicker(X, gaussian(X, options["bandwidth"]), threads=threads), count)}


def skactiveml_herding(X: np.ndarray, count: int, threads: int, options: dict[str, Any]) -> Result:
    from skactiveml.pool import MaxHerding

    gamma = 1 / (2 * options["bandwidth"] ** 2)
    strategy = MaxHerding(normalize_samples=False, metric_dict={"gamma": gamma}, random_state=0)
    return {"picks": strategy.query(X, np.full(len(X), np.nan), batch_size=count)}


def scanpick_kmeans(X: np.ndarray, count: int, threads: int, options: dict[str, Any]) -> Result:
    from scanpick.selection.kernels.kmeans import kmeans

    return {"labels": [kmeans(X, count, seed=seed, threads=threads).labels for seed in range(SEEDS)]}


def sklearn_kmeans(X: np.ndarray, count: int, threads: int, options: dict[str, Any]) -> Result:
    from sklearn.cluster import KMeans

    return {"labels": [KMeans(count, n_init=1, random_state=seed).fit(X).labels_ for seed in range(SEEDS)]}


def scanpick_typicality(X: np.ndarray, count: int, threads: int, options: dict[str, Any]) -> Result:
    from scanpick.selection.kernels.typicality import typicality

    return {"values": typicality(X, count, threads=threads)}


def faiss_typicality(X: np.ndarray, count: int, threads: int, options: dict[str, Any]) -> Result:
    import faiss

    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatL2(X.shape[1])
    index.add(X)
    squared, _ = index.search(X, count + 1)  # each row finds itself first
    return {"values": 1 / (np.maximum(squared[:, 1:], 0).astype(np.float64).mean(axis=1) + 1e-5)}


def greedy(picker: Any, count: int) -> list[int]:
    """Picks of a `scanpick.selection.kernels.picker.Picker`."""
    picks: list[int] = []
    while len(picks) < count and (found := picker.best()) is not None:
        picks.append(found[0])
        picker.take(found[0])
    return picks


# Ours first.
CONTESTANTS: dict[str, tuple[Contestant, ...]] = {
    "k_center": (
        Contestant("scanpick", "scanpick", scanpick_k_center, warm=(3000, 1100)),
        Contestant("lightly-mundig", "lightly-mundig", mundig_k_center),
        Contestant("numpy loop", "numpy", numpy_k_center),
    ),
    "probcover": (
        Contestant("scanpick", "scanpick", scanpick_probcover, warm=(3000, 100)),
        Contestant("numpy, as the authors", "numpy", numpy_probcover),
        Contestant("scikit-activeml", "scikit-activeml", skactiveml_probcover),
    ),
    "facility_location": (
        Contestant("scanpick", "scanpick", scanpick_facility_location, warm=(1000, 100)),
        Contestant("apricot-select", "apricot-select", apricot_facility_location),
    ),
    "herding": (
        Contestant("scanpick", "scanpick", scanpick_herding, warm=(1000, 100)),
        Contestant("scikit-activeml", "scikit-activeml", skactiveml_herding),
    ),
    "typiclust": (
        Contestant("scanpick", "scanpick", scanpick_kmeans, warm=(3000, 20)),
        Contestant("scikit-learn", "scikit-learn", sklearn_kmeans),
    ),
    "typicality": (
        Contestant("scanpick", "scanpick", scanpick_typicality, warm=(3000, 20)),
        Contestant("faiss-cpu", "faiss-cpu", faiss_typicality),
    ),
}


def contestant(task: str, name: str) -> Contestant:
    """By the names in the tables."""
    return next(one for one in CONTESTANTS[task] if one.name == name)
