"""One selection of a study, kept as a file: ``selections/<fingerprint>.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from scanpick import __version__
from scanpick.files import sha256_of_text
from scanpick.formats.predictions import read_predictions
from scanpick.selection.budget import Budget
from scanpick.selection.engine import select
from scanpick.selection.pool import Pool
from scanpick.structures import Detections
from scanpick.studies.strategy_config import ScoreConfig, StrategyConfig
from scanpick.texts import parsing, read_json, write_json
from scanpick.uncertainty import SCORES, FrameScores, score_frames


@dataclass(frozen=True)
class Picks:
    """What a strategy picked.

    Attributes:
        frame_ids: In the order of picking.
        gains: What the strategy maximised; None where it has no such number.
        nearest_selected: The nearest labelled or earlier picked frame, "" where there was none.
        scores: The detector's uncertainty of each, None where the strategy had none.
        summary: What the selection says about itself.
    """

    frame_ids: tuple[str, ...]
    gains: tuple[float | None, ...]
    nearest_selected: tuple[str, ...]
    scores: tuple[float | None, ...]
    summary: Mapping[str, Any]


def pick(
    folder: Path,
    pool: Pool,
    strategy: StrategyConfig,
    options: Mapping[str, Any],
    budget: Budget,
    *,
    seed: int,
    data: str,
    scores: FrameScores | None,
) -> Picks:
    """Let a strategy pick from a pool, or read what it picked before.

    Args:
        folder: ``selections``.
        pool: The frames, those that are labelled marked.
        strategy: The strategy.
        options: Its options in this variant.
        budget: What may be spent.
        seed: Seed of all chance.
        data: Fingerprint of the pool's points and embeddings.
        scores: What the detector makes of the frames.
    """
    pool = pool if scores is None else _scored(pool, scores)
    asked = {
        "strategy": strategy.name,
        "options": dict(options),
        "constraints": strategy.constraints.model_dump(mode="json"),
        "budget": str(budget),
        "seed": seed,
        "data": data,
        "pool": sha256_of_text("\n".join(pool.frame_ids)),
        "labelled": [one for one, labelled in zip(pool.frame_ids, pool.labelled, strict=True) if labelled],
        "scores": None if scores is None else [scores.name, sha256_of_text(scores.values.tobytes().hex())],
        "scanpick": __version__,
    }
    fingerprint = sha256_of_text(json.dumps(asked, sort_keys=True))[:16]
    path = folder / f"{fingerprint}.json"
    stored = _stored(path)
    if stored is not None:
        return stored
    selection = select(pool, strategy.made(options), budget, seed=seed, constraints=strategy.constraints, threads=1)
    known = {} if scores is None else dict(zip(scores.frame_ids, scores.values.tolist(), strict=True))
    picks = Picks(
        frame_ids=selection.frame_ids,
        gains=tuple(gain if np.isfinite(gain) else None for gain in selection.gains.tolist()),
        nearest_selected=selection.nearest_selected,
        scores=tuple(known.get(frame_id) for frame_id in selection.frame_ids),
        summary=dict(selection.summary),
    )
    write_json(path, {"asked": asked, "picks": vars(picks)}, indent=1)
    return picks


@lru_cache(maxsize=8)
def scores_of(path: Path, fingerprint: str, score: ScoreConfig) -> FrameScores:
    """The uncertainty of each frame of a predictions table; the fingerprint tells a table from one made anew."""
    found: dict[str, Detections] = read_predictions(path)
    return score_frames(found, score.name, SCORES.load(score.name), score.aggregate, k=score.k, empty=score.empty)


def _scored(pool: Pool, scores: FrameScores) -> Pool:
    """The pool with scores and expected boxes; frames that could not be predicted are left out."""
    row_of = {frame_id: row for row, frame_id in enumerate(scores.frame_ids)}
    rows = [row_of.get(frame_id, -1) for frame_id in pool.frame_ids]
    known = np.array(rows) >= 0
    values, boxes = (
        np.where(known, column[np.maximum(rows, 0)], np.nan) for column in (scores.values, scores.expected_boxes)
    )
    return replace(
        pool,
        scores={scores.name: values},
        expected_boxes=boxes,
        boxes_note="sums of scores, not calibrated",
        excluded=pool.excluded | ~(known | pool.labelled),
    )


def _stored(path: Path) -> Picks | None:
    if not path.exists():
        return None
    again = "Remove it; it is then made again"
    values = read_json(path, again)
    with parsing(str(path), f"picks. {again}"):
        picks = values["picks"]
        columns = {name: tuple(picks[name]) for name in ("frame_ids", "gains", "nearest_selected", "scores")}
        return Picks(**columns, summary=picks["summary"])
