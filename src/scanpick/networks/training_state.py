"""What a training goes on from: weights, optimiser, schedule, averaged weights and log, in one checkpoint file."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from scanpick.errors import ScanpickError
from scanpick.networks.weights import read_weights_file, write_weights_file
from scanpick.texts import parsing, write_csv

CHECKPOINT, LOG = "checkpoint.pt", "log.csv"


class WeightAverage:
    """Exponential moving average of the weights; buffers are copied. With a share of 0 it does nothing."""

    def __init__(self, network: nn.Module, share: float) -> None:
        self.share = share
        self.values = {n: v.detach().clone() for n, v in network.state_dict().items()} if share else {}
        self.updates = 0

    def update(self, network: nn.Module) -> None:
        """Take a step towards the weights that the network has now."""
        self.updates += 1
        share = min(self.share, (1 + self.updates) / (10 + self.updates))  # the start is forgotten quickly
        current = network.state_dict() if self.values else {}
        for name, value in self.values.items():
            if value.is_floating_point():
                value.lerp_(current[name], 1 - share)
            else:
                value.copy_(current[name])

    def copy_to(self, network: nn.Module) -> None:
        """Give the network the averaged weights."""
        if self.values:
            network.load_state_dict(self.values)


@dataclass
class TrainingState:
    """A training between two steps.

    Attributes:
        network: What is trained.
        optimiser: With its moments.
        schedule: Of the learning rate.
        average: Moving average of the weights.
        fingerprint: Tells this training from others: a checkpoint of another one is refused.
        iteration: Steps done.
        log: What is told of each step.
        started: When this run began, on the monotonic clock.
    """

    network: nn.Module
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    average: WeightAverage
    fingerprint: str
    iteration: int = 0
    log: list[dict[str, float]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def resume(self, out: Path) -> None:
        """Go on from the checkpoint in `out`, where there is one.

        Raises:
            ScanpickError: It belongs to another training, or cannot be read.
        """
        path = out / CHECKPOINT
        if not path.exists():
            return
        saved = read_weights_file(path)
        with parsing(str(path), "a checkpoint; remove the file to begin anew"):
            if saved["fingerprint"] != self.fingerprint:
                raise ScanpickError(
                    f"{out} holds a training with other settings, frames or labels. Choose another folder or remove it."
                )
            self.network.load_state_dict(saved["network"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.schedule.load_state_dict(saved["schedule"])
            for name, value in saved["average"].items():
                self.average.values[name].copy_(value)
            self.average.updates = saved["updates"]
            self.iteration, self.log = saved["iteration"], saved["log"]

    def save(self, out: Path) -> None:
        """Write ``checkpoint.pt`` and ``log.csv``, each whole or not at all."""
        content = {
            "fingerprint": self.fingerprint,
            "iteration": self.iteration,
            "log": self.log,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "average": self.average.values,
            "updates": self.average.updates,
            "seconds": time.monotonic() - self.started,
        }
        write_weights_file(out / CHECKPOINT, content)
        write_csv(out / LOG, list(self.log[0]), self.log)
