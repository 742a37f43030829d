"""The network in both precisions."""

import numpy as np
import pytest
import torch

from scanpick.detectors.pillars.config import PillarConfig
from scanpick.detectors.pillars.model import PillarModel
from scanpick.detectors.prediction import predict
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


def test_without_box_spread_the_boxes_are_the_same_and_the_column_is_missing() -> None:
    found = []
    for box_spread in (True, False):
        torch.manual_seed(0)
        model = PillarModel(PillarConfig(box_spread=box_spread, score_threshold=0.0))
        found += predict(model, [car_scene()])
    told, silent = found
    assert len(told.boxes) > 0
    np.testing.assert_array_equal(told.boxes.array, silent.boxes.array)
    assert set(told.extras) - set(silent.extras) == {"box_spread"}
