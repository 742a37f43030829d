"""A study described in a YAML file, with every key checked; unknown ones fail."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from scanpick.arrays import Embeddings
from scanpick.detectors import DETECTORS
from scanpick.encoders import DEFAULT_ENCODER
from scanpick.encoders.whitening import Keep, fit_whitening, unit_length
from scanpick.errors import ScanpickError, unknown_name
from scanpick.labels import CostModel
from scanpick.networks.training import TrainingSettings
from scanpick.options import build_checked
from scanpick.selection.budget import Budget, parse_budget
from scanpick.selection.constraints import Constraints
from scanpick.selection.strategy import STRATEGIES, Strategy, make_strategy
from scanpick.studies.metrics import Metric
from scanpick.studies.training_runs import CAR_METRICS
from scanpick.uncertainty import AGGREGATIONS, SCORES
from scanpick.workspace.encoders import DETECTOR, encoder_names

ALL, START = "all", "start"
"""Names that stand for no strategy: the fully labelled pool, and the start that all strategies share."""


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(_Checked):
    """One data set of a study.

    Attributes:
        source: What `open_dataset` takes: ``simulated:drives``, ``kitti-object:FOLDER``, a folder.
        options: Options of the data set.
        prefix: Put before its frame ids, with a slash; needed where two data sets have the same ids.
        drives: New names of sequences, where another data set of the study calls the same drive otherwise.
        optional: Leave it out where it is not there, instead of an error.
    """

    source: str
    options: dict[str, Any] = Field(default_factory=dict)
    prefix: str = ""
    drives: dict[str, str] = Field(default_factory=dict)
    optional: bool = False


class MetadataSplit(_Checked):
    """The data set says which frames are which, in a metadata column."""

    by: Literal["metadata"]
    column: str = "split"
    pool: str = "pool"
    evaluation: str = "evaluation"


class FilesSplit(_Checked):
    """Two lists of frame ids. A drive may be on both sides only where that is asked for."""

    by: Literal["files"]
    pool: Path
    evaluation: Path
    allow_shared_drives: bool = False


class OfficialSplit(_Checked):
    """KITTI's published lists, ``ImageSets/train.txt`` and ``val.txt``, whose frames share drives."""

    by: Literal["official"]
    pool: str = "train"
    evaluation: str = "val"


class FoldSplit(_Checked):
    """k folds of whole drives, of about as many frames each: every drive is evaluated once."""

    by: Literal["drives"]
    folds: int = Field(ge=2)
    seed: int = Field(default=0, ge=0)


SplitConfig = Annotated[MetadataSplit | FilesSplit | OfficialSplit | FoldSplit, Field(discriminator="by")]


