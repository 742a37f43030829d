"""Training on frames without labels: resumed or not, the same weights; what frames lack is told before it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from scanpick.encoders.pretraining.adaptation import Adaptation
from scanpick.encoders.pretraining.teacher import ImageFeatures
from scanpick.errors import ScanpickError
from tests.encoders.pretraining.drives import Drives, frames_of
from tests.encoders.recon.small import small_recon

pytestmark = pytest.mark.slow

FRAMES = frames_of(Drives())
FEATURES = ImageFeatures({record.frame_id: np.full(4, row, np.float32) for row, record in enumerate(FRAMES.records)})
ALL = {"views": 0.1, "neighbours": 0.1, "image": 0.1}


def _adaptation(seed: int = 0, start: int = 0, **options: Any) -> Adaptation:
    features = FEATURES if options.get("image") else None
    return Adaptation(small_recon(start, **options), FRAMES, seed=seed, features=features)


def _settings(adaptation: Adaptation, iterations: int = 5) -> Any:
    return replace(adaptation.model.training, iterations=iterations, batch_size=3, checkpoint_every=2)


def _weights(adaptation: Adaptation) -> torch.Tensor:
    return torch.cat([value.flatten().double() for value in adaptation.model.network.state_dict().values()])


class StoppedError(Exception):
    pass


def _stop_after(count: int) -> Callable[[int], None]:
    left = count

    def advance(steps: int) -> None:
        nonlocal left
        left -= steps
        if left == 0:
            raise StoppedError

    return advance


def test_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    whole = _adaptation(**ALL)
    whole.train(_settings(whole), tmp_path / "whole")
    parts = _adaptation(**ALL)
    with pytest.raises(StoppedError):
        parts.train(_settings(parts), tmp_path / "parts", advance=_stop_after(3))
    resumed = _adaptation(**ALL)
    resumed.train(_settings(resumed), tmp_path / "parts")
    assert torch.equal(_weights(whole), _weights(resumed))
    log = (tmp_path / "whole/log.csv").read_text()
    assert log == (tmp_path / "parts/log.csv").read_text()
    assert log.splitlines()[0] == "iteration,learning_rate,gradient_norm,scenes,crops,views,neighbours,image"


def test_seeds_change_the_weights_and_what_is_kept_out(tmp_path: Path) -> None:
    runs = {}
    for name, seed in (("one", 0), ("same", 0), ("other", 3)):
        adaptation = _adaptation(seed)
        adaptation.train(_settings(adaptation, 2), tmp_path / name)
        runs[name] = _weights(adaptation)
    assert torch.equal(runs["one"], runs["same"])
    assert not torch.equal(runs["one"], runs["other"])


def test_another_start_or_option_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    first = _adaptation()
    first.train(_settings(first, 2), tmp_path)
    for other in (_adaptation(views=0.2), Adaptation(small_recon(), FRAMES, seed=0, started_from="else")):
        with pytest.raises(ScanpickError, match="other settings, frames"):
            other.train(_settings(other, 2), tmp_path)


def test_frames_kept_out_are_never_trained_on(tmp_path: Path) -> None:
    adaptation = _adaptation(neighbours=0.1)
    seen: set[str] = set()
    sample = adaptation.model.sample

    def watched(frame: Any, rng: np.random.Generator) -> Any:
        seen.add(frame.record.frame_id)
        if frame.neighbour is not None:
            (row,) = [row for row, points in FRAMES.kept.items() if points is frame.neighbour]
            assert FRAMES.records[row].sequence == frame.record.sequence
            seen.add(FRAMES.records[row].frame_id)
        return sample(frame, rng)

    adaptation.model.sample = watched  # type: ignore[method-assign]
    adaptation.train(_settings(adaptation, 6), tmp_path)
    held_out = adaptation.held_out(2)
    assert seen == {FRAMES.records[row].frame_id for row in adaptation.training_rows}
    assert not seen & set(held_out.frame_ids)


def test_the_held_out_loss_is_the_same_whenever_it_is_asked_for_and_falls(tmp_path: Path) -> None:
    adaptation = _adaptation(crops=0.0, views=0.0)
    before, again = adaptation.held_out(2), adaptation.held_out(2)
    np.testing.assert_array_equal(before.losses, again.losses)
    np.testing.assert_allclose(adaptation.held_out(3).losses, before.losses, rtol=1e-4)
    settings = replace(_settings(adaptation, 60), learning_rate=5e-3)
    adaptation.train(settings, tmp_path)
    after = adaptation.held_out(2)
    assert before.frame_ids == after.frame_ids
    assert after.losses.mean() < 0.7 * before.losses.mean()


def test_a_loss_that_is_nan_names_the_frames(tmp_path: Path) -> None:
    adaptation = _adaptation()
    with torch.no_grad():
        adaptation.model.network.recon.mask_token.fill_(torch.nan)  # type: ignore[union-attr,operator]
    with pytest.raises(ScanpickError, match=r"iteration 0: the loss is nan \(scenes nan.*d\d/\d, d\d/\d, d\d/\d"):
        adaptation.train(_settings(adaptation), tmp_path)


def test_minutes_are_planned_once_and_leave_the_model_alone(tmp_path: Path) -> None:
    adaptation = _adaptation()
    before = _weights(adaptation)
    planned = adaptation.iterations_in(0.05, _settings(adaptation), tmp_path)
    assert planned >= 1
    assert planned == adaptation.iterations_in(0.05, _settings(adaptation), tmp_path)
    assert torch.equal(before, _weights(adaptation))


def test_neighbours_of_frames_without_sequences_are_an_error() -> None:
    lonely = frames_of(Drives(drives=6, length=1))
    with pytest.raises(ScanpickError, match="no frame has a neighbour"):
        Adaptation(small_recon(neighbours=0.1), lonely, seed=0)


def test_image_features_must_be_there_and_fit() -> None:
    with pytest.raises(ScanpickError, match="length 4, the teacher gives None"):
        Adaptation(small_recon(image=0.1), FRAMES, seed=0)
    with pytest.raises(ScanpickError, match="length 5, the teacher gives 4"):
        Adaptation(small_recon(image=0.1, image_dimension=5), FRAMES, seed=0, features=FEATURES)
    held_out = Adaptation(small_recon(), FRAMES, seed=0).held_out(4).frame_ids
    only = ImageFeatures({name: FEATURES.values[name] for name in held_out})
    with pytest.raises(ScanpickError, match="none of the frames that are trained on"):
        Adaptation(small_recon(image=0.1), FRAMES, seed=0, features=only)
