"""How a study trains, and what its labels cost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import Field, model_validator

from scanpick.detectors import DETECTORS
from scanpick.errors import unknown_name
from scanpick.labels import CostModel
from scanpick.networks.training import TrainingSettings
from scanpick.studies.checked import Checked


class DetectorConfig(Checked):
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


class CostConfig(Checked):
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
