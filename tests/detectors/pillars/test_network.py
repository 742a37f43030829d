"""The box head looks at chosen cells alone, yet as a dense convolution would."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from scanpick.detectors.pillars.config import PillarConfig
from scanpick.detectors.pillars.model import PillarModel
from scanpick.detectors.pillars.network import _neighbourhoods
from scanpick.errors import ScanpickError
from tests.detectors.scenes import car_scene


def test_neighbourhoods_are_what_a_dense_convolution_sees() -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 5, 4, 6)
    cells = torch.arange(2 * 4 * 6)  # every cell: corners and borders too, and both frames
    # unfold gives channels first, then the nine places; here the places come first
    dense = F.unfold(features, 3, padding=1).view(2, 5, 9, 24).permute(0, 3, 2, 1).reshape(48, 45)
    torch.testing.assert_close(_neighbourhoods(features, cells), dense)


def test_gradients_reach_the_neighbours_of_a_cell_only() -> None:
    features = torch.randn(1, 3, 5, 5, requires_grad=True)
    _neighbourhoods(features, torch.tensor([12])).sum().backward()
    assert features.grad is not None
    expected = np.zeros((5, 5))
    expected[1:4, 1:4] = 1
    np.testing.assert_array_equal(features.grad[0, 0].numpy(), expected)


def test_bfloat16_gives_nearly_the_same_maps() -> None:
    maps = {}
    for precision in ("float32", "bfloat16"):
        torch.manual_seed(0)
        model = PillarModel(PillarConfig(precision=precision))  # type: ignore[arg-type]
        model.network.eval()
        batch = model.batch([model.sample(car_scene(), np.random.default_rng(0), training=False)], torch.device("cpu"))
        with torch.inference_mode():
            maps[precision] = model.network(batch.features, batch.starts, batch.cells, 1)
    for exact, rough in zip(maps["float32"], maps["bfloat16"], strict=True):
        assert rough.dtype == torch.float32
        assert not torch.equal(exact, rough)
        assert (exact - rough).abs().mean() < 0.02 * exact.abs().mean()


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(ScanpickError, match="float32 or bfloat16"):
        PillarConfig(precision="half")  # type: ignore[arg-type]
