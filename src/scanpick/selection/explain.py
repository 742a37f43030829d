"""Why a frame was picked, in words."""

from __future__ import annotations

import math

from scanpick.structures import Selection


def explain(selection: Selection, most: int | None = None) -> list[str]:
    """One sentence for each of the first picks.

    Example:
        >>> explain(selection)[1]  # doctest: +SKIP
        '2. 0001/000042: distance to the nearest chosen frame 0.83; the nearest chosen one is 0000/000007, 0.83 away.'
    """
    meaning = str(selection.summary.get("gain_means", "gain"))
    count = len(selection) if most is None else min(most, len(selection))
    return [_sentence(selection, row, meaning) for row in range(count)]


def _sentence(selection: Selection, row: int, meaning: str) -> str:
    gain, distance = float(selection.gains[row]), float(selection.distances[row])
    parts = [
        f"{meaning} {gain:.4g}" if math.isfinite(gain) else "nothing was chosen before, so the selection starts here"
    ]
    if selection.contributions:
        named = [f"{name} {column[row]:.4g}" for name, column in selection.contributions.items()]
        parts[0] += f" = {' x '.join(named)}"
    if selection.nearest_selected[row]:
        parts.append(f"the nearest chosen one is {selection.nearest_selected[row]}, {distance:.4g} away")
    unit = str(selection.summary.get("unit", "frames"))
    if unit != "frames":
        parts.append(f"costs {selection.costs[row]:.4g} {unit}")
    return f"{row + 1}. {selection.frame_ids[row]}: {'; '.join(parts)}."
