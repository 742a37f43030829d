"""``rounds.toml``: what happened to a pool, round by round, and so where each of its frames is.

A list of events, in order; an event is added and never changed. What concerns many frames lies in a table that the
event names: the picks in ``selections/<name>.parquet``, a hand-off in ``hand-offs/<number>.csv`` (the annotation tool's
name of each frame), labels that came back in ``labels/<number>.parquet``. The table is written first, the event last: a
run that is killed in between is as if it had not begun.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from scanpick.errors import ScanpickError
from scanpick.formats.parquet import notes_of, read_parquet
from scanpick.formats.selection_table import read_selection
from scanpick.formats.toml import format_toml
from scanpick.selection.budget import Prices
from scanpick.texts import parse_toml, parsing, read_csv, read_sealed, write_csv, write_sealed
from scanpick.workspace.workspace import Workspace

FORMAT = 1

CLASS_LEFT_OUT = "-"
"""What an annotation tool's class is mapped to whose boxes are left out."""

VALIDATION = "validation"
"""The selection that holds the frames on which detectors are measured."""


class Place(StrEnum):
    """Where a frame is."""

    PICKED = "picked"
    SENT = "sent"
    LABELLED = "labelled"
    REJECTED = "rejected"


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    round: int = Field(ge=1)
    when: datetime


class Picked(_Event):
    """Frames were picked; in a round that is not handed off, they take the place of the picks before.

    Attributes:
        selection: The name of the selection, whose table knows why.
        frames: How many.
        verb: What made it ("pick", "next").
        data_sha256: The state of the pool that they were picked from.
    """

    kind: Literal["picked"] = "picked"
    selection: str
    frames: int
    verb: str
    data_sha256: str


class SetApart(_Event):
    """Whole drives were set apart: frames of them are labelled to measure detectors, none is picked.

    Attributes:
        selection: The name of the selection that holds the frames to be labelled.
        share: The share of frames that was asked for, as it was written.
        frames: How many frames are to be labelled.
        sequences: The drives.
    """

    kind: Literal["set apart"] = "set apart"
    selection: str = VALIDATION
    share: str
    frames: int
    sequences: tuple[str, ...]


class HandedOff(_Event):
    """Frames went to an annotation tool.

    Attributes:
        number: Of the hand-off; its frames are in ``hand-offs/<number>.csv``.
        tool: The exporter; "" for the list alone.
        options: Those of the exporter.
        out: The name of the file or folder.
        frames: How many.
        pre_labelled: How many of them went with a detector's boxes.
        least_score: The least score of these boxes.
        classes: The classes that annotators choose from.
    """

    kind: Literal["handed off"] = "handed off"
    number: int
    tool: str = ""
    options: dict[str, Any] = Field(default_factory=dict)
    out: str
    frames: int
    pre_labelled: int = 0
    least_score: float = 0.0
    classes: tuple[str, ...] = ()


class Returned(_Event):
    """Labels came back.

    Attributes:
        number: Of the import; its labels are in ``labels/<number>.parquet``.
        tool: The exporter whose form they are in.
        source: The name of the file or folder.
        sha256: Of what it holds.
        frames: How many frames have labels in it.
        boxes: How many boxes these have.
        rejected: Frame id -> why an annotator refused it.
        classes: The tool's names of classes -> ours.
        doubts: Kind of doubt -> how many frames have it.
    """

    kind: Literal["returned"] = "returned"
    number: int
    tool: str
    source: str
    sha256: str
    frames: int
    boxes: int
    rejected: dict[str, str] = Field(default_factory=dict)
    classes: dict[str, str] = Field(default_factory=dict)
    doubts: dict[str, int] = Field(default_factory=dict)


class Recalled(_Event):
    """Frames were taken back: they may be picked again.

    Attributes:
        frame_ids: Which.
    """

    kind: Literal["recalled"] = "recalled"
    frame_ids: tuple[str, ...]


class Priced(_Event):
    """What labels cost was said.

    Attributes:
        per_frame: For opening a frame.
        per_box: For drawing a box.
        currency: What is counted.
    """

    kind: Literal["priced"] = "priced"
    per_frame: float = Field(default=0.0, ge=0)
    per_box: float = Field(default=0.0, ge=0)
    currency: str = ""


class Measured(_Event):
    """A detector was measured on the validation frames; it had learnt from what was labelled until then.

    Attributes:
        detector: Which; the name of the predictions.
        class_name: Of which objects.
        min_overlap: Overlap in space that a match must exceed.
        ap: Average precision in percent.
        low: Lower end of its 95% interval.
        high: Upper end of it.
        frames: Labelled frames that the detector could learn from.
        boxes: The boxes in these, of all classes.
        validation_frames: Frames that it was measured on.
    """

    kind: Literal["measured"] = "measured"
    detector: str
    class_name: str
    min_overlap: float
    ap: float
    low: float
    high: float
    frames: int
    boxes: int
    validation_frames: int


