"""``sp.next``: the next round of a project, picked with what the labels that came back teach a detector."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.errors import ScanpickError, call
from scanpick.evaluation.in_space import evaluate_in_space
from scanpick.exporters.kitti_results import read_detections
from scanpick.face.pools import open_pool
from scanpick.face.returning import digest_of
from scanpick.face.selecting import Paths, Selected, select_from, several
from scanpick.files import sha256_of_file, sha256_of_text, without_places
from scanpick.formats.frame_scores import write_frame_scores
from scanpick.formats.predictions import read_predictions, read_predictions_meta, write_predictions
from scanpick.reports.report import STEPS, write_report
from scanpick.selection import parse_budget
from scanpick.selection.config import SelectionConfig
from scanpick.structures import Detections, Labels, Selection
from scanpick.structures.checks import name_some
from scanpick.training.scenes import camera_of_frame
from scanpick.uncertainty import SCORES, score_frames
from scanpick.workspace.changes import Changes
from scanpick.workspace.labels import returned_labels
from scanpick.workspace.picked_rounds import note_picks
from scanpick.workspace.reading import Progress, no_progress
from scanpick.workspace.rounds import Measured, Place, Priced, Rounds, now, prices_of
from scanpick.workspace.selections import publish
from scanpick.workspace.workspace import Workspace

UNSURE, COVERING = "uncertainty_herding", "diversity"
"""What picks unless another strategy is named: with a detector, and without one."""

_FEWEST_BOXES = 10
"""Objects of a class that a detector is trained for by default."""


@dataclass(frozen=True)
class Trainee:
    """How a detector is trained for the picks of a round.

    Attributes:
        name: Which kind of detector.
        classes: What it is to find; by default the classes of which `_FEWEST_BOXES` boxes came back.
        settings: Further arguments of `train`: iterations, epochs, minutes, detector_options, weights, ...
    """

    name: str = "pillar-nano"
    classes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class NextRound:
    """The picks of a round.

    Attributes:
        round: Its number.
        pool: The project.
        name: What the selection is called.
        selection: The frames to label, best first.
        detector: What said where it is unsure; "" where none did.
        measured: How good it is on the validation frames, class by class.
        expected_boxes: How many boxes the picks are expected to need; None where no detector tells.
        boxes_note: How that was found.
        expected_cost: What they are expected to cost; None where no prices are known.
        currency: What is counted.
        changes: What has changed in the folder of the data set since it was indexed.
        files: What was written for others: file name -> file.
        notes: What else a reader should know.
    """

    round: int
    pool: Workspace
    name: str
    selection: Selection
    detector: str
    measured: tuple[Measured, ...]
    expected_boxes: float | None
    boxes_note: str
    expected_cost: float | None
    currency: str
    changes: Changes | None
    files: Mapping[str, Path]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.selection)

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """The frames to label, best first."""
        return self.selection.frame_ids


def next(
    project: Workspace | str | Path,
    budget: str | int | None = None,
    strategy: str | None = None,
    *,
    predictions: str | Path | None = None,
    detector: str = "pillar-nano",
    classes: Sequence[str] = (),
    label_names: Sequence[str] = (),
    score: str = "entropy",
    aggregate: str = "mean",
    training: Mapping[str, Any] | None = None,
    report: bool = True,
    progress: Progress = no_progress,
    **settings: Any,
) -> NextRound:
    """Pick the next round: train a detector on what is labelled, find where it is unsure, and pick there.

    Frames that have labels, are with annotators or were refused by them are not picked again, nor are drives that are
    set apart for validation. Killed and started again, it goes on where it stopped; run again before its picks are
    handed off, it picks them anew.

    Args:
        project: The folder of a pool.
        budget: What may be spent: ``200``, ``"5%"``, ``"500 objects"``, ``"300 EUR at 0.5/frame + 0.04/box"``.
        strategy: What orders the frames; by default uncertainty_herding, which weighs how unsure the detector is of a
            frame by how much of the pool the frame stands for.
        predictions: Your own detector's boxes of all frames, instead of training one: predictions of the pool, a
            predictions table, KITTI result files, mmdetection3d's JSON.
        detector: Which kind of detector is trained; "none" for none, where the strategy needs no score.
        classes: What it is to find; by default what there is enough of in the labels.
        label_names: Class names of mmdetection3d's JSON.
        score: How unsure a detector is of a box, see `score`.
        aggregate: How boxes make a frame's score.
        training: Further arguments of `train`: iterations, minutes, detector_options, weights, view, device, ...
        report: Write report.html too.
        progress: Shows how far it is.
        **settings: All that `select` takes with a folder: constraints, objectives, options, seed, embedding, table, ...

    Raises:
        ScanpickError: No labels came back to train on, or an argument does not fit.

    Example:
        >>> import scanpick as sp
        >>> picks = sp.pick("simulated:demo", 2, "project", encoder="statistics", options={"frames": 8}, report=False)
        >>> sent = sp.hand_off("project", "kitti_subset", "to-label")
        >>> len(sp.next("project", 3, "diversity", detector="none", report=False))
        3
    """
    asked = {name: settings.pop(name) for name in SelectionConfig.model_fields if name in settings}
    given = {name: value for name, value in asked.items() if value is not None}
    named = {} if strategy is None else {"strategy": strategy}
    config = SelectionConfig.of({"budget": budget, **named, **given})
    trainee = Trainee(detector, tuple(classes), training or {})
    return next_from(
        project,
        config,
        predictions=predictions,
        trainee=trainee,
        label_names=label_names,
        score=score,
        aggregate=aggregate,
        report=report,
        progress=progress,
        **settings,
    )


def next_from(
    project: Workspace | str | Path,
    asked: SelectionConfig,
    *,
    predictions: str | Path | None = None,
    trainee: Trainee | None = None,
    label_names: Sequence[str] = (),
    score: str = "entropy",
    aggregate: str = "mean",
    min_score: float | None = None,
    table: Paths = (),
    report: bool = True,
    progress: Progress = no_progress,
    **settings: Any,
) -> NextRound:
    """`next` with everything that decides the selection in one place."""
    pool, trainee = open_pool(project), trainee or Trainee()
    SCORES.load(score)
    with pool.write_lock():
        rounds = Rounds.of(pool)
        if not rounds.newest:
            raise ScanpickError(
                f"{pool.path}: nothing was picked yet. Begin with: {call('pick', 'DATASET', budget=200, out=pool.path)}"
            )
        number, notes = rounds.coming, []
        known = pool.frames().row_of
        returned = {one: of for one, of in returned_labels(pool).items() if one in known}
        # What a detector finds in the frames
        name = f"round-{number}"
        if predictions is not None:
            found, detector = _own(pool, predictions, name, label_names), without_places(str(predictions))
        elif trainee.name != "none":
            found, taught = _trained(pool, rounds, returned, trainee, name, progress)
            detector, trainee = trainee.name, replace(trainee, classes=taught)
        else:
            found, detector = {}, ""
        # How good it is
        measured: tuple[Measured, ...] = ()
        if found:
            rounds, measured = _measured(rounds, returned, found, detector, trainee.classes)
        # Where it is unsure
        tables, missing = [Path(path) for path in several(table)], set()
        if found:
            scores = score_frames(found, score, SCORES.load(score), aggregate)
            path = pool.path / "scores" / f"{name}.parquet"
            write_frame_scores(path, "uncertainty", scores.frame_ids, scores.values, scores.expected_boxes)
            tables.insert(0, path)
            missing = _not_found(pool, found, rounds)
            if missing:
                notes.append(
                    f"{len(missing)} frames have no predictions, and are left out: {name_some(sorted(missing))}."
                )
        # What to label
        if "strategy" not in asked.model_fields_set:
            asked = asked.model_copy(update={"strategy": UNSURE if found else COVERING})
        if not found and _needs_score(asked):
            raise ScanpickError(
                f"The strategy '{asked.strategy}' needs a detector: train one, or give `predictions=...`."
            )
        selected = select_from(
            pool,
            asked,
            table=tables,
            predictions=name if found else None,
            min_score=min_score,
            leave_out=missing,
            **settings,
        )
        assert selected.name is not None
        rounds = _priced(rounds, asked)
        rounds = note_picks(rounds, selected.name, "next")
        pool.record_step(f"next {selected.name}", {"detector": detector, "score": score, "aggregate": aggregate})
        if report:
            with progress("Writing the report", STEPS) as advance:
                page = pool.selection_path(selected.name).with_suffix(".html")
                write_report(pool, selected.name, page, advance=advance)
        files = publish(pool, selected.name)
    boxes, note = _expected(selected)
    prices = prices_of(rounds.prices)
    cost = None
    if prices is not None and (boxes is not None or not prices.per_box):
        cost = prices.of(len(selected.selection), boxes or 0.0)
    return NextRound(
        round=number,
        pool=pool,
        name=selected.name,
        selection=selected.selection,
        detector=detector,
        measured=measured,
        expected_boxes=boxes,
        boxes_note=note,
        expected_cost=cost,
        currency="" if rounds.prices is None else rounds.prices.currency,
        changes=selected.changes,
        files={path.name: path for path in files},
        notes=tuple(notes),
    )


def _own(pool: Workspace, given: str | Path, name: str, label_names: Sequence[str]) -> dict[str, Detections]:
    """Somebody's predictions, kept in the pool under a name of the round."""
    if str(given) in pool.prediction_names():
        found = pool.predictions(str(given))[1]
    else:
        dataset = pool.dataset()
        found = read_detections(
            Path(given), lambda frame_id: camera_of_frame(dataset, frame_id), label_names=label_names
        )
    known = pool.frames().row_of
    there = {frame_id: one for frame_id, one in found.items() if frame_id in known}
    if not there:
        raise ScanpickError(
            f"{given}: predictions of no frame of {pool.path}: they are of {name_some(list(found), 3) or 'no frame'}, "
            f"the pool has {name_some(pool.frames().frame_ids, 3)}."
        )
    write_predictions(pool.predictions_path(name), there.values(), {"source": without_places(str(given))})
    return there


