"""ReCon agrees with the reference implementation: features, tokens, pre-training losses, gradients, names."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from scanpick.encoders.recon.checkpoint import encoder_state, load_encoder, read_state
from scanpick.encoders.recon.config import CONFIGS, ReConConfig
from scanpick.encoders.recon.inference import FrozenReCon
from scanpick.encoders.recon.network import ReConEncoder, frozen_feature
from scanpick.encoders.recon.pretraining import ReConPretraining, chamfer_l2
from scanpick.geometry.nearest_neighbours import nearest_neighbours

pytestmark = pytest.mark.golden


@pytest.fixture(scope="module")
def folder(golden: Path) -> Path:
    return golden / "recon"


@pytest.fixture(scope="module")
def model(folder: Path) -> ReConPretraining:
    state = read_state(folder / "tiny_official_layout.pt")
    width = state["mask_token"].shape[-1]
    group_size = state["increase_dim.0.weight"].shape[0] // 3
    depths = [1 + max(int(n.split(".")[at]) for n in state if n.startswith(p)) for p, at in
              (("MAE_encoder.blocks.blocks.", 3), ("MAE_decoder.blocks.", 2))]  # fmt: skip
    config = ReConConfig(width=width, depth=depths[0], decoder_depth=depths[1], group_size=group_size, drop_path=0.0)
    model = ReConPretraining(config)
    model.load_state_dict(state)
    return model


def _groups(arrays: Any, model: ReConPretraining, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """The reference's patches: points relative to their centres, and centres."""
    clouds, centres = (torch.from_numpy(arrays[name]).to(dtype) for name in ("points", "centers"))
    batch = torch.arange(len(clouds))[:, None, None]
    return clouds[batch, torch.from_numpy(arrays["knn_index_sorted"]).long()] - centres[:, :, None], centres


def test_patches_equal_the_reference_sets(folder: Path, model: ReConPretraining) -> None:
    arrays = np.load(folder / "svm_forward.npz")
    for cloud, first, expected in zip(arrays["points"], arrays["fps_index"], arrays["knn_index_sorted"], strict=True):
        rows, _ = nearest_neighbours(cloud, cloud[first], model.config.group_size)
        np.testing.assert_array_equal(np.sort(rows, axis=1), np.sort(expected, axis=1))


def test_features_and_tokens(folder: Path, model: ReConPretraining) -> None:
    arrays = np.load(folder / "svm_forward.npz")
    for dtype, suffix, tolerance in ((torch.float32, "", 1e-5), (torch.float64, "_fp64", 1e-9)):
        encoder = model.to(dtype).eval().MAE_encoder
        neighbourhoods, centres = _groups(arrays, model, dtype)
        with torch.inference_mode():
            special, patches = encoder(neighbourhoods, centres)
            tokens = torch.cat([special, patches], dim=1).numpy()
            feature = frozen_feature(special, patches).numpy()
            embedding = encoder.encoder(neighbourhoods).numpy()
        np.testing.assert_allclose(tokens, arrays[f"tokens_after_norm{suffix}"], rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(feature, arrays[f"feature{suffix}"], rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(embedding, arrays["patch_embedding"], rtol=1e-5, atol=1e-5)
    model.float()


def test_features_and_tokens_of_the_network_for_inference(folder: Path, model: ReConPretraining) -> None:
    arrays = np.load(folder / "svm_forward.npz")
    for dtype, suffix, tolerance in ((torch.float32, "", 1e-5), (torch.float64, "_fp64", 1e-9)):
        special, patches = FrozenReCon(model.to(dtype).eval().MAE_encoder)(*_groups(arrays, model, dtype))
        tokens = torch.cat([special, patches], dim=1).numpy()
        feature = frozen_feature(special, patches).numpy()
        np.testing.assert_allclose(tokens, arrays[f"tokens_after_norm{suffix}"], rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(feature, arrays[f"feature{suffix}"], rtol=tolerance, atol=tolerance)
    model.float()


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_pretraining_losses_and_gradients(folder: Path, model: ReConPretraining, mode: str) -> None:
    arrays = np.load(folder / "pretrain_forward.npz")
    norms = json.loads((folder / "pretrain_grad_norms.json").read_text())[mode]
    model.load_state_dict(read_state(folder / "tiny_official_layout.pt"))
    model.float().train(mode == "train").zero_grad()
    neighbourhoods, centres = _groups(np.load(folder / "svm_forward.npz"), model, torch.float32)

    result = model(neighbourhoods, centres, torch.from_numpy(arrays["mask"]))
    rebuilding = chamfer_l2(result.rebuilt, result.true)
    image, text = (
        torch.nn.functional.smooth_l1_loss(projection(result.special[:, row]), torch.from_numpy(arrays[name]))
        for row, projection, name in ((1, model.img_proj, "img_feature"), (2, model.text_proj, "text_feature"))
    )
    total = rebuilding + image + text
    total.backward()

    losses = [rebuilding.item(), image.item(), text.item(), total.item()]
    np.testing.assert_allclose(losses, arrays[f"{mode}_losses"][:4], rtol=1e-5)
    for name, value in (("rebuild_points", result.rebuilt), ("encoder_x_vis", result.visible)):
        np.testing.assert_allclose(value.detach().numpy(), arrays[f"{mode}_{name}"], rtol=1e-5, atol=2e-5)
    for row, name in enumerate(("cls", "img", "text")):
        token = result.special[:, row].detach().numpy()
        np.testing.assert_allclose(token, arrays[f"{mode}_encoder_{name}"], rtol=1e-5, atol=2e-5)
    for name, parameter in model.named_parameters():
        norm = 0.0 if parameter.grad is None else parameter.grad.norm().item()
        # Biases in front of a batch norm in training have a gradient of rounding errors only.
        assert norm == pytest.approx(norms[name] or 0.0, rel=1e-3, abs=5e-5), name


def test_names_and_shapes(folder: Path, model: ReConPretraining) -> None:
    def shapes(module: torch.nn.Module) -> dict[str, list[int]]:
        return {name: list(value.shape) for name, value in module.state_dict().items()}

    assert shapes(model) == json.loads((folder / "tiny_keys.json").read_text())
    base = ReConPretraining(CONFIGS["base"])
    assert shapes(base) == json.loads((folder / "base_pretrain_keys.json").read_text())
    assert shapes(base.MAE_encoder) == json.loads((folder / "base_svm_keys.json").read_text())


def test_official_layout_loads_with_and_without_module(folder: Path, tmp_path: Path) -> None:
    official = folder / "tiny_official_layout.pt"
    bare = tmp_path / "bare.pt"
    torch.save({"base_model": encoder_state(read_state(official), source="")}, bare)
    first, second = load_encoder(official).state_dict(), load_encoder(bare).state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_base_has_the_published_number_of_parameters() -> None:
    assert sum(parameter.numel() for parameter in ReConEncoder(CONFIGS["base"]).parameters()) == 43_107_072
