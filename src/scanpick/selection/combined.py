"""`combined`: several objectives at once, each with a strength: greedy on the product of objective^strength."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, SerializeAsAny, field_validator

from scanpick.arrays import Embeddings, Float64Array, Int64Array
from scanpick.selection.kernels.distances import squared_distances_to
from scanpick.selection.objectives import Objective, make_objective
from scanpick.selection.objectives.diversity import DiversityObjective
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Request, Strategy


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


class ProductPicker:
    """Evaluates every objective for every frame at every step."""

    def __init__(self, objectives: tuple[Objective, ...], pool: Pool, request: Request) -> None:
        self._names = [objective.name for objective in objectives]
        self._strengths = [objective.strength for objective in objectives]
        self._values = [objective.values(pool, request) for objective in objectives]
        self._weights = 1.0 if request.weights is None else request.weights
        self._allowed = request.allowed.copy()
        self._powers: list[Float64Array] | None = None
        diversity = next((one for one in objectives if isinstance(one, DiversityObjective)), None)
        nothing_chosen = diversity is not None and not pool.labelled.any()
        self._first_ties_by = request.values if nothing_chosen else None

    def best(self) -> tuple[int, float] | None:
        """The frame of largest product."""
        if not self._allowed.any():
            return None
        product = self.gains()
        index = int(np.argmax(np.where(self._allowed, product, -1.0)))
        if self._first_ties_by is not None:
            ties = np.flatnonzero(self._allowed & (product == product[index]))
            mean = self._first_ties_by.mean(axis=0, dtype=np.float64)
            index = int(ties[np.argmin(squared_distances_to(self._first_ties_by, ties, mean))])
        return index, float(product[index])

    def take(self, index: int) -> None:
        """Choose a frame."""
        for values in self._values:
            values.take(index)
        self._allowed[index] = False
        self._powers = None
        self._first_ties_by = None

    def take_all(self, indices: Int64Array) -> None:
        """Choose frames."""
        for index in indices:
            self.take(int(index))

    def forbid(self, indices: Int64Array) -> None:
        """Pass these over from now on."""
        self._allowed[indices] = False

    def gains(self) -> Float64Array:
        """(N,) product times weight; 0 where a frame is not allowed."""
        product = np.where(self._allowed, self._weights, 0.0)
        for power in self._now():
            product = product * np.where(self._allowed, power, 0.0)
        return product

    def contributions(self, index: int) -> Mapping[str, float]:
        """Objective -> value^strength of a frame now; their product is its gain."""
        return {name: float(power[index]) for name, power in zip(self._names, self._now(), strict=True)}

    def _now(self) -> list[Float64Array]:
        if self._powers is None:
            self._powers = [v.now() ** s for v, s in zip(self._values, self._strengths, strict=True)]
        return self._powers


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
