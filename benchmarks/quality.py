"""How good what was found is, computed plainly and apart from everything that is measured."""

from typing import Any

import numpy as np

BLOCK = 4096


def quality(task: str, X: np.ndarray, found: dict[str, Any], options: dict[str, Any]) -> dict[str, float]:
    """Numbers by name, for picks, clusters or values per row.

    Of picks: `cover_radius`, the largest distance of a row to its nearest pick; `smallest_gap` between two picks;
    `coverage`, the share of rows within `options["delta"]` of a pick; and the objectives of facility location (mean
    of the largest cosine) and of herding (mean of the largest Gaussian kernel). Of farthest-first picks also the
    `shortfall`. Of clusters: mean `inertia` over seeds.
    """
    if "picks" in found:
        picks = np.asarray(found["picks"], dtype=np.int64)
        of_task = {"shortfall": shortfall(X, picks)} if task == "k_center" else {}
        return of_picks(X, picks, options) | of_task
    if "labels" in found:
        return {"inertia": float(np.mean([inertia(X, np.asarray(labels)) for labels in found["labels"]]))}
    return {}


def of_picks(X: np.ndarray, picks: np.ndarray, options: dict[str, Any]) -> dict[str, float]:
    squared = nearest_squared(X, np.asarray(X[picks]))
    result = {
        "cover_radius": float(np.sqrt(squared.max())),
        "smallest_gap": smallest_gap(np.asarray(X[picks])),
        "coverage": float((squared < options["delta"] ** 2).mean()),
        "mean_cosine": float((1 - squared / 2).mean()),
    }
    if "bandwidth" in options:
        result["mean_kernel"] = float(np.exp(-squared / (2 * options["bandwidth"] ** 2)).mean())
    return result


def nearest_squared(X: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """(N,) squared distance to the nearest centre: the nearest by float32 products, its distance in float64."""
    norms = np.einsum("kd,kd->k", centres, centres)
    squared = np.empty(len(X))
    for start in range(0, len(X), BLOCK):
        rows = np.asarray(X[start : start + BLOCK])
        products = rows @ centres.T
        products *= -2
        products += norms
        difference = rows.astype(np.float64) - centres[products.argmin(axis=1)]
        squared[start : start + BLOCK] = np.einsum("nd,nd->n", difference, difference)
    return squared


def smallest_gap(points: np.ndarray) -> float:
    """The smallest distance between two of them."""
    least = np.inf
    norms = np.einsum("kd,kd->k", points, points)
    for start in range(0, len(points), BLOCK):
        squared = norms[start : start + BLOCK, None] + norms - 2 * points[start : start + BLOCK] @ points.T
        squared[np.arange(len(squared)), start + np.arange(len(squared))] = np.inf
        row, column = np.unravel_index(squared.argmin(), squared.shape)
        least = min(least, float(np.linalg.norm(points[start + row].astype(np.float64) - points[column])))
    return least


def shortfall(X: np.ndarray, picks: np.ndarray) -> float:
    """By what share a pick is nearer to those before it than the farthest row then is, at most; 0 up to rounding.

    Lists of picks that part at near-ties are told from wrong ones by it.
    """
    chosen = np.asarray(X[picks])
    farthest = np.zeros(len(picks), dtype=np.float32)
    for start in range(0, len(X), BLOCK):
        np.maximum(farthest, nearest_before(np.asarray(X[start : start + BLOCK]), chosen).max(axis=0), out=farthest)
    worst = 0.0
    for start in range(1, len(picks), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(picks)))
        own = nearest_before(chosen[rows], chosen)[np.arange(len(rows)), rows - 1]
        worst = max(worst, float((1 - np.sqrt(own / farthest[rows - 1])).max()))
    return worst


def nearest_before(rows: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(n, K) squared distance of each row to the nearest of the first 1, 2, ... K chosen ones, in float32."""
    squared = rows @ chosen.T
    squared *= -2
    squared += np.einsum("nd,nd->n", rows, rows)[:, None]
    squared += np.einsum("kd,kd->k", chosen, chosen)
    np.maximum(squared, 0, out=squared)
    return np.minimum.accumulate(squared, axis=1, out=squared)


def inertia(X: np.ndarray, labels: np.ndarray) -> float:
    """Sum of squared distances to the mean of each cluster: |x|^2 over rows less |sum|^2 / size over clusters."""
    rows = np.asarray(X, dtype=np.float64)
    sums = np.zeros((labels.max() + 1, X.shape[1]))
    np.add.at(sums, labels, rows)
    sizes = np.maximum(np.bincount(labels), 1)
    return float(np.einsum("nd,nd->", rows, rows) - (np.einsum("kd,kd->k", sums, sums) / sizes).sum())


def agreement(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, float]:
    """Of picks, in how many places they are the same, and how many are in both; of values the largest difference."""
    if "picks" in ours and "picks" in theirs:
        same = sum(a == b for a, b in zip(ours["picks"], theirs["picks"], strict=False))
        return {"same_places": same, "shared_picks": len(set(ours["picks"]) & set(theirs["picks"]))}
    if "values" in ours and "values" in theirs:
        a, b = np.asarray(ours["values"]), np.asarray(theirs["values"])
        return {"largest_relative_difference": float((np.abs(a - b) / np.abs(b)).max())}
    return {}
