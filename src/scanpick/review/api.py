"""What the page can ask for: each answer is a function of the subject and the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scanpick.errors import ScanpickError
from scanpick.files import sha256_of_text
from scanpick.reports.contact_sheet import pick_reason
from scanpick.review.clouds import camera_facts, image_bytes
from scanpick.review.packing import pack
from scanpick.review.server import ConflictError, NotFoundError, Reply, Request
from scanpick.review.subject import Subject
from scanpick.selection.strategies import STRATEGIES
from scanpick.structures import Selection
from scanpick.workspace.reviews import ChangedSinceError, Decision, decide, read_review

_MOST_FOUND = 50
_MOST_DECIDED = 5000

Said = Mapping[str, Any]


@dataclass(frozen=True)
class Verbs:
    """What the page can have done, by the verbs that a command calls.

    Attributes:
        select: Settings of a selection (see `SelectionSettings` in the page) -> name or None, selection, command.
        evaluate: Name of predictions -> what the evaluation's view shows.
        decide_command: Selection, frame ids, what is decided -> the command that does the same.
        study: Gives what the view of a study shows; None where the subject belongs to none.
    """

    select: Callable[[Said], tuple[str | None, Selection, str]]
    evaluate: Callable[[str], Said]
    decide_command: Callable[[str, Sequence[str], Said], str]
    study: Callable[[], Said] | None = None


class Api:
    """Answers the page.

    Args:
        subject: What the page is about.
        verbs: What it can have done.
        start: What the page shows first: names of a selection, of predictions, a frame.
    """

    def __init__(self, subject: Subject, verbs: Verbs, start: Said | None = None) -> None:
        self.subject, self.verbs, self.start = subject, verbs, start or {}
        self._answers: dict[tuple[str, str], Callable[..., Reply | Said]] = {
            ("GET", "project"): self.project,
            ("GET", "frames"): self.frames,
            ("GET", "find"): self.find,
            ("GET", "ids"): self.ids,
            ("GET", "column"): self.column,
            ("GET", "map"): self.map,
            ("GET", "selection"): self.selection,
            ("GET", "frame"): self.frame,
            ("GET", "cloud"): self.cloud,
            ("GET", "boxes"): self.boxes,
            ("GET", "image"): self.image,
            ("GET", "nearest"): self.nearest,
            ("GET", "decisions"): self.decisions,
            ("POST", "decide"): self.decide,
            ("POST", "select"): self.select,
            ("GET", "evaluation"): self.evaluation,
            ("GET", "study"): self.study,
        }

    def __call__(self, request: Request) -> Reply | Said:
        """The answer to a request.

        Raises:
            NotFoundError: There is nothing at this place.
            ScanpickError: What was asked for cannot be had.
        """
        answer = self._answers.get((request.method, request.parts[0])) if request.parts else None
        if answer is None or len(request.parts) != 1:
            raise NotFoundError("There is nothing here.")
        return answer(request)

    # What there is

    def project(self, request: Request) -> Said:
        """All names that the page offers, and how far a step is that runs."""
        subject, workspace = self.subject, self.subject.workspace
        frames = subject.frames
        return {
            "name": subject.name,
            "kind": "dataset" if workspace is None else "workspace",
            "data": self.fingerprint,
            "frames": len(frames),
            "usable": int(frames.usable.sum()),
            "editable": workspace is not None and not workspace.read_only,
            "embeddings": subject.embedding_names(),
            "maps": subject.map_methods(),
            "columns": subject.column_names(),
            "selections": subject.selection_names(),
            "predictions": subject.prediction_names(),
            "strategies": sorted(STRATEGIES.names()),
            "study": self.verbs.study is not None,
            "start": self.start,
        }

    @property
    def fingerprint(self) -> str:
        """Tells one data set from another in links: the page at the same port may be another project's by now."""
        workspace = self.subject.workspace
        if workspace is None:
            return sha256_of_text(self.subject.name)[:12]
        return workspace.manifest().frames.table_sha256[:12]

    def frames(self, request: Request) -> Reply:
        """Sequences and times of all frames."""
        frames = self.subject.frames
        codes, names = frames.sequence_codes
        arrays: dict[str, Any] = {
            "sequence": codes.astype(np.uint32),
            "time": frames.times_s.astype(np.float32),
            "usable": frames.usable.astype(np.uint8),
        }
        return Reply(pack({"sequences": names, "count": len(frames)}, arrays))

    def find(self, request: Request) -> Said:
        """Rows of frames by id: the exact one, or those whose id holds a text."""
        import pyarrow.compute as pc

        frames, text = self.subject.frames, request.one("id")
        if request.one("exact"):
            return {"rows": [int(row) for row in frames.rows_of([text]) if row >= 0]}
        held = pc.match_substring(frames.frame_ids, text, ignore_case=True)
        rows = np.flatnonzero(held.to_numpy(zero_copy_only=False))
        return {
            "count": len(rows),
            "found": [{"row": int(row), "frame_id": frames.frame_id(row)} for row in rows[:_MOST_FOUND]],
        }

    def ids(self, request: Request) -> Said:
        """The ids of rows."""
        frames, rows = self.subject.frames, [_number(text) for text in request.one("rows").split(",")[:_MOST_DECIDED]]
        return {"frame_ids": [frames.frame_id(row) if row < len(frames) else None for row in rows]}

    def column(self, request: Request) -> Reply:
        """One value a frame."""
        header, values = self.subject.column(request.one("name"))
        return Reply(pack(header, {"values": values.astype(np.float32)}))

    def map(self, request: Request) -> Reply:
        """Positions of all frames."""
        return Reply(pack({}, {"positions": self.subject.map(request.one("method"), request.one("embedding")).ravel()}))

    # Selections

    def selection(self, request: Request) -> Reply:
        """The picks in order, each with its reason."""
        name = request.one("name")
        return Reply(self._packed(name, self.subject.selection(name)))

    def _packed(self, name: str | None, selection: Selection) -> bytes:
        frames = self.subject.frames
        rows = frames.rows_of(selection.frame_ids)
        there = rows >= 0
        summary = {key: value for key, value in selection.summary.items() if key != "labelled_ids"}
        labelled = frames.rows_of([str(one) for one in selection.summary.get("labelled_ids", [])])
        header = {
            "name": name,
            "strategy": selection.strategy,
            "summary": summary,
            "gone": int((~there).sum()),
            "contributions": list(selection.contributions),
        }
        arrays: dict[str, Any] = {
            "rows": rows[there].astype(np.uint32),
            "gains": selection.gains[there].astype(np.float32),
            "distances": selection.distances[there].astype(np.float32),
            "costs": selection.costs[there].astype(np.float32),
            "nearest": frames.rows_of(selection.nearest_selected)[there].astype(np.int32),
            "labelled": labelled[labelled >= 0].astype(np.uint32),
        }
        for number, values in enumerate(selection.contributions.values()):
            arrays[f"contribution_{number}"] = values[there].astype(np.float32)
        return pack(header, arrays)

    def select(self, request: Request) -> Reply:
        """Another selection: shown, or kept where it is given a name."""
        name, selection, command = self.verbs.select(request.body)
        return Reply(pack({"command": command}, {"selection": np.frombuffer(self._packed(name, selection), np.uint8)}))

    # Frames

    def frame(self, request: Request) -> Said:
        """What is known of one frame, and why it was picked."""
        row, subject = self._row(request), self.subject
        facts = subject.frames.facts(row)
        cameras = subject.cameras(row)
        frame_id = facts["frame_id"]
        reasons = {}
        for name in request.query.get("selection", []):
            selection = subject.selection(name)
            if frame_id in selection.frame_ids:
                rank = selection.frame_ids.index(frame_id)
                reasons[name] = {"rank": rank + 1, "of": len(selection), "text": pick_reason(selection, rank)}
        return facts | {
            "cameras": [camera_facts(camera) for camera in cameras],
            "poses": subject.has_poses(row),
            "reasons": reasons,
        }

    def cloud(self, request: Request) -> Reply:
        """The points of a frame."""
        return Reply(self.subject.cloud(self._row(request), _number(request.one("sweeps", "0"))))

    def boxes(self, request: Request) -> Said:
        """The boxes of a frame."""
        return self.subject.boxes(self._row(request), request.query.get("predictions", []))

    def image(self, request: Request) -> Reply:
        """What a camera saw: the browser says which by number, and never by a path."""
        cameras, number = self.subject.cameras(self._row(request)), _number(request.one("camera"))
        if number >= len(cameras):
            raise NotFoundError(f"This frame has {len(cameras)} cameras.")
        path = cameras[number].image_path
        assert path is not None
        kind, content = image_bytes(path)
        return Reply(content, kind)

    def nearest(self, request: Request) -> Said:
        """The frames that are nearest in an embedding."""
        found = self.subject.nearest(self._row(request), request.one("embedding"))
        frames = self.subject.frames
        return {
            "nearest": [{"row": row, "frame_id": frames.frame_id(row), "distance": far} for row, far in found],
        }

    def _row(self, request: Request) -> int:
        row = _number(request.one("row"))
        if row >= len(self.subject.frames):
            raise NotFoundError(f"Expected the row of a frame below {len(self.subject.frames)}, got {row}.")
        return row

    # Decisions

    def decisions(self, request: Request) -> Said:
        """What was decided about frames of a selection."""
        workspace, name = self.subject.workspace, request.one("selection")
        if workspace is None:
            return {"decisions": []}
        return self._told(read_review(workspace, name))

    def _told(self, known: Mapping[str, Decision]) -> Said:
        rows = self.subject.frames.rows_of(list(known))
        return {
            "decisions": [
                {"row": int(row), "frame_id": frame_id, **asdict(one)}
                for row, (frame_id, one) in zip(rows, known.items(), strict=True)
                if row >= 0
            ]
        }

    def decide(self, request: Request) -> Said:
        """Write decisions, unless somebody else has decided about these frames since."""
        workspace, body = self.subject.workspace, request.body
        if workspace is None:
            raise ScanpickError("Decisions are kept in a project: make one of this data set with `scanpick.pick(...)`.")
        name, rows = str(body.get("selection", "")), body.get("rows", [])
        if not isinstance(rows, list) or not 0 < len(rows) <= _MOST_DECIDED:
            raise ScanpickError(f"Expected 1 to {_MOST_DECIDED} frames to decide about.")
        if body.get("data", self.fingerprint) != self.fingerprint:
            raise ScanpickError("The frames have changed since the page was opened: reload it.")
        frames = self.subject.frames
        if not all(isinstance(row, int) and 0 <= row < len(frames) for row in rows):
            raise ScanpickError("Expected rows of frames.")
        ids = [frames.frame_id(row) for row in rows]
        seen = {str(one["frame_id"]): _decision(one) for one in body.get("seen", [])}
        what = {
            key: body[key] for key in ("decision", "reason", "add_tags", "remove_tags") if body.get(key) is not None
        }
        try:
            known = decide(workspace, name, ids, **what, seen=seen)
        except ChangedSinceError as error:
            raise ConflictError(str(error), self._told(read_review(workspace, name))) from error
        return {**self._told(known), "command": self.verbs.decide_command(name, ids, what)}

    # Evaluation and studies

    def evaluation(self, request: Request) -> Said:
        """How good predictions are, and the frames with most mistakes."""
        return self.verbs.evaluate(request.one("predictions"))

    def study(self, request: Request) -> Said:
        """The study that the project belongs to."""
        if self.verbs.study is None:
            raise NotFoundError("This is no study.")
        return self.verbs.study()


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 12:
        raise ScanpickError(f"Expected a number, got '{text[:40]}'.")
    return int(text)


def _decision(said: Mapping[str, Any]) -> Decision:
    return Decision(str(said.get("decision", "")), str(said.get("reason", "")), tuple(map(str, said.get("tags", ()))))
