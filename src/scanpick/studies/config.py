"""A study described in a YAML file, with every key checked; unknown ones fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from scanpick.errors import ScanpickError
from scanpick.options import build_checked
from scanpick.selection.budget import Budget, parse_budget
from scanpick.studies.checked import Checked
from scanpick.studies.data import DataConfig, SplitConfig, StartConfig
from scanpick.studies.strategy_config import EncoderConfig, StrategyConfig
from scanpick.studies.training_config import CostConfig, DetectorConfig
from scanpick.texts import read_mapping
from scanpick.training.metrics import Metric
from scanpick.training.runs import CAR_METRICS
from scanpick.workspace.encoders import embedding_name

MAX_SEEDS = 10_000
"""A number of seeds above this is a slip of the keyboard, and a list of them might not fit in memory."""


class StudyConfig(Checked):
    """Everything that decides a study's numbers.

    Attributes:
        name: What it is called.
        data: Its data sets.
        split: Which frames may be labelled, and which are evaluated.
        classes: What the detector is to find.
        start: The frames labelled at first.
        rounds: What each round adds: a number of frames, or any budget that `parse_budget` reads ("120 objects").
        strategies: What is compared.
        reference: Also train on the whole pool.
        encoder: The embedding that strategies see.
        detector: What is trained.
        seeds: A study is repeated for each: another start, other weights, other chance.
        metrics: Numbers to compute.
        primary_metric: The one that statistics are about; the first by default.
        cost: Prices of labels.
        threads: Of each training; results agree to the last digit only for the same number.
        pool: The folder of its frames, vectors, labels, predictions and selections, which `scanpick.open_pool` opens;
            ``pool`` in the study's folder by default.

    Example:
        >>> config = StudyConfig.of({"name": "small", "data": "simulated:drives", "split": {"by": "metadata"},
        ...     "start": {"frames": 5}, "rounds": [5], "strategies": ["random"], "detector": {"iterations": 10}})
        >>> config.strategies[0].called
        'random'
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    data: list[DataConfig] = Field(min_length=1)
    split: SplitConfig
    classes: tuple[str, ...] = Field(default=("Car",), min_length=1)
    start: StartConfig
    rounds: list[str] = Field(default_factory=list)
    strategies: list[StrategyConfig] = Field(default_factory=list)
    reference: bool = False
    encoder: EncoderConfig = EncoderConfig()
    detector: DetectorConfig
    seeds: list[int] = Field(default=[0], min_length=1)
    metrics: tuple[str, ...] = Field(default=CAR_METRICS, min_length=1)
    primary_metric: str = ""
    cost: CostConfig = CostConfig()
    threads: int = Field(default=1, ge=1)
    pool: Path | None = None

    @field_validator("data", mode="before")
    @classmethod
    def _sources(cls, value: Any) -> Any:
        values = value if isinstance(value, list) else [value]
        return [{"source": one} if isinstance(one, str) else one for one in values]

    @field_validator("rounds", mode="before")
    @classmethod
    def _budgets(cls, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return [str(one) if isinstance(one, int) and not isinstance(one, bool) else one for one in value]

    @field_validator("rounds")
    @classmethod
    def _readable_budgets(cls, rounds: list[str]) -> list[str]:
        for text in rounds:
            try:
                budget = parse_budget(text)
            except ScanpickError as error:
                raise ValueError(str(error).rstrip(".")) from error
            if budget.amount == 0:
                raise ValueError("a round must add something, got 0")
        return rounds

    @field_validator("metrics")
    @classmethod
    def _metric_names(cls, metrics: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(str(Metric.parse(name)) for name in metrics))
        except ScanpickError as error:
            raise ValueError(str(error).rstrip(".")) from error

    @field_validator("seeds", mode="before")
    @classmethod
    def _how_many_seeds(cls, value: Any) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            return value
        if value > MAX_SEEDS:
            raise ValueError(f"expected at most {MAX_SEEDS} seeds, got {value}")
        return list(range(value))

    @model_validator(mode="after")
    def _fit_together(self) -> StudyConfig:
        names = [strategy.called for strategy in self.strategies]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two strategies are called '{name}': give one a label")
        if bool(self.rounds) != bool(self.strategies):
            raise ValueError("rounds and strategies go together: there are none of the one, but some of the other")
        if len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise ValueError(f"expected different seeds of 0 or more, got {self.seeds}")
        if self.primary_metric and self.primary_metric not in self.metrics:
            raise ValueError(f"the primary metric {self.primary_metric} is not among the metrics")
        for metric in self.metrics:
            if Metric.parse(metric).class_name not in self.classes:
                raise ValueError(f"the metric {metric} is of a class that is not trained: {', '.join(self.classes)}")
        iterations = self.detector.iterations
        if isinstance(iterations, list) and len(iterations) != len(self.rounds) + 1:
            raise ValueError(
                f"iterations: expected one number, or {len(self.rounds) + 1} (the start and each round), "
                f"got {len(iterations)}"
            )
        return self

    @classmethod
    def of(cls, values: dict[str, Any], where: str = "the study") -> StudyConfig:
        """Build it from plain values; `where` names it in messages.

        Raises:
            ScanpickError: A key is unknown, or a value does not fit.
        """
        return build_checked(cls, values, where)

    @classmethod
    def read(cls, path: Path) -> StudyConfig:
        """Read it from a YAML file. Relative paths in it are taken from where the command runs.

        Raises:
            ScanpickError: The file cannot be read, a key is unknown, or a value does not fit.
        """
        return cls.of(read_mapping(path), str(path))

    @property
    def primary(self) -> str:
        """The metric that statistics are about."""
        return self.primary_metric or self.metrics[0]

    @property
    def budgets(self) -> list[Budget]:
        """What each round adds."""
        return [parse_budget(text) for text in self.rounds]

    @property
    def annotated(self) -> tuple[str, ...]:
        """The classes that annotators draw."""
        return self.cost.classes or self.classes

    def embeddings(self) -> dict[str, EncoderConfig]:
        """What the embeddings are called that must be computed: the encoder's name, numbered where it has several.

        Those that differ only in whitening or length are one.
        """
        named: dict[str, EncoderConfig] = {}
        for one in [self.encoder, *(strategy.encoder for strategy in self.strategies if strategy.encoder)]:
            if any(other.name == one.name and other.options == one.options for other in named.values()):
                continue
            named[embedding_name(one.name, named)] = one
        return named

    def embedding_of(self, strategy: StrategyConfig) -> tuple[str, EncoderConfig]:
        """The name of the embedding that a strategy sees, and what is made of it."""
        wanted = strategy.encoder or self.encoder
        for name, one in self.embeddings().items():
            if one.name == wanted.name and one.options == wanted.options:
                return name, wanted
        raise AssertionError(wanted)