class StartConfig(_Checked):
    """The frames that are labelled before anything is selected: a number or share at random, or a given list."""

    frames: int | None = Field(default=None, ge=1)
    share: float | None = Field(default=None, gt=0, le=1)
    file: Path | None = None

    @model_validator(mode="after")
    def _one_of(self) -> StartConfig:
        given = [name for name in ("frames", "share", "file") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected one of frames, share and file, got {' and '.join(given) or 'none'}")
        return self

    def count(self, pool: int) -> int:
        """How many of a pool's frames."""
        return self.frames if self.frames is not None else max(1, round((self.share or 0) * pool))


class EncoderConfig(_Checked):
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
                raise ValueError(str(error).removeprefix("--whiten: ").rstrip(".")) from error
            return str(whiten)
        return whiten

    @property
    def called(self) -> str:
        """Its name in tables: ``scan_context+whiten64+l2``."""
        whitened = "" if self.whiten is None else "+whiten" + ("" if self.whiten == "all" else self.whiten)
        return self.name + whitened + ("+l2" if self.l2 else "")

    def refine(self, values: Embeddings) -> Embeddings:
        """(N, D) vectors of a fold's pool, whitened and scaled as asked for."""
        if self.whiten is not None:
            values = fit_whitening(values, Keep.parse(self.whiten), f"Embedding '{self.name}'").of(values)
        return unit_length(values) if self.l2 else values


class ScoreConfig(_Checked):
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


class StrategyConfig(_Checked):
    """One strategy, or a grid of its variants.

    Attributes:
        name: A name in `STRATEGIES`.
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

    def made(self, options: Mapping[str, Any]) -> Strategy:
        """The strategy with the options of a variant."""
        return make_strategy(self.name, options)

    @property
    def needs_score(self) -> bool:
        """Whether it looks at the detector's uncertainty."""
        return self.score is not None or "score" in STRATEGIES.load(self.name).model_fields


class DetectorConfig(_Checked):
    """The detector and how every training goes.

    Attributes:
        name: A name in `DETECTORS`.
        options: Its options.
        iterations: Steps, the same for every training of a round: one number, or one for the start and each round.
        epochs: Passes over the labelled frames instead.
        settings: Further fields of `TrainingSettings` (learning_rate, batch_size, schedule, ...).
        device: Where it runs.
    """

    name: str = "pillar-nano"
    options: dict[str, Any] = Field(default_factory=dict)
    iterations: int | list[int] | None = None
    epochs: float | None = Field(default=None, gt=0)
    batch_size: int = Field(default=2, ge=1)
    learning_rate: float = Field(default=3e-3, gt=0)
    settings: dict[str, Any] = Field(default_factory=dict)
    device: str = "cpu"

    @model_validator(mode="after")
    def _complete(self) -> DetectorConfig:
        if self.name not in DETECTORS.names():
            raise ValueError(str(unknown_name("detector", self.name, DETECTORS.names())).rstrip("."))
        if (self.iterations is None) == (self.epochs is None):
            raise ValueError("expected either iterations or epochs")
        own = {"iterations", "batch_size", "learning_rate", "seed"}
        known = set(asdict(TrainingSettings())) - own
        for name in self.settings:
            if name in own:
                raise ValueError(
                    f"'{name}' has a key of its own beside settings" if name != "seed" else "seeds are the study's"
                )
            if name not in known:
                raise ValueError(str(unknown_name("training setting", name, known)).rstrip("."))
        for count in self.iterations if isinstance(self.iterations, list) else [self.iterations]:
            if count is not None and count < 1:
                raise ValueError(f"expected 1 iteration or more, got {count}")
        return self

    def training(self, round_number: int, frames: int, seed: int) -> TrainingSettings:
        """The settings of a training in a round (0 is the start) on so many frames."""
        batch = self.batch_size * int(self.settings.get("accumulation", 1))
        if isinstance(self.iterations, list):
            iterations = self.iterations[min(round_number, len(self.iterations) - 1)]
        elif self.iterations is not None:
            iterations = self.iterations
        else:
            iterations = max(1, round((self.epochs or 0) * frames / batch))
        given = {"checkpoint_every": 100, **self.settings}
        if isinstance(given.get("steps"), list):
            given["steps"] = tuple(given["steps"])
        return TrainingSettings(
            iterations=iterations, batch_size=self.batch_size, learning_rate=self.learning_rate, seed=seed, **given
        )


class CostConfig(_Checked):
    """What annotation costs: these are assumptions of the study, and stated with its results.

    Attributes:
        per_frame: For opening a frame.
        per_box: For each box.
        currency: What is counted.
        classes: What annotators draw; the detector's classes by default.
    """

    per_frame: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    per_box: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    currency: str = ""
    classes: tuple[str, ...] = ()

    @property
    def model(self) -> CostModel:
        """The prices."""
        return CostModel(self.per_frame, self.per_box, self.currency)


class StudyConfig(_Checked):
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
        return list(range(value)) if isinstance(value, int) and not isinstance(value, bool) else value

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
        return cls.of(read_yaml(path), str(path))

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
            plain = one.name.partition(":")[0]
            count = sum(other.name.partition(":")[0] == plain for other in named.values())
            named[plain if not count else f"{plain}-{count + 1}"] = one
        return named

    def embedding_of(self, strategy: StrategyConfig) -> tuple[str, EncoderConfig]:
        """The name of the embedding that a strategy sees, and what is made of it."""
        wanted = strategy.encoder or self.encoder
        for name, one in self.embeddings().items():
            if one.name == wanted.name and one.options == wanted.options:
                return name, wanted
        raise AssertionError(wanted)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds.

    Raises:
        ScanpickError: The file cannot be read, or holds something else.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ScanpickError(f"{path}: cannot read the study's settings: {error}.") from error
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ScanpickError(f"{path}: expected settings as 'name: value' lines, got {type(values).__name__}.")
    return values