def _trained(
    pool: Workspace,
    rounds: Rounds,
    returned: Mapping[str, Labels],
    trainee: Trainee,
    name: str,
    progress: Progress,
) -> tuple[dict[str, Detections], tuple[str, ...]]:
    """What a detector finds that learnt from all labels but those of validation, and the classes that it was taught."""
    frames = pool.frames()
    apart = set(rounds.validation)
    labelled = rounds.at(Place.LABELLED)
    learnt = [one for one in labelled if one in returned and one not in apart and frames.usable[frames.row_of[one]]]
    if not learnt:
        raise ScanpickError(
            f"{pool.path}: no labels came back that a detector could be trained on. Bring them in with "
            f"{call('add_labels', pool.path, 'EXPORT')}, or give `predictions=...` of your own, or pick without any: "
            f"{call('next', pool.path, budget=200, detector='none')}"
        )
    from scanpick.face.detectors import predict, train  # torch, where it is needed

    classes = list(trainee.classes) or _classes_of(returned, learnt)
    settings = dict(trainee.settings)
    asked = json.dumps([trainee.name, classes, settings], sort_keys=True, default=str)
    digest = sha256_of_text(f"{asked} {digest_of({one: returned[one] for one in learnt})}")[:10]
    folder = pool.detector_path(f"{name}-{digest}")
    train(pool, learnt, folder, detector=trainee.name, classes=classes, progress=progress, **settings)
    # Every frame that may be picked, those that were labelled to learn how many boxes to expect, those of validation
    records, out = frames.records, rounds.sequences_apart
    wanted = [
        one
        for one, record, usable in zip(frames.frame_ids, records, frames.usable, strict=True)
        if usable and (record.sequence not in out or one in apart)
    ]
    path, weights = pool.predictions_path(name), sha256_of_file(folder / "weights.pt")
    if path.is_file():
        meta = read_predictions_meta(path)
        if (meta.get("weights_sha256"), meta.get("data_sha256")) == (weights, frames.data_sha256):
            return read_predictions(path), tuple(classes)
    view = {key: settings[key] for key in ("view", "device") if key in settings}
    return dict(predict(pool, folder, frames=wanted, name=name, progress=progress, **view)), tuple(classes)


