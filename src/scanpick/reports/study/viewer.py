"""Picked frames from above, with true and predicted boxes: what the page's script shows, strategy by strategy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.errors import ScanpickError
from scanpick.formats.predictions import read_predictions
from scanpick.reports.bev import BevView
from scanpick.reports.contact_sheet import SMALLEST_SCORE
from scanpick.reports.frames_from_above import draw_frames, outlines_of
from scanpick.reports.numbers import count, plural, significant
from scanpick.reports.study.folder import Arm, Pick, StudyFolder
from scanpick.reports.study.pool import open_dataset_of, pool_of_study, training_folder
from scanpick.reports.study.redundancy import picks_of
from scanpick.reports.study.scoreboard import Scoreboard
from scanpick.structures import Detections

MOST_FRAMES = 120
MOST_BYTES = 8_000_000
"""Of pictures, so that a page stays well below 15 MB."""

MOST_PICKS_OF_AN_ARM = 24

_PIXELS = 320
_FRAMES_TO_FIT = 8


@dataclass
class Viewer:
    """The cards of the viewer.

    Attributes:
        data: For the page's script: frames with their pictures, strategies with their picks.
        about: What is shown, in a sentence.
        problems: Why frames are missing, in sentences.
    """

    data: dict[str, Any] = field(default_factory=dict)
    about: str = ""
    problems: list[str] = field(default_factory=list)


def draw_viewer(
    folder: StudyFolder, board: Scoreboard, *, advance: Callable[[int], None] = lambda steps: None
) -> Viewer:
    """Draw the first picks of every strategy for the first seed and fold, as many as the page can hold.

    Args:
        folder: The study.
        board: Its scores: which strategies and variants are shown, and up to which round.
        advance: Called with the number of frames drawn; `MOST_FRAMES` at most.
    """
    wanted = _wanted(folder, board)
    if not wanted:
        return Viewer(problems=["Nothing was picked, so there is nothing to look at."])
    dataset = open_dataset_of(folder)
    if isinstance(dataset, ScanpickError):
        return Viewer(problems=[f"The frames cannot be drawn: {dataset}"])
    seed, fold = next((picks[0].seed, picks[0].fold) for picks in wanted.values())
    record_of = {record.frame_id: record for record in dataset.records}
    frame_ids = [frame_id for frame_id in dict.fromkeys(_in_turn(wanted)) if frame_id in record_of][:MOST_FRAMES]
    drawn = draw_frames(
        dataset, frame_ids, pixels=_PIXELS, fit_to=_FRAMES_TO_FIT, most_bytes=MOST_BYTES, advance=advance
    )
    unread = list(drawn.problems.values())
    frames = {
        frame_id: {
            "image": frame.picture,
            "true": frame.outlines,
            "sequence": record_of[frame_id].sequence,
            "index": record_of[frame_id].index_in_sequence,
        }
        for frame_id, frame in drawn.frames.items()
    }
    arms: list[dict[str, Any]] = []
    for arm, picks in wanted.items():
        cards = [_card(folder, pick, drawn.bev) for pick in picks if pick.frame_id in frames]
        if cards:
            arms.append({"name": str(arm), "picks": cards})
    if not arms:
        return Viewer(problems=[f"None of the picked frames can be read: {unread[0] if unread else ''}"])
    predicted = any(card["predicted"] is not None for one in arms for card in one["picks"])
    return Viewer(
        {"frames": frames, "arms": arms, "pixels": _PIXELS},
        _about(drawn.bev, seed, fold, predicted),
        [f"{count(len(unread))} picked frames cannot be read any more: {unread[0]}"] if unread else [],
    )


def _wanted(folder: StudyFolder, board: Scoreboard) -> dict[Arm, list[Pick]]:
    found = {}
    for arm in board.shown_arms():
        groups = picks_of(folder.picks, arm, board.shown_round)
        if groups:
            found[arm] = groups[min(groups)][:MOST_PICKS_OF_AN_ARM]
    first = min(((picks[0].seed, picks[0].fold) for picks in found.values()), default=None)
    return {arm: picks for arm, picks in found.items() if (picks[0].seed, picks[0].fold) == first}


def _in_turn(wanted: Mapping[Arm, Sequence[Pick]]) -> Iterator[str]:
    """Frame ids: the first picks of all strategies, then the second ones, and so on."""
    for place in range(max(map(len, wanted.values()))):
        yield from (picks[place].frame_id for picks in wanted.values() if place < len(picks))


def _card(folder: StudyFolder, pick: Pick, bev: BevView) -> dict[str, Any]:
    before = training_folder(folder, pick.seed, pick.fold, pick.round - 1, pick.arm)
    found = None
    if before is not None:
        found = _predictions(pool_of_study(folder).predictions_path(before.name)).get(pick.frame_id)
    boxes = None if found is None else found.boxes[np.flatnonzero(found.scores >= SMALLEST_SCORE)]
    return {
        "frame": pick.frame_id,
        "rank": pick.rank,
        "round": pick.round,
        "reason": reason(pick)
        + ("" if boxes is None else f"; {plural(len(boxes), 'predicted box', 'predicted boxes')}"),
        "predicted": None if boxes is None else outlines_of(boxes, bev),
    }


def reason(pick: Pick) -> str:
    """Why a frame was picked, in words, as far as the study noted it."""
    parts = []
    if np.isfinite(pick.gain):
        parts.append(f"gain {significant(pick.gain)}")
    if np.isfinite(pick.score):
        parts.append(f"uncertainty {significant(pick.score)}")
    if pick.nearest_selected:
        parts.append(f"nearest labelled frame {pick.nearest_selected}")
    if np.isfinite(pick.boxes):
        parts.append(f"{count(pick.boxes)} object{'s' if pick.boxes != 1 else ''}")
    if not (np.isfinite(pick.gain) or np.isfinite(pick.score) or pick.nearest_selected):
        parts.insert(0, "by chance" if pick.arm.strategy == "random" else "no reason was noted")
    return "; ".join(parts)


@lru_cache(maxsize=4)
def _predictions(path: Path) -> Mapping[str, Detections]:
    return read_predictions(path) if path.is_file() else {}


def _about(bev: BevView, seed: int, fold: str, predicted: bool) -> str:
    what = (
        f"Orange: what the detector that was asked before the pick found, with a score of {SMALLEST_SCORE:g} or more."
        if predicted
        else "No strategy asked the detector about these frames, so that there are no predicted boxes."
    )
    return f"Seed {seed}{f', fold {fold}' if fold else ''}; {bev.caption}. Blue: true boxes. {what}"
