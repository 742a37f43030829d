"""``sp.add_labels``: labels come back from annotators, are checked, and are kept in the pool."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.datasets.inspection import Problem
from scanpick.datasets.label_checks import check_frame, check_sizes
from scanpick.errors import MissingExtraError, ScanpickError
from scanpick.exporters import EXPORTERS, LabelReader, ReturnedLabels
from scanpick.face.pools import open_pool
from scanpick.structures import Boxes3D, Labels
from scanpick.structures.checks import name_some
from scanpick.workspace.indexed_frames import IndexedFrames
from scanpick.workspace.labels import LabelTable, returned_labels, write_label_table
from scanpick.workspace.reading import Progress, no_progress
from scanpick.workspace.rounds import CLASS_LEFT_OUT, HandedOff, Place, Returned, Rounds, now, numbered
from scanpick.workspace.workspace import Workspace

NOT_ASKED, UNKNOWN, CHANGED = "not asked for", "not of this pool", "changed points"


@dataclass(frozen=True, eq=False)
class LabelsBack:
    """Labels that came back, as they were kept.

    Attributes:
        number: Of the import; 0 where nothing was new.
        tool: The exporter whose form they are in.
        labels: Frame id -> labels, of our classes.
        rejected: Frame id -> why an annotator refused it.
        missing: Frames that were sent, and have not come back.
        corrected: How many frames had labels before, which stay as history.
        classes: The tool's names of classes -> ours.
        problems: What looks wrong, frame by frame.
        notes: What else a reader should know, in sentences.
    """

    number: int
    tool: str
    labels: Mapping[str, Labels]
    rejected: Mapping[str, str]
    missing: tuple[str, ...]
    corrected: int
    classes: Mapping[str, str]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def boxes(self) -> int:
        """How many boxes came."""
        return sum(map(len, self.labels.values()))


def add_labels(
    project: Workspace | str | Path,
    export: str | Path,
    *,
    tool: str | None = None,
    exporter_options: Mapping[str, Any] | None = None,
    classes: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> LabelsBack:
    """Take labels back that an annotation tool exported: check them, and keep them in the pool.

    Frames that were sent and are not in the export stay sent. Labels of a frame that had some go before the older
    ones, which stay in the pool as history. `train`, `evaluate` and `next` read what came back.

    Args:
        project: The folder of a pool.
        export: What the tool exported: a file, a zip or a folder.
        tool: Its name in `EXPORTERS`; that of the newest hand-off by default.
        exporter_options: Options of the tool; those of the hand-off by default.
        classes: The tool's names of classes -> ours ("vehicle.car" -> "Car"), ``"-"`` to leave boxes of a class out.
            Names that are ours, in another case too, need none, and those of the first labels become ours.
        progress: Shows how far it is.

    Raises:
        ScanpickError: The export is not of this tool, has no frame of this pool, or a class is unknown.

    Example:
        >>> import scanpick as sp
        >>> picks = sp.pick("simulated:demo", 2, "project", encoder="statistics", options={"frames": 8}, report=False)
        >>> sent = sp.hand_off("project", "kitti_subset", "to-label")
        >>> len(sp.add_labels("project", "to-label").labels)  # the simulator has labelled them already
        2
    """
    pool, export = open_pool(project), Path(export)
    with pool.write_lock():
        rounds = Rounds.of(pool)
        sent = next((event for event in reversed(rounds.of_kind(HandedOff)) if event.tool), None)
        if tool is None:
            if sent is None:
                raise ScanpickError(
                    f"{pool.path}: no frame was handed off to a tool, so say whose export {export.name} is: "
                    f"`tool='NAME'`, one of {', '.join(_readers())}."
                )
            tool = sent.tool
        if exporter_options is None:
            exporter_options = sent.options if sent is not None and sent.tool == tool else {}
        reader = EXPORTERS.make(tool, exporter_options)
        if not isinstance(reader, LabelReader):
            raise ScanpickError(f"'{tool}' gives no labels back. Tools that do: {', '.join(_readers())}.")
        items = rounds.items
        if all(name == one for name, one in items.items()):  # so any name that is an id means that frame
            items = {one: one for one in pool.frames().frame_ids} | items
        found = reader.read(export, items)
        if not found.labels and not found.rejected:
            raise ScanpickError(
                f"{export}: has no labels of frames of {pool.path}. {_names(found.unknown)}Expected names such as "
                f"{name_some(list(rounds.items or items), 3)}."
            )
        mapped = class_map(found.class_names, classes or {}, rounds)
        ours = {frame_id: _with_classes(one, mapped) for frame_id, one in found.labels.items()}
        known = returned_labels(pool)
        refused = set(rounds.at(Place.REJECTED))
        new = {
            one: of
            for one, of in ours.items()
            if one not in known or one in refused or digest_of({one: of}) != _digest(known, one)
        }
        rejected = {one: why for one, why in found.rejected.items() if one not in refused}
        problems = _check(rounds, pool, found, new, progress)
        number = 0
        if new or rejected:
            number = numbered(rounds.of_kind(Returned))
            frames = pool.frames()
            contents = {one: frames.contents[frames.row_of[one]] for one in new if one in frames.row_of}
            contents |= {one: "" for one in new if one not in contents}
            write_label_table(pool.returned_path(number), LabelTable(new, contents=contents))
            counts = {kind: sum(one.kind == kind for one in problems) for kind in {one.kind for one in problems}}
            # Late labels of an earlier round do not close the newest one, which may be still to be handed off
            own = [rounds.states[one].round for one in (*new, *rejected) if one in rounds.states]
            event = Returned(
                round=max(own, default=max(rounds.newest, 1)),
                when=now(),
                number=number,
                tool=tool,
                source=export.name,
                sha256=digest_of(new),
                frames=len(new),
                boxes=sum(map(len, new.values())),
                rejected=rejected,
                classes=mapped,
                doubts=dict(sorted(counts.items())),
            )
            rounds = rounds.with_event(event)
    missing = tuple(rounds.at(Place.SENT))
    corrected = sum(one in known for one in new)
    return LabelsBack(number, tool, new, rejected, missing, corrected, mapped, tuple(problems), found.notes)


def class_map(names: Sequence[str], given: Mapping[str, str], rounds: Rounds) -> dict[str, str]:
    """The tool's names of classes -> ours.

    Raises:
        ScanpickError: A name is neither given nor ours.
    """
    before = rounds.classes
    ours = {*rounds.our_classes, *given.values()} - {CLASS_LEFT_OUT}
    spelling = {name.casefold(): name for name in sorted(ours)}
    mapped: dict[str, str] = {}
    for name in names:
        known = given.get(name) or before.get(name) or spelling.get(name.casefold())
        mapped[name] = known or (name if not ours else "")
    unknown = [name for name, known in mapped.items() if not known]
    if unknown:
        asked = {unknown[0]: sorted(ours)[0] if ours else "Car"}
        raise ScanpickError(
            f"Labels of {len(unknown)} classes that this project does not know: {name_some(unknown)}. It knows "
            f"{name_some(sorted(ours))}. Say which of them each is, is itself, or '{CLASS_LEFT_OUT}' to leave its "
            f"boxes out: `classes={asked!r}`"
        )
    return mapped


def digest_of(labels_of: Mapping[str, Labels]) -> str:
    """A digest of boxes and classes by frame, to tell labels from others."""
    digest = hashlib.sha256()
    for frame_id, one in sorted(labels_of.items()):
        digest.update(f"{frame_id}\t{one.boxes.class_names.tolist()}\n".encode())
        digest.update(np.ascontiguousarray(one.boxes.array).tobytes())
    return digest.hexdigest()


def _digest(known: Mapping[str, Labels], frame_id: str) -> str:
    return digest_of({frame_id: known[frame_id]})


def _with_classes(one: Labels, mapped: Mapping[str, str]) -> Labels:
    """The same labels of our classes, boxes of those that are left out gone."""
    names = np.array([mapped.get(name, name) for name in one.boxes.class_names.tolist()], dtype=np.str_)
    kept = names != CLASS_LEFT_OUT
    if kept.all() and np.array_equal(names, one.boxes.class_names):
        return one
    arrays = {name: getattr(one, name) for name in ("truncation", "occlusion", "image_boxes", "track_ids")}
    chosen: dict[str, Any] = {name: None if array is None else array[kept] for name, array in arrays.items()}
    return replace(one, boxes=Boxes3D(one.boxes.array[kept], names[kept]), camera_objects=None, **chosen)


def _check(
    rounds: Rounds, pool: Workspace, found: ReturnedLabels, new: Mapping[str, Labels], progress: Progress
) -> list[Problem]:
    """What looks wrong with labels that came back; frames are read to count the points in boxes."""
    frames, asked = pool.frames(), set(rounds.states)
    problems = [Problem(UNKNOWN, name, "no frame of this name was handed off") for name in found.unknown]
    problems += [Problem(NOT_ASKED, one, "was not picked in any round") for one in new if one not in asked]
    source = IndexedFrames(pool)
    with progress("Checking labels", len(new)) as advance:
        for frame_id, one in new.items():
            frame = None
            if frame_id in frames.row_of:
                try:
                    frame = source.read(frame_id)
                except ScanpickError as fault:
                    problems.append(Problem(CHANGED, frame_id, str(fault)))
            problems += check_frame(frame_id, one.boxes, frame)
            problems += [Problem("implausible labels", frame_id, doubt) for doubt in one.doubts]
            advance(1)
    return problems + list(check_sizes({frame_id: one.boxes for frame_id, one in new.items()}))


def _names(unknown: Sequence[str]) -> str:
    return f"It has {name_some(unknown, 3)}. " if unknown else ""


def _readers() -> list[str]:
    """Tools that give labels back; one that needs an extra is left out where that is not installed."""
    found = []
    for name in EXPORTERS.names():
        with suppress(MissingExtraError):
            if hasattr(EXPORTERS.load(name), "read"):
                found.append(name)
    return found
