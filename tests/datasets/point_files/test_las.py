""".las and .laz as laspy writes them, of every point format that lasts, and damaged."""

import struct
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.point_files.las import read
from scanpick.errors import FrameError
from tests.datasets.point_files.files import las
from tests.datasets.samples import sweep

POINTS_OFFSET, VERSION_RECORDS, FORMAT, POINT_BYTES, COUNT = 96, 100, 104, 105, 107


def points() -> np.ndarray:
    return sweep() * [1, 1, 1, 255]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "1.laz"


WITH_WAVE_PACKETS = (4, 5, 9, 10)
"""Formats that laspy does not compress."""


@pytest.mark.parametrize(
    ("point_format", "compressed"),
    [
        (number, packed)
        for number in range(11)
        for packed in (False, True)
        if not (packed and number in WITH_WAVE_PACKETS)
    ],
)
@pytest.mark.parametrize("extra", [False, True])
def test_round_trip(path: Path, compressed: bool, point_format: int, extra: bool) -> None:
    path.write_bytes(las(points(), compressed=compressed, point_format=point_format, extra=extra))
    cloud = read(path)
    np.testing.assert_allclose(cloud.points[:, :3], points()[:, :3], atol=1e-4)
    np.testing.assert_array_equal(cloud.points[:, 3], points()[:, 3].astype(np.uint16))
    assert cloud.notes == {}


@pytest.mark.parametrize("point_format", [3, 6])
def test_packed_points_of_several_chunks(path: Path, point_format: int) -> None:
    many = np.concatenate([points() + np.array([step, 0, 0, 0]) for step in range(100)])  # a chunk has 50,000 points
    path.write_bytes(las(many, compressed=True, point_format=point_format))
    np.testing.assert_allclose(read(path).points[:, :3], many[:, :3], atol=1e-4)


@pytest.mark.parametrize("point_format", [3, 6])
@pytest.mark.parametrize("compressed", [False, True])
def test_every_truncation_is_noticed(path: Path, compressed: bool, point_format: int) -> None:
    whole = las(points()[:200], compressed=compressed, point_format=point_format)
    end = len(whole) - (54 if compressed else 1)
    for cut in range(0, end, 41):
        path.write_bytes(whole[:cut])
        with pytest.raises(FrameError):
            read(path)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, b"LASX", "not a .las file"),
        (POINTS_OFFSET, b"\xff\xff\xff\xff", "points start at byte 4294967295"),
        (FORMAT, b"\x0b", "expected a point format from 0 to 10"),
        (POINT_BYTES, b"\x05\x00", "got format 3 with 5 bytes"),
        (COUNT, b"\xff\xff\xff\xff", "the header promises 4294967295 points"),
        (FORMAT, b"\x83", "no record that tells how"),
        (131, struct.pack("<d", np.inf), "scales or offsets are not finite"),
        (155, struct.pack("<d", np.nan), "scales or offsets are not finite"),
        (131, struct.pack("<d", 1e300), "NaN or infinity"),
    ],
)
def test_broken_headers_are_told(path: Path, place: int, value: bytes, message: str) -> None:
    whole = bytearray(las(points(), compressed=False))
    whole[place : place + len(value)] = value
    path.write_bytes(whole)
    with pytest.raises(FrameError, match=message):
        read(path)


@pytest.mark.parametrize("point_format", [3, 6])
@pytest.mark.parametrize("value", [b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff"])
def test_huge_numbers_in_packed_points_are_found_before_memory_is_taken(
    path: Path, point_format: int, value: bytes
) -> None:
    """Lazrs itself would take gigabytes, or end the process."""
    whole = las(points(), compressed=True, point_format=point_format)
    (start,) = struct.unpack_from("<I", whole, POINTS_OFFSET)
    (point_bytes,) = struct.unpack_from("<H", whole, POINT_BYTES)
    (table,) = struct.unpack_from("<q", whole, start)
    layer_sizes = start + 8 + point_bytes + 4
    for place in (start, table + 4, *((layer_sizes, layer_sizes + 16) if point_format == 6 else ())):
        broken = bytearray(whole)
        broken[place : place + 4] = value
        path.write_bytes(broken)
        with pytest.raises(FrameError, match=r"damaged|truncated"):
            read(path)


def test_a_broken_record_of_the_packing_is_told(path: Path) -> None:
    whole = las(points(), compressed=True)
    record = whole.index(b"laszip encoded") - 2 + 54
    for place, value in ((0, b"\x09"), (2, b"\x01"), (32, b"\xff\xff"), (34, b"\x63"), (36, b"\xff\xff")):
        broken = bytearray(whole)
        broken[record + place : record + place + len(value)] = value
        path.write_bytes(broken)
        with pytest.raises(FrameError, match="packed is broken"):
            read(path)
