"""What `scanpick adapt` and `scanpick embed` expect of every encoder that can be trained without labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from scanpick.encoders import ENCODERS
from scanpick.encoders.pretraining import ADAPTABLE, AdaptableModel, UnlabelledFrame
from scanpick.errors import FrameError, ScanpickError
from scanpick.structures import Frame, FrameRecord
from tests.detectors.scenes import car_scene

pytestmark = pytest.mark.slow

RANDOM_STARTS: dict[str, dict[str, Any]] = {
    "recon": {"random_weights": "tiny", "points": 128, "groups": 16},
    "scanpick-ssl": {"start": "random"},
}
"""How each starts without weights, cheaply. A new entry of the registry needs a line here."""

CPU = torch.device("cpu")
NAMES = sorted(ADAPTABLE.names())


def _frames() -> list[UnlabelledFrame]:
    return [UnlabelledFrame(FrameRecord(f"f{row}", f"s{row}", 0), car_scene(row).points) for row in range(2)]


def _start(name: str, seed: int = 0) -> AdaptableModel:
    return ADAPTABLE.make(name, RANDOM_STARTS[name], None, seed=seed)


def _state(model: AdaptableModel) -> torch.Tensor:
    return torch.cat([value.flatten().double() for value in model.network.state_dict().values()])


def test_every_entry_is_tested() -> None:
    assert set(NAMES) == RANDOM_STARTS.keys()


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_the_start_and_torch_is_left_alone(name: str) -> None:
    before = torch.random.get_rng_state()
    one, same, other = (_state(_start(name, seed)) for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_and_its_held_out_loss(name: str) -> None:
    model = _start(name)
    frames = _frames()
    original = [frame.points.copy() for frame in frames]
    names = set()
    model.network.train()
    for seed in range(2):
        samples = [model.sample(frame, np.random.default_rng([seed, row])) for row, frame in enumerate(frames)]
        losses = model.losses(model.batch(samples, CPU))
        names.add(tuple(losses))
        total = torch.stack(list(losses.values())).sum()
        assert torch.isfinite(total)
        total.backward()  # type: ignore[no-untyped-call]
    assert len(names) == 1
    gradients = [value.grad for value in model.network.parameters() if value.grad is not None]
    assert any(bool((gradient != 0).any()) for gradient in gradients)
    model.network.eval()
    with torch.inference_mode():
        runs = []
        for _ in range(2):
            kept = [model.held_out_sample(frame, np.random.default_rng(row)) for row, frame in enumerate(frames)]
            runs.append(model.held_out_losses(model.batch(kept, CPU)))
    assert runs[0].shape == (2,)
    assert torch.isfinite(runs[0]).all()
    assert torch.equal(runs[0], runs[1])
    for frame, points in zip(frames, original, strict=True):
        np.testing.assert_array_equal(frame.points, points)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_saves_embeds_and_is_a_start(name: str, tmp_path: Path) -> None:
    model = _start(name)
    json.dumps([model.settings, model.embed_options])
    path = model.save(tmp_path, {"note": "a test"})
    again = ADAPTABLE.make(name, {key: str(v) for key, v in model.embed_options.items()}, path, seed=1)
    torch.testing.assert_close(_state(model), _state(again), rtol=2e-3, atol=1e-4)  # a file may be in half precision
    encoder = ENCODERS.make(name, {"weights": path, **model.embed_options})
    frame = _frames()[0]
    vectors = encoder.encode([Frame(frame.record, frame.points)])
    assert vectors.shape == (1, encoder.dimension)
    assert np.isfinite(vectors).all()
    assert str(path) not in json.dumps(encoder.settings)  # weights count, not where they lie


@pytest.mark.parametrize("name", NAMES)
def test_damaged_weights_unknown_options_and_tiny_frames_are_refused(name: str, tmp_path: Path) -> None:
    path = _start(name).save(tmp_path, {})
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ScanpickError, match=path.name):
        ADAPTABLE.make(name, {}, path, seed=0)
    with pytest.raises(ScanpickError, match="no_such_option"):
        ADAPTABLE.make(name, {"no_such_option": "1"}, None, seed=0)
    for count in (0, 1, 5):
        with pytest.raises(FrameError):
            _start(name).check(np.zeros((count, 4), np.float32))
