"""ReCon on the parts of a scene: what is pooled is what the network gives for each part as an object."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.encoders import ENCODERS, PartEncoder
from scanpick.encoders.recon.encoder import scene_groups
from scanpick.encoders.recon.parts import ReConParts
from scanpick.encoders.scene_parts import cut_into_parts
from scanpick.errors import ScanpickError
from scanpick.structures import Frame, FrameRecord

OPTIONS = {"random_weights": "tiny", "points": 64, "groups": 8, "most": 6}


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    dataset = open_dataset("simulated:demo")
    return [dataset.read(record.frame_id) for record in dataset.records[:: len(dataset.records) // 3][:3]]


@pytest.fixture(scope="module")
def encoder() -> ReConParts:
    return ReConParts(**OPTIONS)


def test_each_part_is_embedded_as_an_object(encoder: ReConParts, frames: list[Frame]) -> None:
    objects = encoder.encode_objects(frames)
    assert isinstance(encoder, PartEncoder)
    assert objects.counts.tolist() == [len(cut_into_parts(frame.points, encoder)) for frame in frames]
    parts = cut_into_parts(frames[1].points, encoder)
    mine = objects.of_frames([1])
    for place, rows in enumerate(parts.rows):
        neighbourhoods, centres = scene_groups(frames[1].points[rows, :3], 64, 8, 32, "y")
        feature = encoder.features(neighbourhoods[None], centres[None])[0]
        np.testing.assert_allclose(mine.values[place], feature, rtol=1e-4, atol=1e-4)
        assert mine.num_points[place] == len(rows)
    np.testing.assert_array_equal(mine.boxes, parts.boxes)


def test_place_and_size_do_not_count_but_shape_does(encoder: ReConParts) -> None:
    rng = np.random.default_rng(0)
    small = rng.uniform(-0.5, 0.5, (200, 3)) * (1.5, 0.8, 1.2)
    flat = np.column_stack([rng.uniform(-30, 30, (4000, 2)), np.full(4000, -1.73)])

    def feature(thing: np.ndarray) -> np.ndarray:
        points = np.concatenate([flat, thing])
        frame = Frame(FrameRecord("f", "d", 0), np.column_stack([points, np.zeros(len(points))]).astype(np.float32))
        objects = encoder.encode_objects([frame])
        assert objects.counts.tolist() == [1]
        return objects.values[0]

    here, there = feature(small + np.array([8, 2, 0])), feature(small * 1.2 + np.array([15, -6, 0]))
    other = feature(small * np.array([0.1, 1, 1]) + np.array([8, 2, 0]))
    np.testing.assert_allclose(here, there, atol=0.02)
    assert np.abs(here - other).max() > 0.1


def test_pooling_by_hand(encoder: ReConParts, frames: list[Frame]) -> None:
    objects = encoder.encode_objects(frames)
    fitted = encoder.fitted(objects.values)
    vectors = fitted.pooled(objects)
    words = fitted.learned["words"]
    assert vectors.shape == (3, fitted.dimension) == (3, 2 * 384 + len(words))
    for row in range(3):
        values = objects.of_frames([row]).values.astype(float)
        mean, high = values.mean(axis=0), values.max(axis=0)
        nearest = ((values[:, None] - words) ** 2).sum(axis=2).argmin(axis=1)
        bag = np.sqrt(np.bincount(nearest, minlength=len(words)) / 6)
        blocks = [mean / np.linalg.norm(mean), high / np.linalg.norm(high), bag]
        np.testing.assert_allclose(vectors[row], np.concatenate(blocks) / np.sqrt(3), atol=1e-6)
    alone = np.concatenate([fitted.encode([frame]) for frame in frames])
    np.testing.assert_allclose(alone, vectors, atol=1e-6)


def test_before_words_are_known_there_are_two_blocks(encoder: ReConParts, frames: list[Frame]) -> None:
    assert encoder.dimension == 768
    assert dict(encoder.learned) == {}
    np.testing.assert_allclose(np.linalg.norm(encoder.encode(frames), axis=1), 1, rtol=1e-6)
    plain = ReConParts(**OPTIONS, words=0)
    assert plain.fitted(np.ones((9, 384), np.float32)) is plain


def test_words_from_a_file(encoder: ReConParts, frames: list[Frame], tmp_path: Path) -> None:
    objects = encoder.encode_objects(frames)
    fitted = encoder.fitted(objects.values)
    np.save(tmp_path / "words.npy", fitted.learned["words"])
    given = ENCODERS.make("recon-parts", {**OPTIONS, "words_file": tmp_path / "words.npy"})
    assert isinstance(given, ReConParts)
    assert given.fitted(objects.values) is given
    assert len(given.settings["words_sha256"]) == 64
    np.testing.assert_array_equal(given.encode(frames), fitted.encode(frames))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros((4, 10), np.float32), r"shape \(any, 384\)"),
        (np.full((4, 384), np.nan, np.float32), "finite"),
        (np.array([{"a": 1}]), "rows are Python objects"),
        (None, "cannot be read: No such file"),
    ],
)
def test_words_that_do_not_fit(tmp_path: Path, content: np.ndarray | None, message: str) -> None:
    path = tmp_path / "words.npy"
    if content is not None:
        np.save(path, content, allow_pickle=True)
    with pytest.raises(ScanpickError, match=message):
        ENCODERS.make("recon-parts", {**OPTIONS, "words_file": path})


def test_an_empty_road_is_the_zero_vector(encoder: ReConParts) -> None:
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.uniform(-30, 30, (3000, 2)), np.full(3000, -1.73), np.zeros(3000)])
    frame = Frame(FrameRecord("road", "d", 0), points.astype(np.float32))
    fitted = encoder.fitted(np.random.default_rng(1).normal(size=(20, 384)).astype(np.float32))
    assert not fitted.encode([frame]).any()
    assert fitted.encode_objects([frame]).counts.tolist() == [0]


def test_no_parts_anywhere_is_an_error(encoder: ReConParts) -> None:
    with pytest.raises(ScanpickError, match=r"nothing that stands on the ground.*sensor_height_m is 1\.73"):
        encoder.fitted(np.zeros((0, 384), np.float32))


def test_needs_weights() -> None:
    with pytest.raises(ScanpickError, match=r"'recon-parts' needs weights.*'random_weights': 'base'"):
        ENCODERS.make("recon-parts", {})
