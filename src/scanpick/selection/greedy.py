"""The greedy choice under way: ask the picker, respect the rules, pay, note what happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from scanpick.arrays import BoolArray, Int64Array
from scanpick.selection.clips import NO_CLIP, Offer, Offers
from scanpick.selection.kernels.picker import Picker
from scanpick.selection.ledger import Ledger
from scanpick.selection.outcome import Picks
from scanpick.selection.rules import Rule, Turns
from scanpick.selection.strategy import Contributing

_TOO_DEAR = "dearer than what is left"


class GreedyLoop:
    """Takes the best offer again and again.

    Args:
        offers: Frames or clips, as a picker names them.
        ledgers: The budgets; the selection ends when the first is closed.
        rules: The constraints.
        least_gain: The selection ends when no gain reaches this any more.
        turns: Parts of the pool that take turns, if any.

    Attributes:
        available: (N,) bool: the frames that can still be picked, in this turn or later.
    """

    def __init__(
        self,
        offers: Offers,
        ledgers: Sequence[Ledger],
        rules: Sequence[Rule],
        least_gain: float | None = None,
        turns: Turns | None = None,
    ) -> None:
        self.picks = Picks()
        self._offers = offers
        self._ledgers = ledgers
        self._rules = rules
        self._least_gain = least_gain
        self._turns = turns
        self.available: BoolArray = ledgers[0].members.copy()
        self._picker: Picker | None = None
        self._contributing: Contributing | None = None
        for rule in self._rules:
            self._forbid(rule.at_start(), rule.reason)
        self._refuse_what_is_too_dear()
        self._forbid(offers.impossible(self.available), NO_CLIP)

    def run(self, start: Callable[[BoolArray, Int64Array], Picker]) -> Picker:
        """Pick until the budget or the frames run out; what was picked is in `picks`.

        Args:
            start: Starts a picker on the (N,) frames that are allowed, with the given rows picked before. Called
                once, or once for each turn: a picker never gets back what it had to pass over.

        Returns:
            The last picker.
        """
        while True:
            more = self._turns is None or self._turns.next(self.available)
            picker = start(self._allowed.copy(), np.array(self.picks.rows, dtype=np.int64))
            self._pick_from(picker)
            if self._turns is None or not more or self._ledgers[0].closed(self.available):
                return picker

    @property
    def _allowed(self) -> BoolArray:
        return self.available if self._turns is None else self.available & self._turns.open

    def _pick_from(self, picker: Picker) -> None:
        self._picker = picker
        self._contributing = picker if isinstance(picker, Contributing) else None
        while not self._ledgers[0].closed(self.available):
            offer = self._offers.next(picker, self._allowed)
            if offer is None:
                break
            if self._least_gain is not None and offer.gain < self._least_gain:
                self._forbid(np.flatnonzero(self._allowed), f"closer than {self._least_gain:g} to a chosen frame")
            elif len(offer.frames) == 0:
                self._forbid(np.array([offer.anchor]), NO_CLIP)
            elif self._permitted(offer.frames, offer.anchor):
                self._take(picker, offer)

    def _permitted(self, frames: Int64Array, anchor: int) -> bool:
        for rule in self._rules:
            refused = rule.refused(frames)
            self._forbid(refused, rule.reason)
            if np.isin(frames, refused).any():
                return False
        for ledger in self._ledgers:
            if not ledger.fits(frames):
                self._forbid(np.array([anchor]), _TOO_DEAR)
                return False
        return True

    def _take(self, picker: Picker, offer: Offer) -> None:
        self._note(offer)
        self.available[offer.frames] = False
        for frame in offer.frames:
            picker.take(int(frame))
        for ledger in self._ledgers:
            ledger.spend(offer.frames)
        for rule in self._rules:
            self._forbid(rule.after(offer.frames), rule.reason)
        if self._turns is not None:
            picker.forbid(self._turns.after(offer.frames))
        self._refuse_what_is_too_dear()

    def _note(self, offer: Offer) -> None:
        ledger, count = self._ledgers[0], len(offer.frames)
        self.picks.rows += offer.frames.tolist()
        self.picks.gains += [offer.gain] * count
        self.picks.costs += (ledger.costs[offer.frames] + ledger.per_clip / count).tolist()
        if self._contributing is not None:
            for name, value in self._contributing.contributions(offer.anchor).items():
                self.picks.contributions.setdefault(name, []).extend([value] * count)

    def _refuse_what_is_too_dear(self) -> None:
        for number, ledger in enumerate(self._ledgers):
            reason = _TOO_DEAR if number == 0 else f"beyond the budget of {ledger.name}"
            self._forbid(ledger.refuse(self.available), reason)

    def _forbid(self, frames: Int64Array, reason: str) -> None:
        fresh = frames[self.available[frames]]
        if len(fresh) == 0:
            return
        self.available[fresh] = False
        if self._picker is not None:
            self._picker.forbid(fresh)
        self.picks.blocked[reason] = self.picks.blocked.get(reason, 0) + len(fresh)