Event = Picked | SetApart | HandedOff | Returned | Recalled | Priced | Measured
_Events = TypeAdapter(list[Annotated[Event, Field(discriminator="kind")]])


@dataclass(frozen=True)
class FrameState:
    """Where a frame is, and in which round it was picked."""

    place: Place
    round: int


@dataclass(frozen=True, eq=False)
class Rounds:
    """The rounds of a pool.

    Attributes:
        workspace: The pool.
        events: What happened, in order.
        begins_anew: Whether the coming picks are of a new round, though the newest was not handed off.
    """

    workspace: Workspace
    events: tuple[Event, ...] = ()
    begins_anew: bool = False
    _tables: dict[tuple[str, Any], Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, workspace: Workspace) -> Rounds:
        """Read the rounds of a pool; none where nothing was picked.

        Raises:
            ScanpickError: The file is malformed, or was changed since it was written.
        """
        path = workspace.rounds_path
        if not path.is_file():
            return cls(workspace)
        document = parse_toml(read_sealed(path), str(path))
        if document.get("format") != FORMAT:
            raise ScanpickError(f"{path}: expected rounds of format {FORMAT}, got {document.get('format')!r}.")
        with parsing(str(path), "the rounds of a pool"):
            try:
                return cls(workspace, tuple(_Events.validate_python(document.get("events", []))))
            except ValidationError as fault:
                first = fault.errors()[0]
                raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from fault

    def with_event(self, event: Event) -> Rounds:
        """Add an event, and write it down. Call it while the pool is held for writing."""
        events = (*self.events, event)
        document = {"format": FORMAT, "events": [one.model_dump(mode="json") for one in events]}
        write_sealed(self.workspace.rounds_path, format_toml(document))
        return Rounds(self.workspace, events, self.begins_anew, self._tables)

    def of_kind(self, kind: type[Any], number: int | None = None) -> list[Any]:
        """The events of a kind; of one round, where a number is given."""
        return [one for one in self.events if isinstance(one, kind) and number in (None, one.round)]

    @property
    def numbers(self) -> list[int]:
        """The rounds that there are."""
        return sorted({event.round for event in self.of_kind(Picked)})

    @property
    def newest(self) -> int:
        """The number of the newest round; 0 before the first."""
        return max(self.numbers, default=0)

    def is_open(self, number: int) -> bool:
        """Whether its frames are picked, and neither handed off nor labelled: they may be picked anew."""
        if number not in self.numbers or number < self.newest:
            return False
        return not self.of_kind(HandedOff, number) and not self.of_kind(Returned, number)

    @property
    def coming(self) -> int:
        """The round that the next picks are for: the newest where it is open, else a new one."""
        return self.newest if self.is_open(self.newest) and not self.begins_anew else self.newest + 1

    def selections(self, number: int) -> list[str]:
        """The selections whose frames are labelled in a round: those of validation first, then the picks."""
        apart = [event.selection for event in self.of_kind(SetApart, number)][-1:]
        return [*apart, *[event.selection for event in self.of_kind(Picked, number)][-1:]]

    @property
    def kept(self) -> set[str]:
        """The selections that rounds stand on, and that nothing replaces: those of rounds that are not open."""
        return {one for number in self.numbers if not self.is_open(number) for one in self.selections(number)}

    def frames_of(self, number: int) -> list[str]:
        """The frames of a round, in the order in which they are labelled."""
        ids = [one for selection in self.selections(number) for one in self.frames_in(selection)]
        return list(dict.fromkeys(ids))

    def frames_in(self, selection: str) -> tuple[str, ...]:
        """The frames of a selection of the pool."""
        path = self.workspace.selection_path(selection)
        mark = path.stat().st_mtime_ns if path.exists() else 0
        ids: tuple[str, ...] = self._once((selection, mark), lambda: read_selection(path).frame_ids)
        return ids

    def _sent(self, number: int) -> dict[str, str]:
        """A hand-off's frames; its table, as that of an import, never changes once its event is written."""
        items: dict[str, str] = self._once(("/sent", number), lambda: items_of(self.workspace, number))
        return items

    def _labelled(self, number: int) -> list[str]:
        """The frames that have labels in an import."""
        path = self.workspace.returned_path(number)
        # The notes of the table name every frame, also one in which there was nothing to label
        ids: list[str] = self._once(("/labelled", number), lambda: list(notes_of(read_parquet(path), path)["contents"]))
        return ids

    def _once(self, key: tuple[str, Any], read: Callable[[], Any]) -> Any:
        """Read a table, or give what was read of it before an event was added."""
        if key not in self._tables:
            self._tables[key] = read()
        return self._tables[key]

    @property
    def validation(self) -> tuple[str, ...]:
        """The frames on which detectors are measured."""
        return tuple(dict.fromkeys(one for event in self.of_kind(SetApart) for one in self.frames_in(event.selection)))

    @property
    def sequences_apart(self) -> set[str]:
        """The drives of which no frame is picked."""
        return {name for event in self.of_kind(SetApart) for name in event.sequences}

    @property
    def classes(self) -> dict[str, str]:
        """An annotation tool's names of classes -> ours, as far as they were said."""
        return {name: ours for event in self.of_kind(Returned) for name, ours in event.classes.items()}

    @property
    def our_classes(self) -> list[str]:
        """Our names of classes, of what came back and what was handed off."""
        sent = (name for event in self.of_kind(HandedOff) for name in event.classes)
        return [name for name in dict.fromkeys([*self.classes.values(), *sent]) if name != CLASS_LEFT_OUT]

    @property
    def prices(self) -> Priced | None:
        """What labels cost, as it was said last."""
        return next(reversed(self.of_kind(Priced)), None)

    @cached_property
    def items(self) -> dict[str, str]:
        """The annotation tools' names -> frame ids, of all hand-offs; a later one wins."""
        found: dict[str, str] = {}
        for event in self.of_kind(HandedOff):
            found |= self._sent(event.number)
        return found

    @cached_property
    def states(self) -> Mapping[str, FrameState]:
        """Frame id -> where it is, of every frame that was picked, or has labels that came back."""
        found: dict[str, FrameState] = {}
        for event in self.events:
            match event:
                case Picked():
                    if event.selection in self.selections(event.round):
                        _note(found, self.frames_in(event.selection), Place.PICKED, event.round)
                case SetApart():
                    _note(found, self.frames_in(event.selection), Place.PICKED, event.round)
                case HandedOff():
                    sent = self._sent(event.number).values()
                    waiting = [one for one in sent if _place(found, one) is not Place.LABELLED]
                    _note(found, waiting, Place.SENT, event.round)
                case Returned():
                    _note(found, self._labelled(event.number), Place.LABELLED, event.round)
                    _note(found, event.rejected, Place.REJECTED, event.round)
                case Recalled():
                    for frame_id in event.frame_ids:
                        found.pop(frame_id, None)
        return found

    def at(self, *places: Place) -> list[str]:
        """The frames in these places."""
        return [frame_id for frame_id, state in self.states.items() if state.place in places]

    def taken(self, number: int | None = None) -> tuple[set[str], set[str]]:
        """Frames that are not picked again in a round: those that count as covered, and those that were refused.

        Args:
            number: The round; the coming one by default. Its own picks are free while it is open.
        """
        own = self.coming if number is None else number
        free = {one for one in self.at(Place.PICKED) if self.states[one].round == own} - set(self.validation)
        rejected = set(self.at(Place.REJECTED))
        return set(self.states) - rejected - free, rejected


