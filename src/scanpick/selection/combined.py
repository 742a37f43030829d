"""`combined`: several objectives at once, each with a strength: greedy on the product of objective^strength."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, SerializeAsAny, field_validator

from scanpick.arrays import Embeddings, Float64Array, Int64Array
from scanpick.selection.kernels.distances import squared_distances_to
from scanpick.selection.kernels.picker import Picker
from scanpick.selection.objectives import Objective, make_objective
from scanpick.selection.objectives.diversity import DiversityObjective
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Request, Strategy

_BLOCK = 256


class Combined(Strategy):
    """Takes the frame of largest product of all objectives' values, each raised to its strength, again and again.

    gain(x) = product over objectives o of value_o(x) ^ strength_o, given what is labelled and picked. Multiplying an
    objective by a number changes no choice, so objectives of different units combine as they are. A value of 0 makes
    the product 0 whatever the others say. Ties go to the lowest frame id, but for a first pick with nothing chosen
    and an objective `diversity`: then to the frame nearest to the mean of its embedding.

    Attributes:
        objectives: ``{"type": ..., "strength": ..., option: value, ...}`` each, or `Objective` objects.
    """

    gain_means: ClassVar[str] = "product of the objectives"

    objectives: tuple[SerializeAsAny[Objective], ...] = Field(default=({"type": "diversity"},), validate_default=True)

    @field_validator("objectives", mode="before")
    @classmethod
    def _objectives(cls, objectives: Any) -> Any:
        if not isinstance(objectives, list | tuple) or not objectives:
            raise ValueError("expected a list of objectives, each with a type")
        made = []
        for number, objective in enumerate(objectives, start=1):
            if isinstance(objective, Mapping):
                made.append(make_objective(dict(objective)))
            elif isinstance(objective, Objective):
                made.append(objective if objective.name else objective.model_copy(update={"name": _type_of(objective)}))
            else:
                raise ValueError(f"expected objective {number} as a mapping with a type")
        return tuple(_with_own_names(made))

    def space(self, pool: Pool) -> Embeddings | None:
        """The embedding of the first objective that has one of its own, else the pool's first."""
        for objective in self.objectives:
            if isinstance(objective, DiversityObjective):
                return objective.space(pool)
        return super().space(pool)

    def picker(self, pool: Pool, request: Request) -> ProductPicker:
        """Start every objective."""
        return ProductPicker(self.objectives, pool, request)


class ProductPicker(Picker):
    """Takes the frame of largest product, computing exactly only the products that could be the largest.

    Distances only shrink, so a product of values from before the last choices is an upper bound. Blocks of the frames
    with the largest bounds are computed anew until the largest of all bounds is exact.
    """

    def __init__(self, objectives: tuple[Objective, ...], pool: Pool, request: Request) -> None:
        self._names = [objective.name for objective in objectives]
        self._strengths = [objective.strength for objective in objectives]
        self._values = [objective.values(pool, request) for objective in objectives]
        self._weights = np.ones(len(pool)) if request.weights is None else request.weights
        self._allowed = request.allowed.copy()
        diversity = next((one for one in objectives if isinstance(one, DiversityObjective)), None)
        nothing_chosen = diversity is not None and not pool.labelled.any()
        self._first_ties_by = request.values if nothing_chosen else None
        self._bounds = self._product([values.bounds() for values in self._values], self._weights)
        self._exact = np.zeros(len(pool), dtype=bool)

    def best(self) -> tuple[int, float] | None:
        """The frame of largest product, and that product."""
        if not self._allowed.any():
            return None
        bounds = np.where(self._allowed, self._bounds, -1.0)
        size = _BLOCK
        while not self._exact[index := int(np.argmax(bounds))]:
            stale = np.where(self._exact, -1.0, bounds)
            rows = np.sort(np.argpartition(-stale, size)[:size]) if size < len(stale) else np.arange(len(stale))
            rows = rows[stale[rows] >= 0]
            bounds[rows] = self._compute(rows)
            size *= 2
        if self._first_ties_by is not None:
            index = self._nearest_to_mean(np.flatnonzero(self._allowed & (self.gains() == self._bounds[index])))
        return index, float(self._bounds[index])

    def take(self, index: int) -> None:
        """Choose a frame."""
        risen = [values.take(index) for values in self._values]
        if any(risen):
            self._bounds = self._product([values.bounds() for values in self._values], self._weights)
        self._exact[:] = False
        self._allowed[index] = False
        self._first_ties_by = None

    def forbid(self, indices: Int64Array) -> None:
        """Pass these over from now on."""
        self._allowed[indices] = False

    def gains(self) -> Float64Array:
        """(N,) product times weight; 0 where a frame is not allowed."""
        self._compute(np.flatnonzero(self._allowed & ~self._exact))
        return np.where(self._allowed, self._bounds, 0.0)

    def contributions(self, index: int) -> Mapping[str, float]:
        """Objective -> value^strength of a frame now; their product is its gain."""
        row = np.array([index])
        worth = zip(self._names, self._values, self._strengths, strict=True)
        return {name: float(values.at(row)[0] ** strength) for name, values, strength in worth}

    def _compute(self, rows: Int64Array) -> Float64Array:
        self._bounds[rows] = self._product([values.at(rows) for values in self._values], self._weights[rows])
        self._exact[rows] = True
        return self._bounds[rows]

    def _product(self, values: Sequence[Float64Array], weights: Float64Array) -> Float64Array:
        product = weights
        for value, strength in zip(values, self._strengths, strict=True):
            product = product * (value if strength == 1 else value**strength)
        return product

    def _nearest_to_mean(self, ties: Int64Array) -> int:
        assert self._first_ties_by is not None
        mean = self._first_ties_by.mean(axis=0, dtype=np.float64)
        return int(ties[np.argmin(squared_distances_to(self._first_ties_by, ties, mean))])


def _type_of(objective: Objective) -> str:
    return type(objective).__name__.removesuffix("Objective").lower()


def _with_own_names(objectives: list[Objective]) -> list[Objective]:
    """Number the names that come again: diversity, diversity_2."""
    seen: Counter[str] = Counter()
    named = []
    for objective in objectives:
        seen[objective.name] += 1
        again = seen[objective.name]
        named.append(objective if again == 1 else objective.model_copy(update={"name": f"{objective.name}_{again}"}))
    return named
