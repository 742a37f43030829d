"""How a round begins: which one the next picks are for, drives set apart for validation, and the note of the picks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from scanpick.arrays import Int64Array
from scanpick.errors import ScanpickError, call
from scanpick.selection import parse_budget
from scanpick.selection.pool import Pool
from scanpick.structures import Selection
from scanpick.workspace.rounds import HandedOff, Picked, Returned, Rounds, SetApart, now
from scanpick.workspace.selections import keep_selection
from scanpick.workspace.workspace import Workspace


def check_not_handed_off(workspace: Workspace, labelled: str | Path | Sequence[str | Path]) -> None:
    """Raise `ScanpickError` where the newest round is with annotators, and nobody says which frames have labels."""
    rounds = Rounds.of(workspace)
    number = rounds.newest
    away = rounds.of_kind(HandedOff, number) or rounds.of_kind(Returned, number)
    if number and away and not labelled:
        raise ScanpickError(
            f"{workspace.path}: round {number} was handed off already. Pick the next one with: "
            f"{call('next', workspace.path, budget=200)}"
        )


def begun(rounds: Rounds, labelled: Collection[str]) -> Rounds:
    """The rounds, ready for picks while these frames are labelled.

    A round whose frames all have labels is over, even where it was handed off without a word.
    """
    own = set(rounds.frames_of(rounds.newest)) if rounds.newest else set()
    return replace(rounds, begins_anew=bool(own) and own <= set(labelled))


def parse_share(text: str) -> float:
    """A share of frames from a text such as "10%".

    Raises:
        ScanpickError: It is no share above 0 and below 100%.
    """
    budget = parse_budget(text)
    if budget.unit != "share" or not 0 < budget.amount < 100:
        raise ScanpickError(f"`validation={text!r}`: expected a share of the frames above 0 and below 100%, as '10%'.")
    return float(budget.amount) / 100


def set_apart(rounds: Rounds, pool: Pool, share: float, budget: str, *, seed: int) -> Rounds:
    """Set drives apart for validation, and note which of their frames are to be labelled; once for a project.

    Args:
        rounds: The rounds.
        pool: All frames that can be used.
        share: Of the frames, that the drives are to hold at least.
        budget: What the first round may spend: no more frames are labelled for validation.
        seed: Draws the drives.

    Raises:
        ScanpickError: There are not two drives, or others are set apart already.
    """
    sequences = np.zeros(0, dtype=np.str_) if pool.sequences is None else pool.sequences
    drives = drives_apart(sequences, share, np.random.default_rng([seed, len(sequences)]))
    before = rounds.of_kind(SetApart)
    if before:
        if f"{share:.6g}" != before[-1].share or not set(before[-1].sequences) <= set(sequences.tolist()):
            raise ScanpickError(
                f"{rounds.workspace.path}: {len(before[-1].sequences)} drives are set apart for validation already, "
                f"{float(before[-1].share):.3g} of the frames. Leave `validation=...` out, or give another folder."
            )
        return rounds
    inside = np.flatnonzero(np.isin(sequences, np.array(drives, dtype=np.str_)))
    most = parse_budget(budget)
    limit = int(most.limit(len(pool))) if most.in_frames else len(inside)
    rows = spread_out(inside, sequences, pool.times_s, max(1, limit))
    ids = tuple(pool.frame_ids[row] for row in rows)
    nothing = np.full(len(ids), np.nan)
    summary = {"validation": f"{share:.6g}", "seed": seed, "sequences": list(drives)}
    selection = Selection("validation", ids, nothing, ("",) * len(ids), nothing, np.ones(len(ids)), summary=summary)
    name, _ = keep_selection(
        rounds.workspace, selection, pool, name="validation", replace=True, verb="validation", settings=summary
    )
    event = SetApart(
        round=rounds.coming, when=now(), selection=name, share=f"{share:.6g}", frames=len(ids), sequences=tuple(drives)
    )
    return rounds.with_event(event)


def drives_apart(sequences: np.ndarray, share: float, rng: np.random.Generator) -> list[str]:
    """Drives, drawn at random until they hold this share of (N,) frames; one at least, never all.

    Raises:
        ScanpickError: There are not two drives.
    """
    names, counts = np.unique(sequences, return_counts=True)
    if len(names) < 2:
        raise ScanpickError(
            f"Validation needs whole drives apart from those that are picked from; got {len(names)} drive."
        )
    order = rng.permutation(len(names))
    held = np.cumsum(counts[order])
    number = min(int(np.searchsorted(held, share * len(sequences) - 1e-9)) + 1, len(names) - 1)
    return sorted(names[order[:number]].tolist())


def spread_out(rows: Int64Array, sequences: np.ndarray, times_s: np.ndarray | None, most: int) -> Int64Array:
    """At most so many of the rows, evenly spaced along the drives and in time."""
    times = np.zeros(len(sequences)) if times_s is None else np.nan_to_num(times_s)
    ordered = rows[np.lexsort((rows, times[rows], sequences[rows]))]
    places = np.unique(np.linspace(0, len(ordered) - 1, min(most, len(ordered))).round().astype(np.int64))
    return ordered[places]


def note_picks(rounds: Rounds, name: str, verb: str) -> Rounds:
    """Note a selection as the picks of the coming round; the same picks are noted once."""
    workspace = rounds.workspace
    data, count = workspace.frames().data_sha256, len(rounds.frames_in(name))
    last = rounds.of_kind(Picked)[-1:]
    if last and (last[0].selection, last[0].round, last[0].data_sha256) == (name, rounds.coming, data):
        return rounds
    event = Picked(round=rounds.coming, when=now(), selection=name, frames=count, verb=verb, data_sha256=data)
    return replace(rounds.with_event(event), begins_anew=False)
