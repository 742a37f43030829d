"""The embedding map: what the page's script draws on its canvas.

All frames are drawn up to `MOST_POINTS`. Of a larger pool the picks are drawn, then the labelled frames (at most half
of what the picks leave), then the others. Where a group does not fit, so many of it are drawn, evenly spaced in the
order of the data set, that sequences keep their shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float64Array, Int64Array
from scanpick.reports.projection import neighbour_map, principal_map
from scanpick.structures import FrameRecord

MOST_POINTS = 15_000
_GRID = 9999  # positions are whole numbers from 0 to this


def draw_map(
    records: Sequence[FrameRecord],
    values: Embeddings,
    picks: Int64Array,
    labelled: BoolArray,
    distances: Float64Array,
    folder: Path,
) -> dict[str, Any]:
    """Lay out the map of N frames as JSON-serialisable lists, one entry a drawn frame.

    Args:
        records: The frames.
        values: (N, D) vectors.
        picks: (K,) rows that were picked, in order.
        labelled: (N,) bool.
        distances: (N,) distance to the nearest chosen frame.
        folder: Where UMAP's positions are kept.
    """
    shown = shown_rows(picks, labelled)
    principal = principal_map(values)
    positions = principal.positions[shown]
    neighbours = neighbour_map(values[shown], positions, folder)
    names = list(dict.fromkeys(records[row].sequence for row in shown))
    code_of = {name: code for code, name in enumerate(names)}
    ranks = np.zeros(len(records), dtype=np.int64)
    ranks[picks] = np.arange(1, len(picks) + 1)
    maps = {"PCA": _on_grid(positions)}
    if neighbours is not None:
        maps["UMAP"] = _on_grid(neighbours)
    return {
        "maps": maps,
        "explained": [round(float(share), 4) for share in principal.explained],
        "frame_ids": [records[row].frame_id for row in shown],
        "sequences": names,
        "sequence": [code_of[records[row].sequence] for row in shown],
        "index": [records[row].index_in_sequence for row in shown],
        "labelled": labelled[shown].astype(int).tolist(),
        "rank": ranks[shown].tolist(),
        "distance": [float(f"{d:.3g}") if np.isfinite(d) else None for d in distances[shown]],
        "frames": len(records),
    }


def shown_rows(picks: Int64Array, labelled: BoolArray) -> Int64Array:
    """Rows of the frames that are drawn, ascending.

    Example:
        >>> shown_rows(np.array([2]), np.array([True, False, False])).tolist()
        [0, 1, 2]
    """
    picked = np.zeros(len(labelled), dtype=bool)
    picked[picks] = True
    room = MOST_POINTS - len(picks[:MOST_POINTS])
    others = np.flatnonzero(~picked & ~labelled)
    known = _thinned(np.flatnonzero(~picked & labelled), max(room // 2, room - len(others)))
    return np.union1d(np.union1d(picks[:MOST_POINTS], known), _thinned(others, room - len(known)))


def _thinned(rows: Int64Array, most: int) -> Int64Array:
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def _on_grid(positions: Float64Array) -> list[list[int]]:
    """Positions in a square of whole numbers, both axes to one scale, in the middle."""
    middle = (positions.max(axis=0) + positions.min(axis=0)) / 2
    span = float(np.ptp(positions, axis=0).max()) or 1.0
    grid = np.rint((positions - middle) / span * _GRID + _GRID / 2).astype(np.int64)
    return [grid[:, 0].tolist(), grid[:, 1].tolist()]
