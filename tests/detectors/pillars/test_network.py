"""The network in both precisions."""

import numpy as np
import pytest
import torch

from scanpick.detectors.pillars.config import PillarConfig
from scanpick.detectors.pillars.model import PillarModel
from scanpick.errors import ScanpickError
from tests.detectors.scenes import car_scene


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
