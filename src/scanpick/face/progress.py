"""``sp.status`` and ``sp.forecast``: what was labelled, what it cost and brought; how much more would bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.errors import ScanpickError, call
from scanpick.evaluation.learning_curve import LearningCurve, fit_learning_curve
from scanpick.face.pools import open_pool
from scanpick.formats.parquet import notes_of, read_parquet
from scanpick.selection.budget import Prices, parse_budget
from scanpick.workspace.rounds import HandedOff, Measured, Picked, Place, Returned, Rounds, prices_of
from scanpick.workspace.workspace import Workspace

SHARE = 0.9
"""Of the curves, that an interval of a forecast holds."""

_AHEAD = (1.25, 1.5, 2.0, 3.0, 4.0)


@dataclass(frozen=True)
class RoundStatus:
    """One round.

    Attributes:
        round: Its number.
        picked_on: The day.
        selection: The picks' name.
        tools: Where it was handed off to.
        frames: How many frames are to be labelled in it, those of validation among them.
        validation: How many of these are of validation.
        places: Where they are now: "labelled" -> how many.
        recalled: How many were taken back.
        boxes: Boxes that came back.
        cost: What they cost; None where no prices are known.
        ap: Class -> (AP, low, high) of the detector that learnt from all until this round.
    """

    round: int
    picked_on: str
    selection: str
    tools: tuple[str, ...]
    frames: int
    validation: int
    places: Mapping[str, int]
    recalled: int
    boxes: int
    cost: float | None
    ap: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True)
class Status:
    """A project at a glance.

    Attributes:
        path: Its folder.
        usable: Frames of the pool that can be used.
        rounds: What happened, round by round.
        currency: What cost is counted in.
        classes: Class -> boxes that came back.
        coming: What to do next, in a sentence.
    """

    path: Path
    usable: int
    rounds: tuple[RoundStatus, ...]
    currency: str
    classes: Mapping[str, int]
    coming: str

    @property
    def places(self) -> dict[str, int]:
        """Where all frames of rounds are."""
        names = [place.value for place in Place]
        return {name: sum(one.places.get(name, 0) for one in self.rounds) for name in names}

    @property
    def boxes(self) -> int:
        """Boxes that came back."""
        return sum(one.boxes for one in self.rounds)

    @property
    def cost(self) -> float | None:
        """What they cost; None where no prices are known."""
        costs = [one.cost for one in self.rounds if one.cost is not None]
        return sum(costs) if costs else None

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        rounds = [{**vars(one), "places": dict(one.places), "ap": _ap_table(one.ap)} for one in self.rounds]
        return {
            "project": str(self.path),
            "usable": self.usable,
            **self.places,
            "boxes": self.boxes,
            "cost": self.cost,
            "currency": self.currency,
            "classes": dict(self.classes),
            "rounds": rounds,
            "next": self.coming,
        }


def status(project: Workspace | str | Path, *, prices: str | None = None) -> Status:
    """What was picked, sent, labelled and refused, what it cost, and what it brought.

    Args:
        project: The folder of a pool.
        prices: What labels cost, "0.5/frame + 0.04/box" or "EUR at 0.5/frame + 0.04/box"; by default what a budget of
            `next` said last.

    Raises:
        ScanpickError: The folder is none, or its files were changed since they were written.

    Example:
        >>> import scanpick as sp
        >>> picks = sp.pick("simulated:demo", 2, "project", encoder="statistics", options={"frames": 8}, report=False)
        >>> sp.status("project").places
        {'picked': 2, 'sent': 0, 'labelled': 0, 'rejected': 0}
    """
    pool = open_pool(project)
    rounds = Rounds.of(pool)
    paid, currency = _prices(rounds, prices)
    boxes, classes = box_counts(rounds)
    apart, found = set(rounds.validation), []
    for number in rounds.numbers:
        own = [one for one, state in rounds.states.items() if state.round == number]
        places = [rounds.states[one].place for one in own]
        counts = {place.value: places.count(place) for place in Place}
        picked = rounds.of_kind(Picked, number)[-1]
        drawn = sum(boxes.get(one, 0) for one in own)
        cost = None if paid is None else paid.of(counts[Place.LABELLED.value], drawn)
        latest = {event.class_name: event for event in rounds.of_kind(Measured, number)}
        found.append(
            RoundStatus(
                round=number,
                picked_on=f"{picked.when:%Y-%m-%d}",
                selection=picked.selection,
                tools=tuple(dict.fromkeys(event.tool or "list" for event in rounds.of_kind(HandedOff, number))),
                frames=len(rounds.frames_of(number)),
                validation=sum(one in apart for one in rounds.frames_of(number)),
                places=counts,
                recalled=sum(one not in rounds.states for one in rounds.frames_of(number)),
                boxes=drawn,
                cost=cost,
                ap={name: (event.ap, event.low, event.high) for name, event in latest.items()},
            )
        )
    coming = _coming(rounds, rounds.at(Place.SENT))
    return Status(pool.path, pool.manifest().frames.usable, tuple(found), currency, classes, coming)


@dataclass(frozen=True)
class Ahead:
    """What so many labels would bring.

    Attributes:
        frames: Labelled frames in all.
        boxes: Boxes in them, at as many a frame as so far.
        cost: What the frames beyond those of today cost; None where no prices are known.
        ap: The AP to expect, in percent.
        low: Lower end of the interval.
        high: Upper end of it.
    """

    frames: int
    boxes: int
    cost: float | None
    ap: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Forecast:
    """How much more labels would bring.

    Attributes:
        curve: The power law through the rounds.
        frames: Labelled frames of today, without those of validation.
        ap: AP of today's detector, mean over classes.
        ahead: What more would bring.
        most: AP that no number of labels exceeds, by what the rounds say: middle, low, high.
        doubling: Points that twice as many labels bring: middle, low, high.
        per_point: Frames, boxes and cost of the next point of AP; infinite where it is not in sight.
        currency: What cost is counted in.
    """

    curve: LearningCurve
    frames: int
    ap: float
    ahead: tuple[Ahead, ...]
    most: tuple[float, float, float]
    doubling: tuple[float, float, float]
    per_point: tuple[float, float, float | None]
    currency: str

    @property
    def verdict(self) -> str:
        """What that means, in a sentence."""
        middle, low, high = self.doubling
        sure = f"{middle:.1f} points of AP ({low:.1f} to {high:.1f})"
        if high < 1:
            return f"More labels hardly pay off: twice as many bring {sure}."
        if low < 1:
            return (
                f"Twice as many labels bring {sure}: whether they pay off is not sure. Label a small round, and look."
            )
        return f"More labels pay off: twice as many bring {sure}."

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        frames, boxes, cost = (None if one is None or np.isinf(one) else round(one, 2) for one in self.per_point)
        return {
            "labelled_frames": self.frames,
            "ap": self.ap,
            "rounds": [
                {"frames": int(n), "ap": float(ap)} for n, ap in zip(self.curve.labelled, self.curve.ap, strict=True)
            ],
            "ahead": [vars(one) for one in self.ahead],
            "interval": SHARE,
            "most": dict(zip(("ap", "low", "high"), self.most, strict=True)),
            "doubling": dict(zip(("points", "low", "high"), self.doubling, strict=True)),
            "next_point": {"frames": frames, "boxes": boxes, "cost": cost, "currency": self.currency},
            "verdict": self.verdict,
        }


def forecast(project: Workspace | str | Path, *, prices: str | None = None) -> Forecast:
    """How much more should we label? The learning curve over rounds, with what is not known about it.

    Args:
        project: The folder of a pool whose rounds were measured on validation frames.
        prices: What labels cost, as for `status`.

    Raises:
        ScanpickError: Fewer than two rounds were measured.
    """
    pool = open_pool(project)
    rounds = Rounds.of(pool)
    paid, currency = _prices(rounds, prices)
    measured = rounds.of_kind(Measured)
    points: dict[int, dict[str, Measured]] = {}
    for event in measured:
        points.setdefault(event.frames, {})[event.class_name] = event  # the latest one says
    points = {frames: of for frames, of in points.items() if frames > 0}
    common = set.intersection(*(set(of) for of in points.values())) if points else set()
    if len(points) < 2 or not common:
        raise ScanpickError(
            f"{pool.path}: a forecast needs two rounds measured on validation frames at least, got {len(points)}. "
            f"{_how_to_measure(rounds)}"
        )
    sizes = sorted(points)
    ap, low, high = (
        np.array([np.mean([getattr(points[size][name], what) for name in sorted(common)]) for size in sizes])
        for what in ("ap", "low", "high")
    )
    curve = fit_learning_curve(np.array(sizes, dtype=np.float64), ap, low, high)
    today = sizes[-1]
    boxes_each = max(of.boxes for of in points[today].values()) / today
    each = None if paid is None else paid.of(1, boxes_each)
    most = pool.manifest().frames.usable
    numbers = sorted({min(round(today * times), most) for times in _AHEAD} - {today})
    ahead = [
        Ahead(
            number,
            round(number * boxes_each),
            None if each is None else each * (number - today),
            *curve.at(number, SHARE),
        )
        for number in numbers
    ]
    now_at = curve.at(today, SHARE)[0]
    needed = curve.needed_for(now_at + 1)[0] - today
    endless = curve.at(1e12, SHARE)
    return Forecast(
        curve=curve,
        frames=today,
        ap=float(ap[-1]),
        ahead=tuple(ahead),
        most=endless,
        doubling=curve.gain_per_doubling(today, SHARE),
        per_point=(needed, needed * boxes_each, None if each is None else needed * each),
        currency=currency,
    )


def box_counts(rounds: Rounds) -> tuple[dict[str, int], dict[str, int]]:
    """Frame id -> boxes, and class -> boxes, of what came back; the newest import of a frame says."""
    by_frame: dict[str, dict[str, int]] = {}
    for event in rounds.of_kind(Returned):
        path = rounds.workspace.returned_path(event.number)
        table = read_parquet(path)
        counts: dict[str, dict[str, int]] = {str(one): {} for one in notes_of(table, path)["contents"]}
        there = table.filter(table["x"].is_valid()).group_by(["frame_id", "class"]).aggregate([("x", "count")])
        for frame_id, name, count in zip(
            *(there[key].to_pylist() for key in ("frame_id", "class", "x_count")), strict=True
        ):
            counts[frame_id][name] = count
        by_frame |= counts
    classes: dict[str, int] = {}
    for of in by_frame.values():
        for name, count in of.items():
            classes[name] = classes.get(name, 0) + count
    ordered = dict(sorted(classes.items(), key=lambda item: (-item[1], item[0])))
    return {frame_id: sum(of.values()) for frame_id, of in by_frame.items()}, ordered


def _prices(rounds: Rounds, said: str | None) -> tuple[Prices | None, str]:
    """Prices as somebody says them, or as the last budget had them."""
    if said is None:
        return prices_of(rounds.prices), "" if rounds.prices is None else rounds.prices.currency
    words = said if " at " in said else f"cost at {said}"
    budget = parse_budget(f"0 {words}")
    return budget.prices, budget.currency


def _coming(rounds: Rounds, sent: list[str]) -> str:
    """What to do next, in a sentence."""
    path, number = rounds.workspace.path, rounds.newest
    if not number:
        return f"Pick the first round: {call('pick', 'DATASET', budget=200, out=path)}"
    if rounds.is_open(number):
        return f"Hand round {number} off: {call('hand_off', path, to='TOOL', out='FILE')}"
    following = f"pick round {number + 1}: {call('next', path, budget=200)}"
    if sent:
        back = call("add_labels", path, "EXPORT")
        return f"{len(sent)} frames are with annotators. Bring labels in: {back}; or go on and {following}"
    return f"{following[0].upper()}{following[1:]}"


def _how_to_measure(rounds: Rounds) -> str:
    if not rounds.validation:
        return "No frames are set apart for it: begin a project with `validation='10%'`."
    return f"Each round is measured when the next is picked: {call('next', rounds.workspace.path, budget=200)}"


def _ap_table(ap: Mapping[str, tuple[float, float, float]]) -> dict[str, dict[str, float]]:
    return {name: dict(zip(("ap", "low", "high"), values, strict=True)) for name, values in ap.items()}