def _classes_of(returned: Mapping[str, Labels], frame_ids: Sequence[str]) -> list[str]:
    counts: Counter[str] = Counter()
    for one in frame_ids:
        counts.update(returned[one].boxes.class_names.tolist())
    if not counts:
        raise ScanpickError(f"The {len(frame_ids)} labelled frames hold no box, so that no detector can be trained.")
    often = [name for name, count in counts.most_common() if count >= _FEWEST_BOXES]
    return often or [counts.most_common(1)[0][0]]


def _measured(
    rounds: Rounds,
    returned: Mapping[str, Labels],
    found: Mapping[str, Detections],
    detector: str,
    classes: Sequence[str],
) -> tuple[Rounds, tuple[Measured, ...]]:
    """Measure the detector on the validation frames that have labels, and note it; the same is noted once."""
    frames, apart = rounds.workspace.frames(), set(rounds.validation)
    truth = {one: returned[one].boxes for one in rounds.validation if one in returned and one in found}
    if not truth:
        return rounds, ()
    learnt = [one for one in rounds.at(Place.LABELLED) if one in returned and one not in apart]
    names = list(classes) or list(dict.fromkeys(str(name) for one in found.values() for name in one.boxes.class_names))
    there = {str(name).lower() for boxes in truth.values() for name in boxes.class_names}
    names = [name for name in names if name.lower() in there]
    if not names:
        return rounds, ()
    drives = [frames.records[frames.row_of[one]].sequence for one in truth]
    measured = []
    for result in evaluate_in_space(truth, found, names, groups=drives):
        event = Measured(
            round=max(rounds.coming - 1, 1),
            when=now(),
            detector=detector,
            class_name=result.class_name,
            min_overlap=result.min_overlap,
            ap=result.ap,
            low=result.low,
            high=result.high,
            frames=len(learnt),
            boxes=sum(len(returned[one]) for one in learnt),
            validation_frames=len(truth),
        )
        if all(_but_time(one) != _but_time(event) for one in rounds.of_kind(Measured)):
            rounds = rounds.with_event(event)
        measured.append(event)
    return rounds, tuple(measured)


