"""A selection described in a YAML file, with every option checked; unknown keys fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from scanpick.options import build_checked
from scanpick.selection.constraints import Constraints
from scanpick.selection.engine import select
from scanpick.selection.pool import Pool
from scanpick.structures import Selection
from scanpick.texts import read_mapping


class SelectionConfig(BaseModel):
    """Everything that decides a selection besides the pool.

    Attributes:
        strategy: A name in `STRATEGIES`; `combined` where objectives are given.
        budget: As `parse_budget` reads it; may be left out where strata have budgets.
        seed: Seed of all chance.
        at_most: Take what there is where the budget is larger.
        options: Options of the strategy.
        objectives: Objectives of the strategy `combined`, each with its type, strength and options.
        constraints: See `Constraints`.

    Example:
        >>> config = SelectionConfig.of({"budget": "5%", "objectives": [{"type": "diversity"}]})
        >>> config.strategy
        'combined'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    strategy: str = "diversity"
    budget: str | None = None
    seed: int = Field(default=0, ge=0)
    at_most: bool = False
    options: dict[str, Any] = Field(default_factory=dict)
    objectives: list[dict[str, Any]] = Field(default_factory=list)
    constraints: Constraints = Constraints()

    @field_validator("budget", mode="before")
    @classmethod
    def _text(cls, budget: Any) -> Any:
        return str(budget) if isinstance(budget, int | float) else budget

    @model_validator(mode="before")
    @classmethod
    def _combined(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("objectives") and values.get("strategy", "combined") == "combined":
            return {**values, "strategy": "combined"}
        return values

    @model_validator(mode="after")
    def _objectives_belong_to_combined(self) -> SelectionConfig:
        if self.objectives and self.strategy != "combined":
            raise ValueError(f"objectives are for the strategy 'combined', not for '{self.strategy}'")
        return self

    @classmethod
    def of(cls, values: dict[str, Any], where: str = "the selection") -> SelectionConfig:
        """Build it from plain values; `where` names it in messages.

        Raises:
            ScanpickError: A key is unknown, or a value does not fit.
        """
        return build_checked(cls, values, where)

    @classmethod
    def read(cls, path: Path) -> SelectionConfig:
        """Read it from a YAML file.

        Raises:
            ScanpickError: The file cannot be read or is no YAML mapping, a key is unknown, or a value does not fit.
        """
        return cls.of(read_mapping(path), str(path))

    @property
    def strategy_options(self) -> dict[str, Any]:
        """The options of the strategy, its objectives among them."""
        return {**self.options, "objectives": self.objectives} if self.objectives else self.options

    def select(self, pool: Pool, threads: int | None = None) -> Selection:
        """Run it."""
        return select(
            pool,
            self.strategy,
            self.budget,
            seed=self.seed,
            constraints=self.constraints,
            options=self.strategy_options,
            at_most=self.at_most,
            threads=threads,
        )
