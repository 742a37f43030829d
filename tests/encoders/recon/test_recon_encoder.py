"""ReCon on frames: what it asks for, and how it prepares a scene."""

from pathlib import Path

import numpy as np
import pytest
import torch

from scanpick.encoders import ENCODERS
from scanpick.encoders.recon.config import ReConConfig
from scanpick.encoders.recon.encoder import ReConScene, scene_groups
from scanpick.encoders.recon.network import ReConEncoder
from scanpick.errors import FrameError, ScanpickError
from scanpick.geometry.farthest_point_sampling import farthest_point_sampling
from scanpick.structures import Frame, FrameRecord


def _cloud(count: int = 600, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 3), scale=(20, 20, 1)).astype(np.float32)


def test_without_weights_it_says_where_they_are() -> None:
    with pytest.raises(ScanpickError, match=r"github\.com/qizekun/ReCon.*'random_weights': 'base'"):
        ENCODERS.make("recon", {})


def test_scene_groups_are_those_of_all_distances() -> None:
    """Around the first farthest points of the normalised cloud lie the nearest ones of all, as sets."""
    xyz = _cloud()
    neighbourhoods, centres = scene_groups(xyz, 256, 16, 32, "z")
    start = ((xyz - xyz.mean(axis=0)) ** 2).sum(axis=1).argmin()
    xyz = xyz[[start, *(row for row in range(len(xyz)) if row != start)]]
    cloud = xyz[farthest_point_sampling(xyz, 256)].astype(np.float64)
    cloud -= cloud.mean(axis=0)
    cloud /= np.linalg.norm(cloud, axis=1).max()
    np.testing.assert_allclose(centres, cloud[:16], atol=1e-5)
    nearest = ((cloud[:16, None] - cloud) ** 2).sum(axis=2).argsort(axis=1)[:, :32]
    for mine, theirs in zip(neighbourhoods, cloud[nearest] - cloud[:16, None], strict=True):
        order = [np.lexsort(part.round(4).T) for part in (mine, theirs)]
        np.testing.assert_allclose(mine[order[0]], theirs[order[1]], atol=1e-5)


def test_the_first_centres_are_a_farthest_point_sample() -> None:
    xyz = _cloud()
    kept = xyz[farthest_point_sampling(xyz, 256)]
    np.testing.assert_array_equal(farthest_point_sampling(kept, 16), np.arange(16))


def test_y_up_is_a_rotation() -> None:
    """Height becomes the second axis, and no mirror image is made: distances and handedness stay."""
    up = np.array([[0, 0, 0], [10, 0, 0], [0, 6, 0], [0, 0, 3]], np.float32)
    turned, _ = scene_groups(np.repeat(up, 20, axis=0), 80, 4, 32, "y")
    level, _ = scene_groups(np.repeat(up, 20, axis=0), 80, 4, 32, "z")
    np.testing.assert_allclose(
        np.sort(np.linalg.norm(turned, axis=2)), np.sort(np.linalg.norm(level, axis=2)), atol=1e-6
    )
    np.testing.assert_allclose(turned, level[..., [1, 2, 0]], atol=1e-6)


def test_weights_and_their_sha256_are_recorded(tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "weights.pt"
    torch.save({"base_model": ReConEncoder(ReConConfig(width=96, depth=1)).state_dict()}, path)
    encoder = ReConScene(weights=path, points=256, groups=32)
    assert len(encoder.settings["weights_sha256"]) == 64
    assert encoder.dimension == 192
    assert ReConScene(weights=path, points=256, groups=32, feature="finetune").dimension == 384
    with pytest.raises(ScanpickError, match="got both"):
        ReConScene(weights=path, random_weights="tiny")


def test_a_frame_with_too_few_points_is_set_aside() -> None:
    encoder = ReConScene(random_weights="tiny", points=256, groups=32)
    points = np.zeros((20, 4), np.float32)
    with pytest.raises(FrameError, match="has 20 points"):
        encoder.encode([Frame(FrameRecord("a", "a", 0), points)])


def test_a_frame_of_one_place_gives_finite_numbers() -> None:
    encoder = ReConScene(random_weights="tiny", points=256, groups=32)
    assert np.isfinite(encoder.encode([Frame(FrameRecord("a", "a", 0), np.ones((64, 4), np.float32))])).all()
