"""The network against the reference: names, layers, outputs, and the gradients of a training step."""

import json
import re

import numpy as np
import pytest
import torch

from scanpick.detectors.ssd3d.config import SSD3D, SSD3D_NANO
from scanpick.detectors.ssd3d.losses import losses
from scanpick.detectors.ssd3d.network import Ssd3dNetwork
from scanpick.detectors.ssd3d.targets import make_targets
from scanpick.networks.set_abstraction import ConvNorm
from tests.detectors.ssd3d.golden_files import (
    AS_STORED,
    ROWS_FIRST,
    config_of,
    geometric,
    load_network,
    stored_predictions,
)


def test_the_published_size():
    assert sum(parameter.numel() for parameter in Ssd3dNetwork(SSD3D).parameters()) == 2_513_858


def test_nano_is_small():
    parameters = sum(parameter.numel() for parameter in Ssd3dNetwork(SSD3D_NANO).parameters())
    assert parameters < 2_513_858 / 3.5


@pytest.mark.golden
def test_names_and_shapes_are_those_of_the_reference(golden):
    expected = json.loads((golden / "ssd3d" / "keys.json").read_text())
    ours = {name: list(value.shape) for name, value in Ssd3dNetwork(SSD3D).state_dict().items()}
    assert ours == expected


@pytest.mark.golden
def test_batch_norms_are_those_of_the_reference(golden):
    expected = json.loads((golden / "ssd3d" / "batchnorm_settings.json").read_text())
    norms = {
        f"{name}.bn": {"eps": layer.bn.eps, "momentum": layer.bn.momentum}
        for name, layer in Ssd3dNetwork(SSD3D).named_modules()
        if isinstance(layer, ConvNorm)
    }
    assert norms == expected


def assert_close(ours, theirs, relative):
    """Largest difference, relative to the largest number of the array."""
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= relative * np.abs(theirs).max()


@pytest.mark.golden
def test_float64_equals_the_reference_to_a_millionth(golden):
    inputs = np.load(golden / "ssd3d" / "forward.npz")["points"]
    expected = np.load(golden / "ssd3d" / "forward_fp64.npz")
    network = load_network(golden / "ssd3d", config_of(expected, inputs.shape[1])).double().eval()
    features = {}
    for level, condense in enumerate(network.backbone.aggregation_mlps):
        condense.register_forward_hook(lambda module, args, output, level=level: features.update({level: output}))
    with torch.no_grad():
        ours = network(torch.from_numpy(inputs).double())
    theirs = stored_predictions(expected)
    for name in AS_STORED | ROWS_FIRST:
        assert_close(getattr(ours, name).numpy(), getattr(theirs, name).numpy(), 1e-6)
    assert_close(ours.centres.numpy(), expected["pred_center"], 1e-6)
    for level, output in features.items():
        told = [output.mean(), output.norm(), output.max()]
        np.testing.assert_allclose(told, expected[f"agg{level}_features_mean_norm_max"], rtol=1e-6)
    assert_close(features[2].numpy().transpose(0, 2, 1), expected["sa_final_features"], 1e-6)


@pytest.mark.golden
def test_float32_equals_the_reference_to_a_thousandth(golden):
    """On the small clouds, whose sampling does not depend on rounding; each level's points and features, too."""
    arrays = np.load(golden / "ssd3d" / "small_forward.npz")
    network = load_network(golden / "ssd3d", config_of(arrays, arrays["points"].shape[1])).eval()
    seen = []
    for abstraction, condense in zip(network.backbone.SA_modules, network.backbone.aggregation_mlps, strict=True):
        abstraction.register_forward_hook(lambda module, args, output: seen.append(args[2]))
        condense.register_forward_hook(lambda module, args, output: seen.append(output))
    with torch.no_grad():
        ours = network(torch.from_numpy(arrays["points"]))
    for level in range(len(network.backbone.SA_modules)):
        np.testing.assert_array_equal(seen[2 * level].numpy(), arrays[f"sa{level}_xyz"])
        assert_close(seen[2 * level + 1].numpy().transpose(0, 2, 1), arrays[f"agg{level}_features"], 1e-3)
    for prefix in ("", "fp64_"):
        theirs = stored_predictions(arrays, prefix)
        for name in AS_STORED | ROWS_FIRST:
            assert_close(getattr(ours, name).numpy(), getattr(theirs, name).numpy(), 1e-3)


@pytest.mark.golden
def test_levels_one_at_a_time_equal_the_full_float32_run(golden):
    """Each level from the stored output of the one before, so that no pick of an earlier level matters."""
    arrays = np.load(golden / "ssd3d" / "forward.npz")
    network = load_network(golden / "ssd3d", config_of(arrays, arrays["points"].shape[1])).eval()
    points = torch.from_numpy(arrays["points"])
    xyz, features = points[..., :3].contiguous(), points[..., 3:].contiguous()
    backbone = network.backbone
    for level, (abstraction, condense) in enumerate(zip(backbone.SA_modules, backbone.aggregation_mlps, strict=True)):
        centres = torch.from_numpy(arrays[f"sa{level}_xyz"])
        with torch.no_grad():
            raw = abstraction(xyz, features, centres).numpy().transpose(0, 2, 1)
            output = condense(torch.from_numpy(raw).transpose(1, 2))
        assert raw.shape == tuple(arrays[f"sa{level}_raw_shape"])
        samples = raw[tuple(arrays[f"sa{level}_raw_sample_index"].T)]
        assert_close(samples, arrays[f"sa{level}_raw_sample_value"], 1e-3)
        expected = arrays[f"agg{level}_features"].transpose(0, 2, 1)
        assert_close(output.numpy(), expected, 1e-3)
        xyz, features = centres, torch.from_numpy(np.ascontiguousarray(expected))


@pytest.mark.golden
def test_a_training_step_has_the_gradients_of_the_reference(golden):
    """Batch statistics, targets, losses and backward together; norms of the gradients of all parameters."""
    folder = golden / "ssd3d"
    inputs, arrays = np.load(folder / "forward.npz"), np.load(folder / "losses.npz")
    told = json.loads((folder / "losses.json").read_text())
    for run in (name.removesuffix("/grad_norms") for name in told if name.endswith("/grad_norms")):
        case = run.split("/")[0]
        config = config_of(inputs, inputs["points"].shape[1])
        network = load_network(folder, config).train()
        boxes = [geometric(arrays[name]) for name in sorted(n for n in arrays if re.match(rf"{case}/gt_boxes_\d+$", n))]
        labels = [torch.zeros(len(each), dtype=torch.int64) for each in boxes]
        predictions = network(torch.from_numpy(inputs["points"]))
        parts = losses(predictions, make_targets(predictions, boxes, labels, config), config)
        # Feature sampling in float32 may pick one point in a hundred otherwise than the reference, which moves
        # everything by a little; targets and losses of stored predictions are compared strictly elsewhere.
        np.testing.assert_allclose([part.item() for part in parts.values()], arrays[f"{run}/losses"], rtol=0.05)
        sum(parts.values()).backward()
        norms = told[f"{run}/grad_norms"]
        assert norms.keys() == {name for name, _ in network.named_parameters()}
        deviations = []
        for name, parameter in network.named_parameters():
            ours = 0.0 if parameter.grad is None else parameter.grad.norm().item()
            if name.endswith("conv.bias"):  # exactly zero behind a batch norm; the reference has the noise
                assert ours == 0
                assert norms[name] < 0.01 * norms[name.replace("bias", "weight")]
            else:
                deviations.append(abs(ours / norms[name] - 1))
        assert max(deviations) < 0.15
        assert np.median(deviations) < 0.02
