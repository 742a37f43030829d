"""What every registered encoder keeps to; a new one is tested by being registered."""

import contextlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scanpick.arrays import Float32Array
from scanpick.encoders import DEFAULT_ENCODER, ENCODERS, Encoder
from scanpick.errors import FrameError, MissingExtraError, ScanpickError
from scanpick.selection import Pool, select
from scanpick.structures import Frame, FrameRecord

# Encoders that need options to be made, with options for a quick test.
OPTIONS: dict[str, dict[str, Any]] = {
    "recon": {"random_weights": "tiny", "points": 256, "groups": 32},
    "recon-parts": {"random_weights": "tiny", "points": 64, "groups": 8, "min_points": 3},
}


def frame_of(seed: int, count: int = 2000, columns: int = 4) -> Frame:
    """A flat ground with boxes on it, in front of the vehicle."""
    rng = np.random.default_rng(seed)
    range_m, azimuth = rng.uniform(3, 70, count), rng.uniform(-0.7, 0.7, count)
    z = np.where(rng.random(count) < 0.6, -1.7, rng.uniform(-1.7, 1.5, count))
    points = np.column_stack(
        [range_m * np.cos(azimuth), range_m * np.sin(azimuth), z, rng.random((count, columns - 3))]
    )
    return Frame(FrameRecord(f"frame {seed}", "drive", seed), points.astype(np.float32))


@pytest.fixture(scope="module", params=ENCODERS.names())
def encoder(request: pytest.FixtureRequest) -> Encoder:
    try:
        return ENCODERS.make(request.param, OPTIONS.get(request.param, {}))
    except MissingExtraError as error:
        pytest.skip(str(error))


def test_is_what_it_says(encoder: Encoder) -> None:
    assert isinstance(encoder, Encoder)
    assert encoder.name in ENCODERS.names()
    assert encoder.batch_size >= 1
    assert json.loads(json.dumps(encoder.settings)) == encoder.settings


def test_shape_and_numbers(encoder: Encoder) -> None:
    vectors = encoder.encode([frame_of(seed) for seed in range(3)])
    assert vectors.shape == (3, encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert len(np.unique(vectors, axis=0)) == 3, "different frames have different vectors"


def test_same_again_alone_or_in_company(encoder: Encoder) -> None:
    frames = [frame_of(seed) for seed in range(3)]
    together = encoder.encode(frames)
    np.testing.assert_array_equal(encoder.encode(frames), together)
    for row, frame in enumerate(frames):
        np.testing.assert_allclose(encoder.encode([frame])[0], together[row], rtol=1e-4, atol=1e-5)


def test_pickled_it_gives_the_same(encoder: Encoder) -> None:
    copy = pickle.loads(pickle.dumps(encoder))
    assert copy.settings == encoder.settings
    np.testing.assert_array_equal(copy.encode([frame_of(0)]), encoder.encode([frame_of(0)]))


def test_order_of_points_does_not_count_much(encoder: Encoder) -> None:
    frame = frame_of(0)
    shuffled = Frame(frame.record, np.random.default_rng(1).permutation(frame.points))
    one, two, other = encoder.encode([frame, shuffled, frame_of(1)])
    assert np.linalg.norm(one - two) <= 0.2 * np.linalg.norm(one - other)


def test_further_columns_do_not_count(encoder: Encoder) -> None:
    frame = frame_of(0, columns=4)
    wider = np.column_stack([frame.points, np.full(len(frame.points), 7.0)]).astype(np.float32)
    np.testing.assert_array_equal(encoder.encode([frame]), encoder.encode([Frame(frame.record, wider)]))


INTENSITIES: dict[str, Callable[[Float32Array], Float32Array]] = {
    "half the gain": lambda values: values / 2,
    "twice the gain": lambda values: np.minimum(values * 2, 1),
    "none": np.zeros_like,
}
"""What another sensor would have measured of the same scene."""


def test_intensities_do_not_count_much(encoder: Encoder) -> None:
    changed = [with_intensities(frame_of(0), sensor) for sensor in INTENSITIES]
    one, other, *same = encoder.encode([frame_of(0), frame_of(1), *changed])
    assert np.linalg.norm(same - one, axis=1).max() <= 0.1 * np.linalg.norm(one - other)


@pytest.mark.parametrize("name", [name for name in ENCODERS.names() if name not in OPTIONS])
def test_picks_of_real_sweeps_do_not_depend_on_intensities(test_data: Path, name: str) -> None:
    """12 of 52 sweeps of a drive. Networks that need options are left to the test above, they are slow."""
    paths = sorted((test_data / "kitti_tracking/training/velodyne/0000").glob("*.bin"))[::3]
    sweeps = [Frame(FrameRecord(path.stem, "0000", 0), np.fromfile(path, "<f4").reshape(-1, 4)) for path in paths]
    encoder = ENCODERS.make(name, {})

    def picks(frames: list[Frame]) -> set[str]:
        pool = Pool(tuple(frame.record.frame_id for frame in frames), {"vectors": encoder.encode(frames)})
        return set(select(pool, "diversity", 12).frame_ids)

    as_they_are = picks(sweeps)
    for sensor in ("half the gain", "none"):
        assert len(as_they_are & picks([with_intensities(sweep, sensor) for sweep in sweeps])) >= 11, sensor


def with_intensities(frame: Frame, sensor: str) -> Frame:
    points = frame.points.copy()
    points[:, 3] = INTENSITIES[sensor](points[:, 3])
    return Frame(frame.record, points)


def test_one_point_and_far_points(encoder: Encoder) -> None:
    """Poor frames get a finite vector or are refused as frames; nothing else happens."""
    for points in ([[5, 0, 0, 0]], [[1e6, 1e6, 1e6, 0]], [[5, 0, 0, 0]] * 500):
        frame = Frame(FrameRecord("poor", "drive", 0), np.array(points, dtype=np.float32))
        with contextlib.suppress(FrameError):
            assert np.isfinite(encoder.encode([frame])).all()


def test_the_frame_is_left_alone(encoder: Encoder) -> None:
    frame = frame_of(0)
    before = frame.points.copy()
    encoder.encode([frame])
    np.testing.assert_array_equal(frame.points, before)


def test_unknown_options_are_errors(encoder: Encoder) -> None:
    with pytest.raises(ScanpickError, match=f"Unknown option of encoder '{encoder.name}', 'no_such_option'"):
        ENCODERS.make(encoder.name, {**OPTIONS.get(encoder.name, {}), "no_such_option": "1"})


def test_the_default_is_registered() -> None:
    assert DEFAULT_ENCODER in ENCODERS.names()


def test_unknown_encoders_are_errors() -> None:
    with pytest.raises(ScanpickError, match=r"Unknown encoder 'scan_contxt'. Did you mean 'scan_context'"):
        ENCODERS.make("scan_contxt", {})


def test_text_options_are_converted_and_checked() -> None:
    assert ENCODERS.make("scan_context", {"rings": "40", "descriptor": "key"}).dimension == 40
    with pytest.raises(ScanpickError, match=r"Option 'rings' of encoder 'scan_context': .*, got 'many'"):
        ENCODERS.make("scan_context", {"rings": "many"})
