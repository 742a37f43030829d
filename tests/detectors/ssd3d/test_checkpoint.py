"""Files in mmdetection3d's layout: they load, or a sentence says why not."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from scanpick.detectors.saved import load_detector
from scanpick.detectors.ssd3d.config import SSD3D, SSD3D_NANO
from scanpick.detectors.ssd3d.decoding import decode
from scanpick.detectors.ssd3d.model import load_checkpoint
from scanpick.detectors.ssd3d.network import Ssd3dNetwork
from scanpick.errors import ScanpickError
from scanpick.networks.weights import take_weights
from tests.detectors.ssd3d.golden_files import config_of


@pytest.mark.golden
def test_the_reference_file_gives_the_stored_boxes(golden):
    arrays = np.load(golden / "ssd3d" / "small_forward.npz")
    model = load_checkpoint(golden / "ssd3d" / "checkpoint.pth")
    assert model.config == SSD3D
    network = Ssd3dNetwork(config_of(arrays, arrays["points"].shape[1]))
    take_weights(network, model.network.state_dict(), "the detector", "the same weights")
    with torch.no_grad():
        boxes, _ = decode(network.eval()(torch.from_numpy(arrays["points"])), SSD3D)
    np.testing.assert_allclose(boxes, arrays["decoded_boxes_center_origin"], atol=1e-3)


@pytest.fixture
def state():
    return Ssd3dNetwork(SSD3D_NANO).state_dict()


def write(state, path):
    torch.save({"meta": {"epoch": 80}, "state_dict": state}, path)
    return path


def test_what_is_written_is_what_is_read(state, tmp_path):
    path = write(state, tmp_path / "file.pth")
    model = load_checkpoint(path)
    assert model.config == SSD3D_NANO
    for name, value in model.network.state_dict().items():
        assert torch.equal(value, state[name])
    again, described = load_detector(path)
    assert described["detector"] == "3dssd-nano"
    assert again.class_names == ("Car",)


def test_what_does_not_fit_is_named(state, tmp_path):
    del state["bbox_head.conv_pred.conv_reg.bias"]
    state["ema.decay"] = torch.ones(1)
    with pytest.raises(
        ScanpickError,
        match=r"1 parameters \(bbox_head.conv_pred.conv_reg.bias\) missing, 1 parameters \(ema.decay\) left over, none",
    ):
        load_checkpoint(write(state, tmp_path / "file.pth"))


def test_the_number_of_classes_is_that_of_the_file(tmp_path):
    three = replace(SSD3D_NANO, class_names=("a", "b", "c"))
    path = write(Ssd3dNetwork(three).state_dict(), tmp_path / "file.pth")
    assert load_checkpoint(path).class_names == ("Pedestrian", "Cyclist", "Car")
    two = write(Ssd3dNetwork(replace(SSD3D_NANO, class_names=("a", "b"))).state_dict(), tmp_path / "two.pth")
    with pytest.raises(ScanpickError, match=r"expected a detector of 1 or 3 classes, .* got 2"):
        load_checkpoint(two)
    with pytest.raises(ScanpickError, match=r"conv_cls.weight: \(3, 64, 1\) instead of \(1, 64, 1\)"):
        take_weights(
            Ssd3dNetwork(SSD3D_NANO), torch.load(path, weights_only=True)["state_dict"], "the detector", "file"
        )


def test_another_network_is_refused(tmp_path):
    with pytest.raises(ScanpickError, match=r"parameters \(backbone.SA_modules.0.mlps.0.layer0.conv.weight"):
        load_checkpoint(write({"weight": torch.ones(3)}, tmp_path / "file.pth"))


def test_code_in_a_file_is_not_run(tmp_path):
    class Attack:
        def __reduce__(self):
            return (print, ("ran",))

    with pytest.raises(ScanpickError, match="Nothing in it was run"):
        load_checkpoint(write({"a": Attack()}, tmp_path / "file.pth"))
