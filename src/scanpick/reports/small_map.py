"""A small map of a pool with its picks, for a notebook: two principal directions of the embedding, as SVG."""

from __future__ import annotations

from html import escape

import numpy as np

from scanpick.reports.embedding_map import shown_rows
from scanpick.reports.picked_pool import picked_pool
from scanpick.reports.projection import principal_map
from scanpick.workspace import Workspace

_SIZE = 320.0
_MARGIN = 8.0
_MOST_OTHERS = 2000


def small_map(workspace: Workspace, selection: str) -> str:
    """An ``<svg>``: the pool in grey, labelled frames in blue, picks in orange; "" where there is no embedding.

    Raises:
        ScanpickError: The selection or the embedding is missing or damaged.
    """
    pool = picked_pool(workspace, selection)
    if pool.values is None or len(pool.values) < 2:
        return ""
    rows = shown_rows(pool.picks, pool.labelled)
    positions = principal_map(pool.values).positions[rows]
    low, span = positions.min(axis=0), float(np.ptp(positions, axis=0).max()) or 1.0
    places = _MARGIN + (positions - low) / span * (_SIZE - 2 * _MARGIN)
    picked = np.isin(rows, pool.picks)
    others = np.flatnonzero(~picked)
    others = others[:: max(1, len(others) // _MOST_OTHERS)]
    width, height = (places.max(axis=0) + _MARGIN).tolist()
    dots = [
        f'<circle cx="{x:.1f}" cy="{height - y:.1f}" r="{radius}" fill="{colour}">'
        f"<title>{escape(title)}</title></circle>"
        for group, radius, colour in (
            (others[~pool.labelled[rows[others]]], 2, "#9fabb9"),
            (others[pool.labelled[rows[others]]], 2.5, "#0072b2"),
            (np.flatnonzero(picked), 4, "#d55e00"),
        )
        for (x, y), title in zip(places[group], (pool.records[row].frame_id for row in rows[group]), strict=True)
    ]
    return (
        f'<svg width="{width:.0f}" height="{height:.0f}" role="img" aria-label="Map of the pool">{"".join(dots)}</svg>'
    )
