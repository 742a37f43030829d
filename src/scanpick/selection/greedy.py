"""The greedy choice under way: ask the picker, respect the rules, pay, note what happened."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanpick.arrays import BoolArray, Int64Array
from scanpick.selection.clips import NO_CLIP, Offers
from scanpick.selection.kernels.picker import Picker
from scanpick.selection.ledger import Ledger
from scanpick.selection.outcome import Picks
from scanpick.selection.rules import Rule
from scanpick.selection.strategy import Contributing

_TOO_DEAR = "dearer than what is left"


class GreedyLoop:
    """Takes the best offer again and again.

    Args:
        picker: The strategy at work.
        offers: Frames or clips, as the picker names them.
        ledgers: The budgets; the selection ends when the first is closed.
        rules: The constraints.
        least_gain: The selection ends when no gain reaches this any more.
    """

    def __init__(
        self,
        picker: Picker,
        offers: Offers,
        ledgers: Sequence[Ledger],
        rules: Sequence[Rule],
        least_gain: float | None = None,
    ) -> None:
        self.picks = Picks()
        self._picker = picker
        self._offers = offers
        self._ledgers = ledgers
        self._rules = rules
        self._least_gain = least_gain
        self._available: BoolArray = ledgers[0].members.copy()

    def run(self) -> Picks:
        """Pick until the budget or the frames run out."""
        for rule in self._rules:
            self._forbid(rule.at_start(), rule.reason)
        self._refuse_what_is_too_dear()
        while not self._ledgers[0].closed(self._available):
            offer = self._offers.next(self._picker, self._available)
            if offer is None:
                break
            if self._least_gain is not None and offer.gain < self._least_gain:
                self._forbid(np.flatnonzero(self._available), f"closer than {self._least_gain:g} to a chosen frame")
            elif len(offer.frames) == 0:
                self._forbid(np.array([offer.anchor]), NO_CLIP)
            elif self._permitted(offer.frames, offer.anchor):
                self._take(offer.frames, offer.gain, offer.anchor)
        return self.picks

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

    def _take(self, frames: Int64Array, gain: float, anchor: int) -> None:
        self._note(frames, gain, anchor)
        self._available[frames] = False
        for frame in frames:
            self._picker.take(int(frame))
        for ledger in self._ledgers:
            ledger.spend(frames)
        for rule in self._rules:
            self._forbid(rule.after(frames), rule.reason)
        self._refuse_what_is_too_dear()

    def _note(self, frames: Int64Array, gain: float, anchor: int) -> None:
        ledger, count = self._ledgers[0], len(frames)
        self.picks.rows += frames.tolist()
        self.picks.gains += [gain] * count
        self.picks.costs += (ledger.costs[frames] + ledger.per_clip / count).tolist()
        if isinstance(self._picker, Contributing):
            for name, value in self._picker.contributions(anchor).items():
                self.picks.contributions.setdefault(name, []).extend([value] * count)

    def _refuse_what_is_too_dear(self) -> None:
        for number, ledger in enumerate(self._ledgers):
            reason = _TOO_DEAR if number == 0 else f"beyond the budget of {ledger.name}"
            self._forbid(ledger.refuse(self._available), reason)

    def _forbid(self, frames: Int64Array, reason: str) -> None:
        fresh = frames[self._available[frames]]
        if len(fresh) == 0:
            return
        self._available[fresh] = False
        self._picker.forbid(fresh)
        self.picks.blocked[reason] = self.picks.blocked.get(reason, 0) + len(fresh)
