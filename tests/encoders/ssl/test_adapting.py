"""Training without labels: the same seed, the same weights, resumed or not; and files that are damaged or hostile."""

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from scanpick.encoders.pretraining import ADAPTABLE
from scanpick.encoders.pretraining.adaptable import UnlabelledFrame
from scanpick.encoders.pretraining.adaptation import Adaptation
from scanpick.encoders.pretraining.frames import read_unlabelled
from scanpick.encoders.ssl.adapting import AdaptableSsl, adaptable_ssl
from scanpick.encoders.ssl.objectives import Pretraining, load_pretraining
from scanpick.encoders.ssl.weights import NetworkConfig, read_weights, shapes_of
from scanpick.errors import FrameError, ScanpickError
from tests.encoders.ssl.made_up import frame

pytestmark = pytest.mark.slow

RANDOM = {"start": "random", "vocabulary": "16"}


def trained(out: Path, iterations: int, *, stop_at: int | None = None) -> dict[str, torch.Tensor]:
    model = adaptable_ssl(None, seed=5, **RANDOM)
    frames = {f"frame {seed}": frame(seed) for seed in range(3)}
    kept = read_unlabelled([one.record for one in frames.values()], frames.__getitem__, model.check)
    settings = replace(model.training, iterations=iterations, batch_size=2, checkpoint_every=1)

    def advance(steps: int) -> None:
        nonlocal stop_at
        stop_at = None if stop_at is None else stop_at - steps
        if stop_at == 0:
            raise KeyboardInterrupt

    Adaptation(model, kept, seed=5).train(settings, out, advance=advance)
    return {name: value.clone() for name, value in model.network.state_dict().items()}


def test_the_registry_knows_it() -> None:
    assert ADAPTABLE.load("scanpick-ssl") is adaptable_ssl


def test_resumed_training_gives_the_same_weights(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole", 2)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "cut", 2, stop_at=2)
    resumed = trained(tmp_path / "cut", 2)
    for name, value in whole.items():
        torch.testing.assert_close(resumed[name], value, rtol=0, atol=0, msg=name)


def test_losses_are_finite_and_reach_every_weight() -> None:
    model = adaptable_ssl(None, seed=0, **RANDOM, precision="float32")
    samples = [model.sample(unlabelled(seed), np.random.default_rng(seed)) for seed in range(2)]
    losses = model.losses(model.batch(samples, torch.device("cpu")))
    assert set(losses) == {"rebuild", "standing", "shapes", "words"}
    torch.stack(list(losses.values())).sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.network.parameters())


@pytest.mark.parametrize("counts", [False, True])
def test_training_sees_what_the_vectors_are_made_from(counts: bool) -> None:
    """Weights that were trained with intensities would know something that the encoder then does not tell them."""
    model = adaptable_ssl(None, seed=0, **RANDOM, precision="float32", intensity=str(counts))
    assert model.embed_options == ({"intensity": True} if counts else {})
    seen = unlabelled(0)
    found = []
    for points in (seen.points, seen.points * np.float32([1, 1, 1, 0])):
        sample = model.sample(replace(seen, points=points), np.random.default_rng(0))
        losses = model.losses(model.batch([sample], torch.device("cpu")))
        found.append(torch.stack([losses[name] for name in sorted(losses)]))
    assert torch.equal(*found) is not counts


def test_held_out_losses_do_not_depend_on_company() -> None:
    model = adaptable_ssl(None, seed=0, **RANDOM, precision="float32")
    model.network.eval()
    samples = [model.held_out_sample(unlabelled(seed), np.random.default_rng(seed)) for seed in range(3)]
    with torch.inference_mode():
        together = model.held_out_losses(model.batch(samples, torch.device("cpu")))
        alone = model.held_out_losses(model.batch(samples[1:2], torch.device("cpu")))
    assert together.shape == (3,)
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-5)


def test_saved_weights_come_back_and_training_goes_on_from_them(tmp_path: Path) -> None:
    model = adaptable_ssl(None, seed=0, **RANDOM)
    path = model.save(tmp_path, {"frames": 3})
    again = adaptable_ssl(path, seed=1)
    for name, value in model.network.state_dict().items():
        torch.testing.assert_close(again.network.state_dict()[name], value, rtol=1e-3, atol=1e-3, msg=name)
    assert len(again.settings["started_from_sha256"]) == 64
    assert again.training.learning_rate < model.training.learning_rate
    assert path.stat().st_size < 1.1 * 2 * sum(p.numel() for p in model.network.parameters()) + 2e5, "half precision"


