"""The network without torch, against the one in torch that it was trained as."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from scanpick.encoders.ssl.cells import FINE, heights_above_ground, make_cells
from scanpick.encoders.ssl.inference import Layer, SceneInference
from scanpick.encoders.ssl.inference import mean_by_thing as mean_without_torch
from scanpick.encoders.ssl.network import batch_cells
from scanpick.encoders.ssl.objectives import Pretraining, load_pretraining, mean_by_thing, save_pretraining
from scanpick.encoders.ssl.weights import SHIPPED, NetworkConfig, read_weights
from tests.encoders.ssl.made_up import scene_points


@pytest.mark.parametrize("intensity", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_features_and_words_are_those_of_torch(seed: int, intensity: bool) -> None:
    weights = read_weights(SHIPPED)
    assert_same(SceneInference(weights), load_pretraining(SHIPPED), seed, intensity)


def test_any_number_of_channels_will_do(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Pretraining(NetworkConfig(channels=(3, 5, 7, 9, 11), outputs=13), 6)
    for name, value in network.state_dict().items():
        if name.endswith(("running_mean", "running_var", "bias")):
            value.copy_(torch.rand(value.shape) + 0.5)
    save_pretraining(tmp_path / "odd.npz", network, {})
    assert_same(SceneInference(read_weights(tmp_path / "odd.npz")), load_pretraining(tmp_path / "odd.npz"), 0, False)


def assert_same(inference: SceneInference, network: Pretraining, seed: int, intensity: bool) -> None:
    points = scene_points(seed)
    cells = make_cells(points, heights_above_ground(points))
    rng = np.random.default_rng(seed)
    count = len(cells.levels[FINE])
    wanted = np.sort(rng.choice(count, count // 3, replace=False))
    places, things = rng.integers(0, len(wanted), 40), rng.integers(0, 12, 40)
    with torch.inference_mode():
        fine, _ = network.network(batch_cells([cells]), intensity=intensity)
        means = mean_by_thing(fine, torch.from_numpy(wanted[places]), torch.from_numpy(things), 12)
        scores = network.word_scores(means).numpy()
    found = inference.features(cells, wanted, intensity=intensity)
    np.testing.assert_allclose(found[:, : fine.shape[1]], fine[wanted], rtol=1e-4, atol=1e-4)
    found = mean_without_torch(found, places, things, 12)
    np.testing.assert_allclose(found[:, : fine.shape[1]], means, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(inference.word_scores(found), scores, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("rows", "channels", "outputs", "taps"), [(37, 13, 16, 9), (9, 24, 24, 4), (5, 7, 64, 1)])
def test_layers_add_up_the_products_of_the_rows_in_the_table(rows: int, channels: int, outputs: int, taps: int) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(rows, channels + 3)).astype(np.float32)  # three columns that do not count
    weight, shift = rng.normal(size=(taps * channels, outputs)), rng.normal(size=outputs)
    onto = rng.normal(size=(11, outputs)).astype(np.float32)
    table = rng.integers(0, rows + 1, (11, taps)).astype(np.int32)
    table[3] = rows  # has none
    with_empty = np.vstack([values[:, :channels], np.zeros((1, channels))])
    expected = with_empty[table].reshape(11, -1) @ weight + shift
    layer = Layer.of(weight, shift, taps)
    np.testing.assert_allclose(layer(values, table), expected, atol=1e-4)
    np.testing.assert_allclose(layer(values, table, onto), expected + onto, atol=1e-4)
    assert layer(values, table[:0]).shape == (0, outputs)
    swapped = replace(layer, start=np.zeros(outputs, np.float32))
    np.testing.assert_array_equal(swapped(values, table)[3], 0)