def now() -> datetime:
    """The time, for an event: UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def write_items(workspace: Workspace, number: int, items: Mapping[str, str]) -> None:
    """Write a hand-off's frames: the tool's name of each."""
    rows = [{"item": name, "frame_id": frame_id} for name, frame_id in items.items()]
    write_csv(workspace.hand_off_path(number), ("item", "frame_id"), rows)


def items_of(workspace: Workspace, number: int) -> dict[str, str]:
    """A hand-off's frames: the tool's name -> frame id.

    Raises:
        ScanpickError: The table is missing, malformed, or was changed since it was written.
    """
    rows = read_csv(workspace.hand_off_path(number), ("item", "frame_id"))
    return {row["item"]: row["frame_id"] for row in rows}


def prices_of(priced: Priced | None) -> Prices | None:
    """The prices of a frame and of a box; None where nobody said any."""
    return None if priced is None else Prices(priced.per_frame, priced.per_box)


def _note(found: dict[str, FrameState], frame_ids: Iterable[str], place: Place, number: int) -> None:
    for frame_id in frame_ids:
        before = found.get(frame_id)
        found[frame_id] = FrameState(place, number if before is None else before.round)


def _place(found: Mapping[str, FrameState], frame_id: str) -> Place | None:
    return found[frame_id].place if frame_id in found else None


def numbered(events: Sequence[HandedOff | Returned]) -> int:
    """The next number of a table."""
    return max((event.number for event in events), default=0) + 1
