"""What a study compares: strategies with their options, the embedding and the score that they see."""

from __future__ import annotations

import itertools
from typing import Any

from pydantic import Field, field_validator, model_validator

from scanpick.arrays import Embeddings
from scanpick.encoders import DEFAULT_ENCODER
from scanpick.encoders.whitening import Keep, fit_whitening
from scanpick.errors import ScanpickError, unknown_name
from scanpick.selection.constraints import Constraints
from scanpick.selection.strategies import STRATEGIES
from scanpick.studies.checked import Checked
from scanpick.studies.oracles import ORACLES, make_strategy
from scanpick.uncertainty import AGGREGATIONS, SCORES
from scanpick.workspace.encoders import DETECTOR, encoder_names
from scanpick.workspace.refine import Refinement

ALL, START = "all", "start"
"""Names that stand for no strategy: the fully labelled pool, and the start that all strategies share."""


class EncoderConfig(Checked):
    """What turns a frame of the pool into a vector.

    Attributes:
        name: An encoder, or ``detector:FOLDER``.
        options: Its options.
        whiten: Whiten the vectors, keeping "64" directions, "95%" of the variance, or "all"; the directions are those
            of the fold's own pool.
        l2: Scale them to unit length afterwards.
    """

    name: str = DEFAULT_ENCODER
    options: dict[str, Any] = Field(default_factory=dict)
    whiten: str | None = None
    l2: bool = False

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in encoder_names() and not name.startswith(DETECTOR):
            raise ValueError(str(unknown_name("encoder", name, encoder_names())).rstrip("."))
        return name

    @field_validator("whiten", mode="before")
    @classmethod
    def _directions(cls, whiten: Any) -> Any:
        if isinstance(whiten, str | int) and not isinstance(whiten, bool):
            try:
                Keep.parse(str(whiten))
            except ScanpickError as error:
                raise ValueError(str(error).removeprefix("`whiten=...`: ").rstrip(".")) from error
            return str(whiten)
        return whiten

    @property
    def refinement(self) -> Refinement:
        """What is done with the vectors."""
        return Refinement(None if self.whiten is None else Keep.parse(self.whiten), self.l2)

    @property
    def called(self) -> str:
        """Its name in tables: ``scan_context+whiten64+l2``."""
        return self.name + self.refinement.suffix

    def refine(self, values: Embeddings) -> Embeddings:
        """(N, D) vectors of a fold's pool, whitened and scaled as asked for."""
        keep = self.refinement.whiten
        whitening = None if keep is None else fit_whitening(values, keep, f"Embedding '{self.name}'")
        return self.refinement.of(values, whitening)


class ScoreConfig(Checked):
    """How the detector's boxes in a frame become one number."""

    name: str = "least_confidence"
    aggregate: str = "mean"
    k: int = Field(default=5, ge=1)
    empty: float = 0.0

    @model_validator(mode="after")
    def _known(self) -> ScoreConfig:
        if self.name not in SCORES.names():
            raise ValueError(str(unknown_name("score", self.name, SCORES.names())).rstrip("."))
        if self.aggregate not in AGGREGATIONS:
            raise ValueError(str(unknown_name("aggregation", self.aggregate, AGGREGATIONS)).rstrip("."))
        return self


class StrategyConfig(Checked):
    """One strategy, or a grid of its variants.

    Attributes:
        name: A name in `STRATEGIES`, or in `ORACLES`: a reference that knows all labels.
        label: What it is called in tables; its name by default. Two entries need two labels.
        options: Its options.
        grid: Option -> values: a variant for each combination.
        score: The uncertainty that strategies with a score use.
        encoder: The embedding; the study's by default.
        constraints: As for a selection.
    """

    name: str
    label: str = ""
    options: dict[str, Any] = Field(default_factory=dict)
    grid: dict[str, list[Any]] = Field(default_factory=dict)
    score: ScoreConfig | None = None
    encoder: EncoderConfig | None = None
    constraints: Constraints = Constraints()

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _buildable(self) -> StrategyConfig:
        if any(not values for values in self.grid.values()):
            raise ValueError("a grid needs values for each of its options")
        shared = sorted(set(self.grid) & set(self.options))
        if shared:
            raise ValueError(f"'{shared[0]}' is both an option and in the grid")
        for _, options in self.variants():
            try:
                make_strategy(self.name, options)
            except ScanpickError as error:
                raise ValueError(str(error).rstrip(".")) from error
        if self.called in (ALL, START):
            raise ValueError(f"'{self.called}' is taken: it names no strategy in the tables")
        return self

    @property
    def called(self) -> str:
        """Its name in tables."""
        return self.label or self.name

    def variants(self) -> list[tuple[str, dict[str, Any]]]:
        """The name ("" without a grid, or "delta=0.3") and the options of each variant."""
        names = list(self.grid)
        found = []
        for values in itertools.product(*self.grid.values()):
            chosen = dict(zip(names, values, strict=True))
            told = ",".join(f"{name}={value}" for name, value in chosen.items())
            found.append((told, {**self.options, **chosen}))
        return found

    @property
    def needs_score(self) -> bool:
        """Whether it looks at the detector's uncertainty."""
        own = () if self.name in ORACLES else STRATEGIES.options(self.name)
        return self.score is not None or "score" in own
