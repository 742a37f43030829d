"""``sp.hand_off`` and ``sp.recall``: the frames of a round go to an annotation tool, and may be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanpick.errors import ScanpickError, call
from scanpick.evaluation.pre_labels import score_for_pre_labels
from scanpick.exporters import EXPORTERS, ExportSummary, HandOff
from scanpick.exporters.context import runs_around
from scanpick.exporters.folder import ExportFile, ExportFolder
from scanpick.face.arguments import FrameIds, frame_ids_of
from scanpick.face.pools import open_pool, predictions_in
from scanpick.formats.frame_ids import format_frame_ids
from scanpick.structures import Detections
from scanpick.structures.checks import check_known, name_some
from scanpick.workspace.index import check_apart
from scanpick.workspace.indexed_frames import IndexedFrames
from scanpick.workspace.labels import returned_labels
from scanpick.workspace.reading import Progress, no_progress
from scanpick.workspace.rounds import (
    HandedOff,
    Picked,
    Place,
    Recalled,
    Rounds,
    items_of,
    now,
    numbered,
    write_items,
)
from scanpick.workspace.selections import load_selection
from scanpick.workspace.workspace import Workspace


@dataclass(frozen=True)
class OnTheWay:
    """Frames that went to an annotation tool.

    Attributes:
        round: Their round.
        frames: How many went.
        summary: What the exporter wrote; None where only the list was asked for.
        files: What there is to hand over.
        again: Whether this was handed off before, and nothing had to be noted.
        note: From which score on boxes went along, and why; "" where none did, or the score was given.
    """

    round: int
    frames: int
    summary: ExportSummary | None
    files: tuple[Path, ...]
    again: bool = False
    note: str = ""


UNTRIED_SCORE = 0.3
"""The least score of pre-labels while no labels say how often boxes are right."""


def hand_off(
    project: Workspace | str | Path,
    to: str | None,
    out: str | Path,
    *,
    selection: str | None = None,
    exporter_options: Mapping[str, Any] | None = None,
    predictions: str | Path | None = None,
    min_score: float | None = None,
    classes: Sequence[str] = (),
    context: str | None = None,
    replace: bool = False,
    progress: Progress = no_progress,
) -> OnTheWay:
    """Hand the newest round to an annotation tool, and remember which frames went, under which names.

    Frames of validation go first. Frames that have labels already, or were taken back, do not go again.

    Args:
        project: The folder of a pool.
        to: The tool: a name in `EXPORTERS`; None for the list of ids alone, where you bring the frames yourself.
        out: The file or folder to write.
        selection: A selection that is no round's yet, in place of the newest round; it becomes a round.
        exporter_options: Options of the tool.
        predictions: A detector's boxes to be corrected rather than drawn: predictions of the pool, or a table.
        min_score: The least score of these boxes; by default the one from which on half of them are right, found on
            frames of the project whose labels have come back, else `UNTRIED_SCORE`. The note says which it was.
        classes: What annotators choose from; by default the classes of labels that came back, and of the predictions.
        context: Hand over whole sequences around the frames: so far to either side, "1s" or "5 frames". All of their
            frames count as sent.
        replace: Also replace files that no export wrote or that were changed since, but never an original.
        progress: Shows how far it is.

    Raises:
        ScanpickError: Nothing was picked, all frames of the round have labels, an option is unknown, or a file of
            somebody else is in the way.

    Example:
        >>> import scanpick as sp
        >>> picks = sp.pick("simulated:demo", 2, "project", encoder="statistics", options={"frames": 8}, report=False)
        >>> sp.hand_off("project", "kitti_subset", "to-label").frames
        2
    """
    out, pool = Path(out), open_pool(project)
    check_apart(pool.manifest().dataset, out)
    with pool.write_lock():
        rounds = Rounds.of(pool)
        if selection is not None:
            rounds = _with_selection(rounds, selection)
        number, frame_ids = _to_send(rounds)
        boxes = {} if predictions is None else predictions_in(predictions, pool)[1]
        note = ""
        if min_score is None:
            min_score, note = (0.0, "") if predictions is None else _least_score(pool, boxes)
        names, pre_labelled = list(classes) or rounds.our_classes, 0
        if to is None:
            min_score, note = 0.0, ""  # no box goes along with a list
            summary, items, files = None, {one: one for one in frame_ids}, _write_list(out, frame_ids, replace=replace)
        else:
            source = IndexedFrames(pool)
            runs = [] if context is None else _usable(pool, runs_around(source.records, frame_ids, context), frame_ids)
            job = HandOff(source, frame_ids, f"round-{number}", boxes, min_score, sequences=runs, class_names=names)
            with progress("Handing off frames", len(job.all_ids)) as advance:
                exporter = EXPORTERS.make(to, exporter_options or {})
                summary = exporter.write(job, out, replace=replace, advance=advance)
            items = summary.items
            pre_labelled = sum(len(job.boxes(one)) > 0 for one in items.values())
            files, names = summary.files or (summary.folder,), job.classes
        if not items:
            assert summary is not None
            first = next(iter(summary.failed.values()), "")
            raise ScanpickError(f"None of the {len(frame_ids)} frames of round {number} can be handed off. {first}")
        event = HandedOff(
            round=number,
            when=now(),
            number=numbered(rounds.of_kind(HandedOff)),
            tool=to or "",
            options=dict(exporter_options or {}),
            out=out.name,
            frames=len(items),
            pre_labelled=pre_labelled,
            least_score=min_score,
            classes=tuple(names),
        )
        before = rounds.of_kind(HandedOff)[-1:]
        again = bool(before) and _same(before[0], event) and items_of(pool, before[0].number) == items
        if not again:
            write_items(pool, event.number, items)
            rounds.with_event(event)
    return OnTheWay(number, len(items), summary, tuple(files), again, note)


def _least_score(pool: Workspace, detections: Mapping[str, Detections]) -> tuple[float, str]:
    """The least score of pre-labels, and what it means."""
    labels = {frame_id: one.boxes for frame_id, one in returned_labels(pool).items()}
    choice = score_for_pre_labels(labels, detections)
    if choice is None:
        return UNTRIED_SCORE, (
            f"Boxes go along from a score of {UNTRIED_SCORE} on. Too few of the frames that were predicted have labels "
            f"to tell how often boxes are right; give a score of your own with `min_score=...`."
        )
    seen = f"{choice.boxes} boxes in frames that have labels"
    if not choice.precision >= 0:
        return choice.score, f"No boxes go along: at no score half of them are right, on {seen}."
    return choice.score, (
        f"Boxes go along from a score of {choice.score:.3g} on, where half of them are right: {choice.precision:.0%} "
        f"of all above it, on {seen}."
    )


def recall(project: Workspace | str | Path, frames: FrameIds | None = None) -> tuple[str, ...]:
    """Take frames back that were sent, or refused by an annotator: they may be picked again.

    Args:
        project: The folder of a pool.
        frames: Which; by default all that were sent and have not come back.

    Returns:
        The frames that were taken back.

    Raises:
        ScanpickError: A frame was neither sent nor refused, or there is none.

    Example:
        >>> import scanpick as sp
        >>> picks = sp.pick("simulated:demo", 2, "project", encoder="statistics", options={"frames": 8}, report=False)
        >>> sent = sp.hand_off("project", "kitti_subset", "to-label")
        >>> len(sp.recall("project"))
        2
    """
    pool = open_pool(project)
    with pool.write_lock():
        rounds = Rounds.of(pool)
        away = rounds.at(Place.SENT)
        asked = tuple(away) if frames is None else tuple(dict.fromkeys(frame_ids_of(frames)))
        if not asked:
            raise ScanpickError(f"{pool.path}: no frame is with annotators, so none can be taken back.")
        check_known("frames", asked, [*away, *rounds.at(Place.REJECTED)], where="what was sent or refused")
        rounds.with_event(Recalled(round=max(rounds.newest, 1), when=now(), frame_ids=asked))
    return asked


def _with_selection(rounds: Rounds, name: str) -> Rounds:
    """The rounds with a selection that was made by itself (`select`) as the picks of the coming one."""
    pool = rounds.workspace
    name, selection = load_selection(pool, name)
    if any(event.selection == name for event in rounds.of_kind(Picked)[-1:]):
        return rounds
    taken, refused = rounds.taken()
    twice = [one for one in selection.frame_ids if one in taken | refused]
    if twice:
        raise ScanpickError(
            f"Selection '{name}': {len(twice)} of its frames were handed off, labelled or refused before: "
            f"{name_some(twice)}. Take them back first (`scanpick.recall(...)`), or select again."
        )
    data = str(selection.summary.get("data_sha256", ""))
    picked = Picked(
        round=rounds.coming, when=now(), selection=name, frames=len(selection), verb="select", data_sha256=data
    )
    return rounds.with_event(picked)


def _to_send(rounds: Rounds) -> tuple[int, list[str]]:
    """The newest round and the frames of it that wait for labels."""
    pool, number = rounds.workspace, rounds.newest
    if not number:
        raise ScanpickError(
            f"{pool.path}: nothing was picked yet. Pick first: {call('pick', 'DATASET', budget=200, out=pool.path)}"
        )
    states = rounds.states
    waiting = [
        one for one in rounds.frames_of(number) if one in states and states[one].place in (Place.PICKED, Place.SENT)
    ]
    if not waiting:
        raise ScanpickError(
            f"{pool.path}: every frame of round {number} has labels, or was refused or taken back. "
            f"The next round: {call('next', pool.path, budget=200)}"
        )
    return number, waiting


def _usable(pool: Workspace, runs: Sequence[Sequence[str]], picked: Sequence[str]) -> list[list[str]]:
    """The runs without frames that are set aside; a picked one stays, and fails by name."""
    frames, asked = pool.frames(), set(picked)
    return [[one for one in run if one in asked or frames.usable[frames.row_of[one]]] for run in runs]


def _write_list(out: Path, frame_ids: Sequence[str], *, replace: bool) -> tuple[Path, ...]:
    file = ExportFile(out.name, format_frame_ids(frame_ids).encode())
    folder = ExportFolder(out.parent, replace=replace)
    folder.check([file])
    with folder.remembered():
        folder.write([file])
    return (out,)


def _same(one: HandedOff, other: HandedOff) -> bool:
    apart = {"when", "number"}
    return one.model_dump(exclude=apart) == other.model_dump(exclude=apart)
