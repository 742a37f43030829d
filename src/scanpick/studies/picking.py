"""One selection of a study: made once, and kept in the study's pool like any other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from scanpick import __version__
from scanpick.files import sha256_of_text
from scanpick.formats.predictions import read_predictions
from scanpick.formats.selection_table import read_selection
from scanpick.selection.budget import Budget
from scanpick.selection.engine import select
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Strategy
from scanpick.structures import Selection
from scanpick.studies.oracles import Knowing, make_strategy
from scanpick.studies.strategy_config import ScoreConfig, StrategyConfig
from scanpick.uncertainty import SCORES, FrameScores, score_frames
from scanpick.workspace.selections import save_selection
from scanpick.workspace.workspace import Workspace


def pick(
    workspace: Workspace,
    pool: Pool,
    strategy: StrategyConfig,
    options: Mapping[str, Any],
    budget: Budget,
    *,
    seed: int,
    data: str,
    scores: FrameScores | None,
    know: Callable[[Knowing], Strategy],
) -> Selection:
    """Let a strategy pick from a pool, or read what it picked before: ``selections/<strategy>-<fingerprint>``.

    Args:
        workspace: Where selections are kept.
        pool: The frames, those that are labelled marked.
        strategy: The strategy.
        options: Its options in this variant.
        budget: What may be spent.
        seed: Seed of all chance.
        data: Fingerprint of the pool's points and embeddings.
        scores: What the detector makes of the frames.
        know: Gives a reference the labels that it knows.
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
    name = f"{strategy.name}-{sha256_of_text(json.dumps(asked, sort_keys=True))[:16]}"
    path = workspace.selection_path(name)
    if path.is_file():
        return read_selection(path)
    made = make_strategy(strategy.name, options)
    made = know(made) if isinstance(made, Knowing) else made
    selection = select(pool, made, budget, seed=seed, constraints=strategy.constraints, threads=1)
    return save_selection(workspace, name, selection, pool)


@lru_cache(maxsize=8)
def scores_of(path: Path, fingerprint: str, score: ScoreConfig) -> FrameScores:
    """The uncertainty of each frame of a predictions table; the fingerprint tells a table from one made anew."""
    found = read_predictions(path)
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
