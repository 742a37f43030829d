""".pcd in its three encodings, with fields of any order and type."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.point_files.cloud import BAD_INTENSITY, NO_INTENSITY, NO_RETURN, NOT_FINITE
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
    assert cloud.notes == {NOT_FINITE: 5, NO_INTENSITY: 15}


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
        ("WIDTH 20", "WIDTH -20", "whole number of at most 18 digits, got '-20'"),
        ("DATA binary", "DATA zip", "expected DATA ascii, binary or binary_compressed, got 'zip'"),
        ("TYPE F F F", "TYPE F F Q", "no field is of TYPE 'Q' and SIZE '4'"),
        ("SIZE 4 4 4", "SIZE 4 4", "FIELDS, SIZE, TYPE and COUNT have 3, 2, 3 and 3 entries"),
        ("SIZE 4 4 4", "SIZES 4 4 4", "no line SIZE"),
        ("COUNT 1 1 1", "COUNT 1 1 0", "expected the fields x, y and z, got x, y"),
        ("COUNT 1 1 1", "COUNT 0 0 0", "SIZE and COUNT give points of 0 bytes"),
        ("COUNT 1 1 1", "COUNT 1 1 99999999999999", "SIZE and COUNT give points of"),
        ("COUNT 1 1 1", "COUNT 1 1 1.0", "expected a whole number"),
        ("COUNT 1 1 1", "COUNT 1 1 -1", "expected a whole number"),
        ("POINTS 20", f"POINTS {'9' * 5000}", "expected a whole number"),
        ("WIDTH 20", f"WIDTH {'9' * 18}", "POINTS is 20, WIDTH times HEIGHT is 9999"),
        ("WIDTH 20\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 20\n", "", "neither POINTS nor WIDTH"),
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


def header_lines(whole: bytes) -> tuple[list[bytes], bytes]:
    end = whole.index(b"\n", whole.index(b"\nDATA") + 1) + 1
    return whole[:end].splitlines(), whole[end:]


@pytest.mark.parametrize("data", ENCODINGS)
@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_headers_of_other_programs(path: Path, data: str, ending: bytes) -> None:
    """Lines in another order, unknown ones, comments, small letters, tabs, a byte order mark, other line endings."""
    points = sweep()[:20]
    lines, body = header_lines(pcd(dict(zip(("x", "y", "z", "intensity"), points.T, strict=True)), data))
    lines = [b"\t".join(line.lower().split()) for line in reversed(lines[1:-1])] + lines[-1:]
    lines[2:2] = [b"#metadata 1 2", b"METADATA points 7", b"", b"transform 1 0 0 0 # of the sensor"]
    whole = b"\xef\xbb\xbf" + b"".join(line + ending for line in lines)
    path.write_bytes(whole + (body.replace(b"\n", ending) if data == "ascii" else body))
    np.testing.assert_array_equal(read(path).points, points)


@pytest.mark.parametrize(
    "missing",
    [
        *([b"COUNT"], [b"VIEWPOINT"], [b"POINTS"], [b"HEIGHT"], [b"POINTS", b"HEIGHT"], [b"WIDTH", b"HEIGHT"]),
        *([b"VERSION"], [b"WIDTH"]),
    ],
)
def test_entries_that_the_rest_decides_may_be_missing(path: Path, missing: list[bytes]) -> None:
    lines, body = header_lines(pcd(dict(zip("xyz", sweep()[:20, :3].T, strict=True)), "binary"))
    kept = [line for line in lines if line.split()[0] not in missing]
    path.write_bytes(b"".join(line + b"\n" for line in kept) + body)
    assert len(read(path).points) == 20


@pytest.mark.parametrize("data", ENCODINGS)
def test_fields_of_no_values_take_no_bytes(path: Path, data: str) -> None:
    points = sweep()[:20]
    whole = pcd(dict(zip(("x", "y", "z", "intensity"), points.T, strict=True)), data)
    for old, new in (
        (b"FIELDS x y z", b"FIELDS x _ y z _"),
        (b"SIZE 4 4 4", b"SIZE 4 1 4 4 1"),
        (b"TYPE F F F", b"TYPE F U F F U"),
        (b"COUNT 1 1 1", b"COUNT 1 0 1 1 0"),
    ):
        whole = whole.replace(old, new)
    path.write_bytes(whole)
    np.testing.assert_array_equal(read(path).points, points)


@pytest.mark.parametrize("data", ENCODINGS)
def test_an_intensity_that_is_not_finite_costs_no_point(path: Path, data: str) -> None:
    points = sweep()[:20]
    points[3, 3] = np.nan
    points[5, :3] = 0
    path.write_bytes(pcd(dict(zip(("x", "y", "z", "intensity"), points.T, strict=True)), data))
    cloud = read(path)
    np.testing.assert_array_equal(cloud.points[:, :3], np.delete(points[:, :3], 5, axis=0))
    assert cloud.points[3, 3] == 0
    assert cloud.notes == {NO_RETURN: 1, BAD_INTENSITY: 1}


def test_the_ways_in_which_microsofts_library_writes_nan(path: Path) -> None:
    rows = b"1 2 3 4\n-1.#IND 2 3 4\n1.#QNAN 1.#QNAN 1.#QNAN 4\n1 2 1.#INF00 4\n-nan(ind) 1 1 1\n5 6 7 1.#QNAN0\n"
    header = pcd({name: np.zeros(6, np.float32) for name in ("x", "y", "z", "intensity")}, "ascii").split(b"0.0")[0]
    path.write_bytes(header + rows)
    cloud = read(path)
    np.testing.assert_array_equal(cloud.points, [[1, 2, 3, 4], [5, 6, 7, 0]])
    assert cloud.notes == {NOT_FINITE: 4, BAD_INTENSITY: 1}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_another_encoding_is_refused(path: Path, encoding: str) -> None:
    whole = pcd(dict(zip("xyz", sweep()[:20, :3].T, strict=True)), "ascii")
    path.write_bytes(whole.decode().encode(encoding))
    with pytest.raises(FrameError, match="no line DATA"):
        read(path)