def _but_time(event: Measured) -> dict[str, Any]:
    return event.model_dump(exclude={"when"})


def _not_found(pool: Workspace, found: Mapping[str, Detections], rounds: Rounds) -> set[str]:
    """Frames that might be picked, and that nobody predicted."""
    frames, taken = pool.frames(), set(rounds.states)
    apart = rounds.sequences_apart
    return {
        one
        for one, record, usable in zip(frames.frame_ids, frames.records, frames.usable, strict=True)
        if usable and one not in found and one not in taken and record.sequence not in apart
    }


def _needs_score(asked: SelectionConfig) -> bool:
    return asked.strategy in ("uncertainty", "uncertainty_herding", "badge")


def _priced(rounds: Rounds, asked: SelectionConfig) -> Rounds:
    """Note the prices that a budget names, where they are new."""
    budget = None if asked.budget is None else parse_budget(asked.budget)
    if budget is None or budget.unit != "cost":
        return rounds
    said = (budget.prices.per_frame, budget.prices.per_box, budget.currency)
    before = rounds.prices
    if before is not None and (before.per_frame, before.per_box, before.currency) == said:
        return rounds
    return rounds.with_event(
        Priced(round=rounds.coming, when=now(), per_frame=said[0], per_box=said[1], currency=said[2])
    )


def _expected(selected: Selected) -> tuple[float | None, str]:
    """How many boxes the picks are expected to need, from what is labelled, and how that was found."""
    source = selected.source
    known = "calibrated" in source.pool.boxes_note  # where the budget counts boxes
    calibrated = (source if known else source.with_true_boxes()).pool
    if calibrated.expected_boxes is None:
        return None, ""
    rows = np.flatnonzero(np.isin(np.array(calibrated.frame_ids), np.array(selected.selection.frame_ids)))
    return float(calibrated.expected_boxes[rows].sum()), calibrated.boxes_note
