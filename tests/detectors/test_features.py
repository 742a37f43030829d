"""A trained detector's features as a representation: read for every kind, and the same again."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from scanpick.detectors.features import pooled
from scanpick.detectors.saved import build_detector, save_detector
from scanpick.encoders import Encoder
from scanpick.errors import FrameError, ScanpickError
from scanpick.structures import Frame, FrameRecord
from scanpick.workspace.encoders import encoder_named

SMALL: dict[str, dict[str, Any]] = {
    "pillar-nano": {"x_range_m": (0.0, 25.6), "y_range_m": (-12.8, 12.8)},
    "3dssd-nano": {},
}


def frame_of(seed: int, count: int = 3000, shift_m: float = 0.0) -> Frame:
    rng = np.random.default_rng(seed)
    ground = np.column_stack([rng.uniform(3, 40, count), rng.uniform(-12, 12, count), rng.normal(-1.7, 0.02, count)])
    thing = rng.uniform((10 + seed, seed % 3 - 1, -1.7), (14 + seed, seed % 3 + 1, -0.2), (count // 4, 3))
    xyz = np.concatenate([ground, thing])
    xyz[:, 0] += shift_m
    points = np.column_stack([xyz, rng.random(len(xyz))]).astype(np.float32)
    return Frame(FrameRecord(f"frame {seed}", "drive", seed), points)


@pytest.fixture(scope="module", params=SMALL)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    folder = tmp_path_factory.mktemp("detector")
    model = build_detector(request.param, ("Car",), seed=3, **SMALL[request.param])
    save_detector(folder, request.param, model, {})
    return encoder_named(f"detector:{folder}", {})


def test_is_an_encoder_that_says_which_weights_it_has(encoder: Encoder) -> None:
    assert isinstance(encoder, Encoder)
    assert encoder.settings["detector"] in SMALL
    assert len(encoder.settings["weights_sha256"]) == 64


def test_vectors_differ_between_frames_and_not_with_company(encoder: Encoder) -> None:
    frames = [frame_of(seed) for seed in range(3)]
    vectors = encoder.encode(frames)
    assert vectors.shape == (3, encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert len(np.unique(vectors, axis=0)) == 3
    np.testing.assert_array_equal(encoder.encode([frames[1]])[0], vectors[1])


def test_threads_change_nothing_that_counts(encoder: Encoder) -> None:
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(encoder.encode([frame_of(0)]))
    finally:
        torch.set_num_threads(before)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-5)


def test_frames_out_of_range_are_refused(encoder: Encoder) -> None:
    with pytest.raises(FrameError, match="range"):
        encoder.encode([frame_of(0, shift_m=1e4)])


def test_the_name_leads_to_a_folder_that_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match="needs a folder"):
        encoder_named("detector:", {})
    with pytest.raises(ScanpickError, match=r"made by `scanpick\.train"):
        encoder_named(f"detector:{tmp_path}", {})
    with pytest.raises(ScanpickError, match="Unknown option of encoder 'detector:"):
        encoder_named(f"detector:{tmp_path}", {"pool": "max"})
    with pytest.raises(ScanpickError, match="given with its name"):
        encoder_named(f"detector:{tmp_path}", {"folder": "other"})


def test_other_names_go_to_the_encoders() -> None:
    assert encoder_named("statistics", {"cell_m": "2"}).settings["cell_m"] == 2
    with pytest.raises(ScanpickError, match="Unknown encoder"):
        encoder_named("statistcs", {})


def test_pooling_by_hand() -> None:
    features = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    vector = pooled(features, torch.tensor([0.9, 0.0]))
    np.testing.assert_allclose(vector[:2], np.array([1.5, 2.0]) / 2.5, rtol=1e-6)
    np.testing.assert_allclose(vector[2:4], np.array([3.0, 4.0]) / 5.0, rtol=1e-6)
    np.testing.assert_allclose(vector[4:], np.array([1.0, 0.0]) * np.sqrt(0.09), rtol=1e-6)
    assert torch.isfinite(pooled(features, torch.zeros(2))).all(), "a detector that is sure of nothing"
