"""The loop that all networks share: chance that is drawn on the way survives an interruption; clear ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from scanpick.errors import ScanpickError
from scanpick.networks.training import (
    PreparedBatch,
    TrainingSettings,
    iterations_in,
    prefetched,
    train_network,
    training_order,
)

SETTINGS = TrainingSettings(iterations=7, checkpoint_every=3, accumulation=2, averaging=0.5, seed=4)


class Noisy:
    """A line through points, fitted under noise that is drawn in the losses."""

    def __init__(self) -> None:
        self.network: nn.Module = nn.Linear(2, 1)
        with torch.no_grad():
            for value in self.network.parameters():
                value.fill_(0.5)

    def batch(self, samples: Sequence[Any], device: torch.device) -> Tensor:
        return torch.tensor(np.stack(samples), device=device)

    def losses(self, batch: Tensor) -> dict[str, Tensor]:
        noise = torch.rand(len(batch), 1, device=batch.device)
        return {"fit": (self.network(batch) - noise).square().mean()}

    def weights(self) -> Tensor:
        return torch.cat([value.detach().flatten() for value in self.network.parameters()])


def prepare(number: int) -> PreparedBatch:
    return [np.random.default_rng([number, row]).random(2, dtype=np.float32) for row in range(2)], [f"frame-{number}"]


def stopping(number: int) -> PreparedBatch:
    if number == 11:
        raise InterruptedError
    return prepare(number)


def test_chance_in_the_losses_is_the_same_when_resumed(tmp_path: Path) -> None:
    whole, other, parts = Noisy(), Noisy(), Noisy()
    train_network(whole, prepare, SETTINGS, tmp_path / "whole", fingerprint={})
    train_network(other, prepare, replace(SETTINGS, seed=5), tmp_path / "other", fingerprint={})
    with pytest.raises(InterruptedError):
        train_network(parts, stopping, SETTINGS, tmp_path / "parts", fingerprint={})
    resumed = Noisy()
    torch.manual_seed(99)
    train_network(resumed, prepare, SETTINGS, tmp_path / "parts", fingerprint={})
    assert torch.equal(whole.weights(), resumed.weights())
    assert not torch.equal(whole.weights(), other.weights())
    assert (tmp_path / "whole/log.csv").read_text() == (tmp_path / "parts/log.csv").read_text()


def test_slow_steps_are_kept_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanpick.networks.training.CHECKPOINT_S", 0.0)
    with pytest.raises(InterruptedError):
        train_network(Noisy(), stopping, replace(SETTINGS, checkpoint_every=100), tmp_path, fingerprint={})
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 1 + 5


def test_the_generator_of_the_caller_is_left_alone(tmp_path: Path) -> None:
    model = Noisy()
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    train_network(model, prepare, SETTINGS, tmp_path, fingerprint={})
    assert torch.equal(torch.rand(3), expected)


def test_another_fingerprint_is_refused(tmp_path: Path) -> None:
    train_network(Noisy(), prepare, SETTINGS, tmp_path, fingerprint={"frames": 2})
    with pytest.raises(ScanpickError, match="other settings, frames"):
        train_network(Noisy(), prepare, SETTINGS, tmp_path, fingerprint={"frames": 3})


def test_a_loss_that_is_not_finite_names_its_frames(tmp_path: Path) -> None:
    def spoilt(number: int) -> PreparedBatch:
        samples, names = prepare(number)
        return ([samples[0] * np.float32(np.inf if number == 4 else 1)], names)

    with pytest.raises(ScanpickError, match=r"iteration 2: the loss is (inf|nan) \(fit .*frame-4"):
        train_network(Noisy(), spoilt, SETTINGS, tmp_path, fingerprint={})


def test_batches_come_in_order_and_errors_reach_the_caller() -> None:
    assert [names[0] for _, names in prefetched(prepare, 3, 9)] == [f"frame-{number}" for number in range(3, 9)]
    batches = prefetched(stopping, 9, 20)
    assert [next(batches)[1], next(batches)[1]] == [["frame-9"], ["frame-10"]]
    with pytest.raises(InterruptedError):
        next(batches)


def test_a_plan_of_minutes_is_kept(tmp_path: Path) -> None:
    calls: list[int] = []
    planned = iterations_in(0.001, tmp_path, lambda steps, folder: calls.append(steps))
    assert planned == iterations_in(0.001, tmp_path, lambda steps, folder: calls.append(steps))
    assert len(calls) == 2
    with pytest.raises(ScanpickError, match=r"planned for 0\.001 minutes, not 5"):
        iterations_in(5, tmp_path, lambda steps, folder: None)


def test_the_order_visits_every_frame_once_an_epoch() -> None:
    order = training_order(5, 12, seed=3)
    assert sorted(order[:5]) == sorted(order[5:10]) == [0, 1, 2, 3, 4]
    assert len(order) == 12
