"""``sp.view`` and ``sp.decide``: the review page, and what is decided on it."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from scanpick.datasets import Dataset, open_dataset
from scanpick.errors import ScanpickError
from scanpick.face.arguments import FrameIds, frame_ids_of
from scanpick.face.pools import is_pool, open_pool
from scanpick.face.selecting import Paths, select_from, several
from scanpick.files import without_places
from scanpick.formats.frame_columns import read_frame_columns
from scanpick.formats.predictions import read_predictions
from scanpick.review.api import Api, Said, Verbs
from scanpick.review.server import PORT, ReviewServer
from scanpick.review.subject import Subject
from scanpick.selection.config import SelectionConfig
from scanpick.structures import Selection
from scanpick.workspace.reviews import Decision, review_path
from scanpick.workspace.reviews import decide as write_decisions
from scanpick.workspace.selections import load_selection
from scanpick.workspace.workspace import Workspace


@dataclass(eq=False, repr=False)
class View:
    """The review page, served from this process until it ends.

    Attributes:
        url: What to open; it holds the token, so give it to nobody.
        server: What serves it.
    """

    url: str
    server: ReviewServer

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self.server.serve_forever, name="scanpick view", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"View('{self.url}')"

    def wait(self) -> None:
        """Serve until the process is interrupted."""
        while self._thread.is_alive():
            self._thread.join(1)

    def close(self) -> None:
        """Serve no longer."""
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def __enter__(self) -> View:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def view(
    what: Workspace | Dataset | str | Path,
    *,
    selection: str | None = None,
    predictions: Paths = (),
    dataset: str | None = None,
    table: Paths = (),
    frame: str | None = None,
    host: str = "127.0.0.1",
    port: int = PORT,
    options: Mapping[str, Any] | None = None,
) -> View:
    """Serve the review page: the pool as a map, frames in 3D with their boxes, why each was picked, and decisions.

    Args:
        what: A pool, the folder of a study, or a data set; or a selection or predictions in a pool, which the page then
            shows first; or another predictions table.
        selection: Which selection to show first; the newest by default.
        predictions: Further predictions tables.
        dataset: Of a predictions table outside of a pool: the data set it is about.
        table: Columns by frame_id to colour frames by, CSV or Parquet.
        frame: The frame to show first.
        host: The address to listen on. Beyond this machine, whoever has the link reads the data and decides.
        port: The first port to try; 0 for any.
        options: Options of the data set.

    Returns:
        The page, which is served until the process ends or it is closed.

    Raises:
        ScanpickError: `what` cannot be opened, or an argument does not fit.

    Example:
        >>> import scanpick as sp
        >>> picks = sp.pick("simulated:demo", 2, "picks", encoder="statistics", options={"frames": 8}, report=False)
        >>> with sp.view("picks", port=0) as page:
        ...     page.url.partition("/#")[0].rpartition(":")[0]
        'http://127.0.0.1'
    """
    subject, start, place = _subject(what, dataset, options or {})
    for path in map(Path, several(predictions)):
        subject.tables[_free_name(path.stem, subject.prediction_names())] = read_predictions(path)
    for path in map(Path, several(table)):
        _add_columns(subject, path)
    if selection is not None and selection not in subject.selection_names():
        subject.selection(selection)  # says which there are
    if frame is not None and subject.frames.rows_of([frame])[0] < 0:
        raise ScanpickError(f"Frame '{frame}' is none of {subject.name}.")
    start |= {key: value for key, value in {"selection": selection, "frame": frame}.items() if value is not None}
    server = ReviewServer(Api(subject, _verbs(subject, place), start), host, port)
    threading.Thread(target=subject.warm_up, name="scanpick view, first frame", daemon=True).start()
    return View(server.url, server)


def decide(
    folder: Workspace | str | Path,
    frames: FrameIds,
    decision: str | None = None,
    *,
    selection: str | None = None,
    reason: str | None = None,
    add_tags: Sequence[str] = (),
    remove_tags: Sequence[str] = (),
) -> dict[str, Decision]:
    """Write what was decided about frames while looking at a selection: reviews/<selection>.parquet in the pool.

    Args:
        folder: The pool.
        frames: The frames, picked or not.
        decision: "accept", "reject" or "pin"; "" takes a decision back.
        selection: Which selection; the newest by default.
        reason: Why.
        add_tags: Tags to add.
        remove_tags: Tags to take away.

    Returns:
        Frame id -> decision, of all frames that have one.

    Raises:
        ScanpickError: A frame, the selection or the decision is unknown.

    Example:
        >>> import scanpick as sp
        >>> picks = sp.pick("simulated:demo", 2, "picks", encoder="statistics", options={"frames": 8}, report=False)
        >>> sp.decide("picks", [picks.frame_ids[0]], "reject", reason="standing still")[picks.frame_ids[0]].reason
        'standing still'
    """
    pool = open_pool(folder)
    name, _ = load_selection(pool, selection)
    ids = frame_ids_of(frames)
    return write_decisions(
        pool, name, ids, decision=decision, reason=reason, add_tags=add_tags, remove_tags=remove_tags
    )


def _subject(
    what: Workspace | Dataset | str | Path, dataset: str | None, options: Mapping[str, Any]
) -> tuple[Subject, dict[str, Any], str]:
    """What to show, what first, and how a command names it."""
    if not isinstance(what, Workspace | str | Path):
        return Subject(what.name, given=what), {}, what.name
    path = what.path if isinstance(what, Workspace) else Path(what)
    if path.suffix in (".parquet", ".csv") and path.is_file():
        pool = path.parent.parent
        if path.parent.name in ("selections", "predictions") and is_pool(pool):
            subject, start, place = _subject(pool, None, options)
            return subject, {**start, path.parent.name.removesuffix("s"): path.stem}, place
        if dataset is None:
            raise ScanpickError(
                f"{path} lies in no pool: say which data set its predictions are about, `dataset='...'`."
            )
        subject, start, place = _subject(dataset, None, options)
        subject.tables[_free_name(path.stem, subject.prediction_names())] = read_predictions(path)
        return subject, {**start, "prediction": path.stem}, place
    if is_pool(path / "pool") and not is_pool(path):
        path = path / "pool"
    if isinstance(what, Workspace) or is_pool(path):
        if options:
            raise ScanpickError(f"{path} is a pool, whose data set has its options: leave `options=...` out.")
        pool_of = what if isinstance(what, Workspace) else Workspace.open(path)
        return Subject(path.resolve().name, workspace=pool_of), {}, str(path)
    opened = open_dataset(str(what), **options)
    return Subject(str(without_places(opened.name)), given=opened), {}, str(what)


def _free_name(name: str, taken: Sequence[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name} ({number})", number + 1
    return free


def _add_columns(subject: Subject, path: Path) -> None:
    frame_ids, columns = read_frame_columns(path)
    rows = subject.frames.rows_of(frame_ids)
    if not (rows >= 0).any():
        raise ScanpickError(f"{path} has no frame of {subject.name}.")
    for name, values in columns.items():
        spread: list[Any] = [None] * len(subject.frames)
        for row, value in zip(rows.tolist(), values.tolist(), strict=True):
            if row >= 0:
                spread[row] = value
        kind = pa.string() if values.dtype.kind == "U" else pa.float64()
        subject.columns[name] = pa.array(spread, kind, from_pandas=True)


def _verbs(subject: Subject, place: str) -> Verbs:
    """What the page can have done, by the verbs of this package."""
    workspace = subject.workspace

    def select(said: Said) -> tuple[str | None, Selection, str]:
        if workspace is None:
            raise ScanpickError(
                "A selection is made in a project: make one of this data set with `scanpick.pick(...)`."
            )
        settings = _SelectionAsked(said, workspace, place)
        selected = select_from(workspace, settings.config, **settings.places)
        return selected.name, selected.selection, settings.command

    def evaluate(name: str) -> Said:
        from scanpick.face.evaluation import evaluate as compare
        from scanpick.review.evaluation import shown_evaluation

        source, found = workspace or subject.dataset, subject.predictions(name)
        evaluated = compare(source, found, bootstrap=0, by=("range", "occlusion"))
        command = ["scanpick", "evaluate", "--labels", place, "--predictions", name, "--by", "range,occlusion"]
        return shown_evaluation(evaluated.evaluation, evaluated.parts) | {
            "diagnosis": evaluated.diagnosis(),
            "notes": list(evaluated.notes),
            "command": shlex.join(command),
        }

    def evaluate_once(name: str) -> Said:
        found = subject.predictions(name)
        rounds = None if workspace is None or not workspace.rounds_path.exists() else workspace.rounds_path.stat()
        mark = (id(found), rounds and rounds.st_mtime_ns)  # other predictions, or labels that came back
        shown: Said = subject.once(f"evaluation {name}", mark, lambda: evaluate(name))
        return shown

    return Verbs(
        select, evaluate_once, lambda name, ids, what: decide_command(place, name, ids, what), _study_of(workspace)
    )


def _study_of(workspace: Workspace | None) -> Callable[[], Said] | None:
    folder = None if workspace is None else workspace.path.parent
    if folder is None or not (folder / "scores.csv").is_file():
        return None

    def read() -> Said:
        from scanpick.review.study import shown_study

        return shown_study(folder)

    return read


def decide_command(place: str, selection: str, frame_ids: Sequence[str], what: Said) -> str:
    """The command that decides the same.

    Example:
        >>> decide_command("pool", "diversity-1", ["a b"], {"decision": "reject", "reason": "still"})
        "scanpick decide pool --selection diversity-1 --decision reject --reason still --frame 'a b'"
    """
    words = ["scanpick", "decide", place, "--selection", selection]
    for flag in ("decision", "reason"):
        if flag in what:
            words += [f"--{flag}", str(what[flag])]
    words += [word for tag in what.get("add_tags", ()) for word in ("--add-tag", tag)]
    words += [word for tag in what.get("remove_tags", ()) for word in ("--remove-tag", tag)]
    words += [word for frame_id in frame_ids[:3] for word in ("--frame", frame_id)]
    return shlex.join(words) + (f" ... ({len(frame_ids)} frames)" if len(frame_ids) > 3 else "")


class _SelectionAsked:
    """What the page asks to have selected: settings, what they refer to, and the command that selects the same."""

    def __init__(self, said: Said, workspace: Workspace, place: str) -> None:
        def text(name: str) -> str:
            return str(said.get(name) or "").strip()

        strategy, budget, name = text("strategy") or "diversity", text("budget"), text("name") or None
        words = ["scanpick", "select", place, "--strategy", strategy, "--budget", budget]
        seed = text("seed") or "0"
        if not seed.isdecimal():
            raise ScanpickError(f"Expected a whole number of 0 or more as the seed, got '{seed[:40]}'.")
        values: dict[str, Any] = {"strategy": strategy, "budget": budget, "seed": int(seed)}
        if values["seed"]:
            words += ["--seed", str(values["seed"])]
        limits: dict[str, Any] = {}
        if text("max_per_sequence"):
            limits["max_per_sequence"] = text("max_per_sequence")
            words += ["--max-per-sequence", text("max_per_sequence")]
        if text("min_gap_s"):
            limits["min_gap_s"] = text("min_gap_s")
            words += ["--min-gap", f"{text('min_gap_s')}s"]
        exclude, self.places = text("exclude"), dict[str, Any](keep=name is not None, name=name)
        if text("review") and (path := review_path(workspace, text("review"))).exists():
            exclude = f"({exclude}) or decision == 'reject'" if exclude else "decision == 'reject'"
            self.places["table"] = path
            words += ["--table", f"{place}/reviews/{path.name}"]
        for limit, expression in (("include", text("include")), ("exclude", exclude)):
            if expression:
                limits[limit] = expression
                words += [f"--{limit}", expression]
        if text("embedding"):
            self.places["embedding"] = text("embedding")
            words += ["--embedding", text("embedding")]
        labelled = text("labelled")
        if labelled:
            path = workspace.selection_path(labelled).with_suffix(".txt")
            self.places["labelled"] = "auto" if labelled == "auto" else str(path)
            words += ["--labelled", "auto" if labelled == "auto" else f"{place}/selections/{path.name}"]
        if name is not None:
            words += ["--name", name]
        if limits:
            values["constraints"] = limits
        self.config, self.command = SelectionConfig.of(values), shlex.join(words)
