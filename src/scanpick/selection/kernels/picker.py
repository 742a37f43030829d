"""What every greedy kernel can do, so that constraints, costs and objectives combine with all of them."""

from __future__ import annotations

from typing import Protocol

from scanpick.arrays import Float64Array, Int64Array


class Picker(Protocol):
    """A greedy choice of points, one after the other, evaluated as late as possible and exactly. Base of ours.

    A picker is built from ``X`` (N, D) float32 in C order (a memory map stays one), ``candidates`` (N,) bool or None
    for all, ``weights`` (N,) float64 > 0 or None, which multiply the gain (1 / cost gives gain per cost), and
    ``threads``. Points that are no candidates are never returned, but count as points to be covered.
    The result never depends on ``threads``.

    Example:
        >>> picker.take_all(labelled)  # doctest: +SKIP
        >>> while (found := picker.best()) is not None and len(picks) < budget:  # doctest: +SKIP
        ...     picks.append(found[0])
        ...     picker.take(found[0])
    """

    def best(self) -> tuple[int, float] | None:
        """The allowed candidate of the largest gain * weight, and that product; None when no candidate is allowed.

        Ties go to the lowest index. Asking does not choose: the answer stays until `take`, `take_all` or `forbid`.
        """
        ...

    def take(self, index: int) -> None:
        """Choose a point. It need not be a candidate nor allowed, and is never returned again."""
        ...

    def take_all(self, indices: Int64Array) -> None:
        """Choose points in this order, such as those that are labelled already."""
        for index in indices:
            self.take(int(index))

    def forbid(self, indices: Int64Array) -> None:
        """Never return these again. They stay points to be covered; forbidding twice is no error."""
        ...

    def gains(self) -> Float64Array:
        """(N,) exact gain * weight of every allowed candidate now; 0 where a point is not allowed.

        Costs up to a pass over all points: for objectives that need every value, not for plain greedy.
        """
        ...
