"""The network for inference is the network for training in evaluation mode, to rounding."""

import numpy as np
import pytest
import torch
from torch import nn

from scanpick.encoders.recon import inference
from scanpick.encoders.recon.config import CONFIGS, ReConConfig
from scanpick.encoders.recon.inference import FrozenReCon
from scanpick.encoders.recon.network import ReConEncoder, frozen_feature


@pytest.fixture
def encoder() -> ReConEncoder:
    """Every parameter and every statistic is one that shows."""
    torch.manual_seed(0)
    encoder = ReConEncoder(ReConConfig(width=96, depth=2)).eval()
    for parameter in encoder.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.running_mean = torch.randn(module.num_features)
            module.running_var = torch.rand(module.num_features) + 0.2
    return encoder


def _batch(groups: int = 70, dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    """More groups than are embedded at a time, and not a multiple of it."""
    return torch.randn(3, groups, 32, 3, dtype=dtype) * 0.2, torch.randn(3, groups, 3, dtype=dtype)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-5), (torch.float64, 1e-12)])
def test_tokens_agree(encoder: ReConEncoder, dtype: torch.dtype, tolerance: float) -> None:
    encoder = encoder.to(dtype)
    batch = _batch(dtype=dtype)
    with torch.inference_mode():
        expected = encoder(*batch)
    for mine, theirs in zip(FrozenReCon(encoder)(*batch), expected, strict=True):
        assert mine.dtype == dtype
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=tolerance, atol=tolerance)


def test_without_packed_products_it_gives_the_same(encoder: ReConEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds of torch that lack oneDNN take the plain operators."""
    batch = _batch()
    packed = FrozenReCon(encoder)(*batch)
    monkeypatch.setattr(inference, "_can_pack", lambda: False)
    for mine, theirs in zip(FrozenReCon(encoder)(*batch), packed, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=2e-5, atol=2e-5)


def test_bfloat16_is_near(encoder: ReConEncoder) -> None:
    batch = _batch()
    exact = frozen_feature(*FrozenReCon(encoder)(*batch)).numpy()
    quick = frozen_feature(*FrozenReCon(encoder, "bfloat16")(*batch)).numpy()
    assert quick.dtype == np.float32
    error = np.linalg.norm(quick - exact, axis=1) / np.linalg.norm(exact, axis=1)
    assert (error > 1e-6).all(), "it was computed in bfloat16"
    assert (error < 0.03).all()


@pytest.mark.parametrize("size", ["tiny", "base"])
def test_same_bits_on_one_thread_or_two(size: str) -> None:
    torch.manual_seed(0)
    frozen = FrozenReCon(ReConEncoder(CONFIGS[size]).eval())
    batch = _batch(groups=33)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(frozen(*batch))
    finally:
        torch.set_num_threads(before)
    for one, two in zip(*found, strict=True):
        assert torch.equal(one, two)


def test_input_and_parameters_are_left_alone(encoder: ReConEncoder) -> None:
    batch = _batch()
    before = [part.clone() for part in (*batch, *encoder.state_dict().values())]
    frozen = FrozenReCon(encoder)
    first = frozen(*batch)
    assert all(torch.equal(*pair) for pair in zip(before, (*batch, *encoder.state_dict().values()), strict=True))
    for parameter in encoder.parameters():
        parameter.data.zero_()
    assert torch.equal(frozen(*batch)[1], first[1]), "its parameters are its own"
