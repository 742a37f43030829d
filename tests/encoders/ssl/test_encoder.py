"""The encoder that ships: its vectors, and that neither company nor threads nor the file's place change them."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from scanpick.encoders import ENCODERS, Encoder
from scanpick.encoders.ssl.cells import heights_above_ground, make_cells
from scanpick.encoders.ssl.network import batch_cells
from scanpick.encoders.ssl.objectives import load_pretraining
from scanpick.encoders.ssl.weights import SHIPPED, read_weights
from scanpick.errors import FrameError, ScanpickError
from scanpick.files import sha256_of_file
from tests.encoders.ssl.made_up import frame, scene_points


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return ENCODERS.make("scanpick-ssl", {})


@pytest.fixture(scope="module")
def words() -> Encoder:
    return ENCODERS.make("scanpick-ssl", {"statistics": "0"})


def test_shipped_weights_are_small_and_told(encoder: Encoder) -> None:
    assert SHIPPED.stat().st_size < 12e6
    sha256 = sha256_of_file(SHIPPED)
    assert encoder.settings == {"weights_sha256": sha256, "by_distance": True, "statistics": 5.0, "intensity": False}
    assert sum(array.size for array in read_weights(SHIPPED).arrays.values()) < 5e6


def test_vectors_do_not_depend_on_company(encoder: Encoder) -> None:
    frames = [frame(seed) for seed in range(3)]
    vectors = encoder.encode(frames)
    assert vectors.shape == (3, encoder.dimension)
    assert vectors.dtype == np.float32
    assert (vectors >= 0).all()
    np.testing.assert_array_equal(encoder.encode(frames[1:2])[0], vectors[1])


def test_words_count_things(words: Encoder) -> None:
    none, few, many = (words.encode([frame(0, scene_points(0, boxes))])[0] for boxes in (0, 3, 20))
    assert (none**2).sum() < 1, "no things, no words"
    assert (few**2).sum() < (many**2).sum()


def test_statistics_stand_beside_the_words(encoder: Encoder, words: Encoder) -> None:
    both, alone = encoder.encode([frame(0)])[0], words.encode([frame(0)])[0]
    np.testing.assert_array_equal(both[: words.dimension], alone)
    statistics = ENCODERS.make("statistics", {}).encode([frame(0)])[0]
    np.testing.assert_allclose(both[words.dimension :], 5 * statistics, rtol=1e-6)


def test_counts_by_distance_add_up(words: Encoder) -> None:
    short = ENCODERS.make("scanpick-ssl", {"by_distance": "false", "statistics": "0"})
    assert 3 * short.dimension == words.dimension
    counts = words.encode([frame(0)])[0].astype(np.float64).reshape(3, -1) ** 2
    np.testing.assert_allclose(counts.sum(axis=0), short.encode([frame(0)])[0] ** 2, atol=1e-4)


def test_scenes_together_are_as_scenes_alone() -> None:
    network = load_pretraining(SHIPPED).network
    scenes = [make_cells(points, heights_above_ground(points)) for points in map(scene_points, range(3))]
    together, alone = batch_cells(scenes), batch_cells(scenes[1:2])
    with torch.inference_mode():
        fine, coarse = network(together)
        fine_alone, coarse_alone = network(alone)
    first, last = together.starts[2][1:3]
    torch.testing.assert_close(fine[first:last], fine_alone, rtol=1e-4, atol=1e-4)
    first, last = together.starts[4][1:3]
    torch.testing.assert_close(coarse[first:last], coarse_alone, rtol=1e-4, atol=1e-4)


def test_a_turned_scene_is_nearly_the_same_scene(encoder: Encoder) -> None:
    points = scene_points(7, boxes=16)
    turned = points.copy()
    cos, sin = np.cos(0.3), np.sin(0.3)
    turned[:, :2] = points[:, :2] @ np.array([[cos, sin], [-sin, cos]], np.float32)
    one, same, other = encoder.encode([frame(0, points), frame(1, turned), frame(2, scene_points(8, boxes=4))])
    assert np.linalg.norm(one - same) < np.linalg.norm(one - other)


def test_intensities_count_where_asked_for_only(encoder: Encoder) -> None:
    points = scene_points(0)
    bare = points * np.float32([1, 1, 1, 0])
    np.testing.assert_array_equal(encoder.encode([frame(0, bare)]), encoder.encode([frame(0, points)]))
    sees = ENCODERS.make("scanpick-ssl", {"intensity": "true"})
    assert not np.array_equal(sees.encode([frame(0, bare)]), sees.encode([frame(0, points)]))


def test_frames_without_points_in_reach_are_refused(encoder: Encoder) -> None:
    for points in (np.zeros((0, 4)), np.full((5, 4), 1e6), np.full((5, 4), -1e6)):
        with pytest.raises(FrameError, match="64 m"):
            encoder.encode([frame(0, points.astype(np.float32))])


def test_a_copy_of_the_weights_gives_the_same_and_damaged_ones_are_refused(encoder: Encoder, tmp_path: Path) -> None:
    copy = tmp_path / "mine.npz"
    shutil.copy(SHIPPED, copy)
    mine = ENCODERS.make("scanpick-ssl", {"weights": str(copy)})
    assert mine.settings == encoder.settings
    np.testing.assert_array_equal(mine.encode([frame(0)]), encoder.encode([frame(0)]))
    copy.write_bytes(SHIPPED.read_bytes()[:1000])
    with pytest.raises(ScanpickError, match=r"mine\.npz"):
        ENCODERS.make("scanpick-ssl", {"weights": str(copy)})
    with pytest.raises(ScanpickError, match="no such file"):
        ENCODERS.make("scanpick-ssl", {"weights": str(tmp_path / "none.npz")})
