""".pcd in its three encodings, with fields of any order and type."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.point_files.cloud import NO_INTENSITY, NO_RETURN
from scanpick.datasets.point_files.pcd import read
from scanpick.errors import FrameError
from tests.datasets.point_files.files import pcd
from tests.datasets.samples import sweep

ENCODINGS = ("ascii", "binary", "binary_compressed")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "1.pcd"


@pytest.mark.parametrize("data", ENCODINGS)
def test_round_trip(path: Path, data: str) -> None:
    points = sweep()
    path.write_bytes(pcd(dict(zip(("x", "y", "z", "intensity"), points.T, strict=True)), data))
    cloud = read(path)
    np.testing.assert_array_equal(cloud.points, points)
    assert cloud.notes == {}


@pytest.mark.parametrize("data", ENCODINGS)
def test_fields_in_another_order_of_other_types_and_with_several_values(path: Path, data: str) -> None:
    rng = np.random.default_rng(0)
    fields = {
        "normal": rng.normal(size=(50, 3)).astype(np.float32),
        "z": rng.normal(size=50),
        "ring": rng.integers(0, 64, 50).astype(np.uint16),
        "intensity": rng.integers(0, 255, 50).astype(np.uint8),
        "_": rng.integers(0, 255, (50, 5)).astype(np.uint8),
        "x": rng.normal(size=50).astype(np.float32),
        "y": rng.integers(-9, 9, 50).astype(np.int64),
    }
    path.write_bytes(pcd(fields, data))
    expected = np.column_stack([fields["x"], fields["y"], fields["z"], fields["intensity"]]).astype(np.float32)
    np.testing.assert_array_equal(read(path).points, expected)


@pytest.mark.parametrize("data", ENCODINGS)
def test_beams_without_a_return_are_dropped_and_counted(path: Path, data: str) -> None:
    points = sweep()[:20, :3]
    points[::4] = np.nan
    path.write_bytes(pcd(dict(zip("xyz", points.T, strict=True)), data))
    cloud = read(path)
    np.testing.assert_array_equal(cloud.points[:, :3], points[np.isfinite(points).all(axis=1)])
    assert cloud.notes == {NO_RETURN: 5, NO_INTENSITY: 15}


@pytest.mark.parametrize("data", ENCODINGS)
def test_no_points_are_an_empty_frame(path: Path, data: str) -> None:
    path.write_bytes(pcd({name: np.zeros(0, dtype=np.float32) for name in "xyz"}, data))
    with pytest.raises(FrameError) as caught:
        read(path)
    assert caught.value.kind == "empty"


@pytest.mark.parametrize("data", ENCODINGS)
def test_every_truncation_is_noticed(path: Path, data: str) -> None:
    whole = pcd(dict(zip("xyz", sweep()[:20, :3].T, strict=True)), data)
    last_number = len(whole.rsplit(b" ", 1)[1]) if data == "ascii" else 1  # a cut number may still be a number
    for cut in range(0, len(whole) - last_number, 7):
        path.write_bytes(whole[:cut])
        with pytest.raises(FrameError):
            read(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("POINTS 20", "POINTS 21", "POINTS is 21, WIDTH times HEIGHT is 20"),
        ("WIDTH 20", "WIDTH -20", "WIDTH times HEIGHT is -20"),
        ("DATA binary", "DATA zip", "expected DATA ascii, binary or binary_compressed, got 'zip'"),
        ("TYPE F F F", "TYPE F F Q", "its header is broken"),
        ("SIZE 4 4 4", "SIZE 4 4", "its header is broken"),
        ("COUNT 1 1 1", "COUNT 1 1 0", "COUNT or SIZE"),
        ("COUNT 1 1 1", "COUNT 1 1 99999999999999", "COUNT or SIZE"),
        ("FIELDS x y z", "FIELDS x y q", "expected the fields x, y and z"),
        ("DATA", "DTA", "no line DATA"),
    ],
)
def test_broken_headers_are_told(path: Path, old: str, new: str, message: str) -> None:
    whole = pcd(dict(zip("xyz", sweep()[:20, :3].T, strict=True)), "binary")
    path.write_bytes(whole.replace(old.encode(), new.encode()))
    with pytest.raises(FrameError, match=message):
        read(path)


def test_old_files_without_count_and_points(path: Path) -> None:
    whole = pcd(dict(zip("xyz", sweep()[:20, :3].T, strict=True)), "binary")
    path.write_bytes(whole.replace(b"COUNT 1 1 1\n", b"").replace(b"POINTS 20\n", b""))
    assert len(read(path).points) == 20


def test_organised_clouds_have_a_height(path: Path) -> None:
    whole = pcd(dict(zip("xyz", sweep()[:20, :3].T, strict=True)), "binary")
    path.write_bytes(whole.replace(b"WIDTH 20\nHEIGHT 1", b"WIDTH 5\nHEIGHT 4"))
    assert len(read(path).points) == 20