def test_a_scene_without_things_is_learnt_from() -> None:
    model: AdaptableSsl = adaptable_ssl(None, seed=0, **RANDOM)
    flat = np.column_stack([np.random.default_rng(0).uniform(2, 30, (500, 2)), np.full(500, -1.7), np.zeros(500)])
    bare = UnlabelledFrame(frame(0).record, flat.astype(np.float32))
    model.check(bare.points)
    losses = model.losses(model.batch([model.sample(bare, np.random.default_rng(0))], torch.device("cpu")))
    assert all(torch.isfinite(value) for value in losses.values())


def test_frames_that_cannot_be_learnt_from_are_refused() -> None:
    model = adaptable_ssl(None, seed=0, **RANDOM)
    for points in (np.zeros((0, 4)), np.full((500, 4), 1e6)):
        with pytest.raises(FrameError, match="at least 100"):
            model.check(points.astype(np.float32))


def test_options_are_checked() -> None:
    with pytest.raises(ScanpickError, match=r"Unknown option .* 'word'. Did you mean 'words'"):
        adaptable_ssl(None, seed=0, word="1")
    with pytest.raises(ScanpickError, match="'hidden_share'"):
        adaptable_ssl(None, seed=0, hidden_share="1.5")


def test_the_shapes_of_weights_are_those_of_the_network() -> None:
    for config, words in ((NetworkConfig(), 128), (NetworkConfig(channels=(3, 5, 7, 9, 11), outputs=13), 6)):
        state = Pretraining(config, words).state_dict()
        assert shapes_of(config, words) == {name: tuple(value.shape) for name, value in state.items()}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match=r"none.npz: no such"):
        read_weights(tmp_path / "none.npz")


class Evil:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("evil-was-here"),))


def test_hostile_files_are_refused_and_nothing_in_them_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = adaptable_ssl(None, seed=0, **RANDOM)
    good = model.save(tmp_path, {})
    with np.load(good) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(str(arrays.pop("about")))

    def refused(match: str, state: dict[str, Any] | None = None, **changes: Any) -> None:
        told = np.array(json.dumps(about | changes))
        np.savez(tmp_path / "bad.npz", about=told, **(arrays if state is None else state))
        with pytest.raises(ScanpickError, match=match):
            load_pretraining(tmp_path / "bad.npz")

    refused("expected weights of the encoder 'scanpick-ssl'", encoder="recon")
    refused("expected weights of the encoder 'scanpick-ssl'", network=None)
    refused("sizes from 1", vocabulary=10**9)
    refused("Unknown option of the network", network={**about["network"], "layers": 3})
    refused(r"1 parameters \(words\) missing", {k: v for k, v in arrays.items() if k != "words"})
    refused(r"1 parameters \(more\) left over", {**arrays, "more": np.zeros(1)})
    refused(r"1 parameters \(words: \(3, 3\) instead of .*\) of another shape", {**arrays, "words": np.zeros((3, 3))})
    refused("finite", {**arrays, "words": np.full_like(arrays["words"], np.nan)})
    refused("finite", {**arrays, "words": arrays["words"].astype(str)})
    refused("allow_pickle", {**arrays, "words": np.array([Evil()])})
    (tmp_path / "cut.npz").write_bytes(good.read_bytes()[:-4000])
    with pytest.raises(ScanpickError, match="a whole"):
        load_pretraining(tmp_path / "cut.npz")
    flipped = bytearray(good.read_bytes())
    flipped[5000] ^= 1
    (tmp_path / "flipped.npz").write_bytes(flipped)
    with pytest.raises(ScanpickError, match="changed or damaged"):
        load_pretraining(tmp_path / "flipped.npz")
    for name in ("pickle.npz", "pickle.pt"):
        (tmp_path / name).write_bytes(pickle.dumps(Evil()))
        with pytest.raises(ScanpickError):
            load_pretraining(tmp_path / name)
    assert not (tmp_path / "evil-was-here").exists()
    with pytest.raises(ScanpickError, match="no such"):
        load_pretraining(tmp_path / "none.npz")


def unlabelled(seed: int) -> UnlabelledFrame:
    made = frame(seed)
    return UnlabelledFrame(made.record, made.points)
