"""What ReCon learns from frames without labels: each loss does what it is named for, and wrong starts are told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from scanpick.encoders.pretraining import UnlabelledFrame
from scanpick.encoders.recon.adapting import AdaptableReCon, Batch, adaptable_recon
from scanpick.encoders.recon.checkpoint import load_encoder
from scanpick.encoders.recon.config import ReConConfig
from scanpick.encoders.recon.pretraining import ReConPretraining, chamfer_l2
from scanpick.errors import FrameError, ScanpickError
from scanpick.structures import FrameRecord
from tests.detectors.scenes import car_scene
from tests.encoders.recon.small import small_recon

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
ALL = {"scenes": 1.0, "crops": 0.5, "views": 0.1, "neighbours": 0.2, "image": 0.3}


def _frame(row: int, **more: Any) -> UnlabelledFrame:
    return UnlabelledFrame(FrameRecord(f"f{row}", f"s{row}", 0), car_scene(row).points[::20], **more)


def _batch(model: AdaptableReCon, frames: list[UnlabelledFrame]) -> Batch:
    rng = np.random.default_rng(0)
    return model.batch([model.sample(frame, rng) for frame in frames], CPU)


FRAMES = [
    _frame(0, neighbour=car_scene(5).points[::20], image_feature=np.ones(4, np.float32)),
    _frame(1),
    _frame(2, neighbour=car_scene(6).points[::20]),
]


@pytest.mark.parametrize("weights", [ALL, dict.fromkeys(ALL, 0.0) | {"views": 1.0}, {"image": 1.0, "crops": 0.0}])
def test_losses_are_those_asked_for_and_weighted(weights: dict[str, float]) -> None:
    model = small_recon(**weights)
    o = model.options
    model.network.eval()
    losses = model.losses(_batch(model, FRAMES))
    assert set(losses) == {name for name in ALL if getattr(o, name) > 0}
    doubled = small_recon(**{name: 2 * getattr(o, name) for name in ALL})
    doubled.network.eval()
    for name, value in doubled.losses(_batch(doubled, FRAMES)).items():
        torch.testing.assert_close(value, 2 * losses[name])


def test_hidden_patches_that_are_not_encoded_change_nothing() -> None:
    model = small_recon()
    batch = _batch(model, FRAMES)
    model.network.eval()
    scenes, crops = model._rebuilt(batch)
    assert crops is not None
    assert batch.crops is not None
    for found, given in ((scenes, batch.scenes), (crops, batch.crops)):
        whole = model.network.recon(*given)
        torch.testing.assert_close(found.rebuilt, whole.rebuilt)
        torch.testing.assert_close(found.special, whole.special)
        torch.testing.assert_close(chamfer_l2(found.rebuilt, found.true), chamfer_l2(whole.rebuilt, whole.true))


@pytest.mark.parametrize(("stop_gradient", "reaches"), [(True, False), (False, True)])
def test_agreement_reaches_the_patches_only_without_stop_gradient(stop_gradient: bool, reaches: bool) -> None:
    model = small_recon(scenes=0.0, crops=0.0, views=1.0, stop_gradient=stop_gradient)
    sum(model.losses(_batch(model, FRAMES)).values(), torch.zeros(())).backward()
    patches = model.network.recon.MAE_encoder.encoder.first_conv[0].weight.grad
    assert (patches is not None and bool((patches != 0).any())) is reaches
    special = model.network.recon.MAE_encoder.cls_token.grad
    assert special is not None
    assert (special != 0).any()


def test_frames_without_neighbour_or_image_do_not_count_there() -> None:
    model = small_recon(**ALL)
    model.network.eval()
    losses = model.losses(_batch(model, [_frame(1), _frame(3)]))
    assert losses["neighbours"] == 0
    assert losses["image"] == 0
    sum(losses.values(), torch.zeros(())).backward()


def test_a_sample_depends_on_frame_and_rng_alone() -> None:
    model = small_recon(**ALL)
    one, same, other = (model.sample(FRAMES[0], np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.scenes.neighbourhoods, same.scenes.neighbourhoods)
    np.testing.assert_array_equal(one.scenes.mask, same.scenes.mask)
    assert not np.array_equal(one.scenes.neighbourhoods, other.scenes.neighbourhoods)
    assert one.scenes.mask.shape == (3, 16)  # the view, a second one, the neighbour
    assert (one.scenes.mask.sum(axis=1) == int(0.6 * 16)).all()
    assert one.crops is not None
    assert one.crops.mask.shape == (2, 8)


def test_the_held_out_loss_is_per_frame_and_does_not_depend_on_the_others() -> None:
    model = small_recon(mask="block")
    model.network.eval()
    samples = [model.held_out_sample(frame, np.random.default_rng(i)) for i, frame in enumerate(FRAMES)]
    together = model.held_out_losses(model.batch(samples, CPU))
    alone = torch.cat([model.held_out_losses(model.batch([sample], CPU)) for sample in samples])
    torch.testing.assert_close(together, alone)
    whole = model.network.recon(*model.batch(samples, CPU).scenes)
    torch.testing.assert_close(together.mean(), chamfer_l2(whole.rebuilt, whole.true))


def test_too_few_points_are_refused_before_training() -> None:
    model = small_recon()
    with pytest.raises(FrameError, match=r"has 63 points.*at least 64"):
        model.check(FRAMES[0].points[:63])
    least = replace(FRAMES[0], points=FRAMES[0].points[:64], neighbour=FRAMES[0].points[:64])
    model.check(least.points)
    for seed in range(20):
        model.sample(least, np.random.default_rng(seed))


def test_what_is_saved_loads_as_encoder_and_as_a_start(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = ReConConfig(width=96, depth=1)
    torch.save({"base_model": ReConPretraining(config).state_dict()}, tmp_path / "start.pt")
    model = adaptable_recon(tmp_path / "start.pt", seed=0)
    assert model.settings["fresh"] == ["view_proj"]
    path = model.save(tmp_path, {"note": "adapted"})
    loaded = load_encoder(path).state_dict()
    for name, value in model.network.recon.MAE_encoder.state_dict().items():
        assert torch.equal(value, loaded[name])
    again = adaptable_recon(path, seed=1, image="0.5")
    assert again.settings["fresh"] == []
    for name, value in model.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name])
    other_teacher = adaptable_recon(path, seed=1, image_dimension="12")
    assert other_teacher.settings["fresh"] == ["img_proj"]


def test_seeds_decide_random_weights() -> None:
    start = [adaptable_recon(None, seed=seed, random_weights="tiny").network.recon.mask_token for seed in (0, 0, 1)]
    assert torch.equal(start[0], start[1])
    assert not torch.equal(start[0], start[2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs either `weights=FILE`"),
        ({"random_weights": "huge"}, "random_weights"),
        ({"random_weights": "tiny", "veiws": "1"}, "Did you mean 'views'"),
        ({"random_weights": "tiny", "groups": "128", "points": "64"}, "128 groups need as many points"),
        ({"random_weights": "tiny", "scenes": "0", "crops": "0", "views": "0"}, "every loss has the weight 0"),
        ({"random_weights": "tiny", "scenes": "nan"}, "scenes"),
        ({"random_weights": "tiny", "mask_share": "1"}, "mask_share"),
    ],
)
def test_wrong_options_are_told(options: dict[str, str], message: str) -> None:
    with pytest.raises(ScanpickError, match=message):
        adaptable_recon(None, seed=0, **options)


def test_a_file_and_random_weights_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match="needs either"):
        adaptable_recon(tmp_path / "some.pt", seed=0, random_weights="tiny")


def test_hostile_and_damaged_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "code.pt").write_bytes(b"cposix\nsystem\n(S'touch " + str(tmp_path / "run").encode() + b"'\ntR.")
    (tmp_path / "short.pt").write_bytes(b"PK\x03\x04 too short")
    torch.save({"base_model": {"a": torch.zeros(2)}}, tmp_path / "other.pt")
    for name, message in (("code.pt", "refused"), ("short.pt", "checkpoint"), ("other.pt", "not a ReCon checkpoint")):
        with pytest.raises(ScanpickError, match=message):
            adaptable_recon(tmp_path / name, seed=0)
    assert not (tmp_path / "run").exists()
