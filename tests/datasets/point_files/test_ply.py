""".ply in its three encodings, with other elements around the vertices."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.point_files.ply import read
from scanpick.errors import FrameError
from tests.datasets.point_files.files import ply
from tests.datasets.samples import sweep

ENCODINGS = ("ascii", "binary_little_endian", "binary_big_endian")
FIELDS = dict(zip(("x", "y", "z", "intensity"), sweep()[:30].T, strict=True))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "1.ply"


@pytest.mark.parametrize("data", ENCODINGS)
@pytest.mark.parametrize("before", [False, True])
def test_round_trip(path: Path, data: str, before: bool) -> None:
    path.write_bytes(ply(FIELDS, data, before=before))
    np.testing.assert_array_equal(read(path).points, sweep()[:30])


@pytest.mark.parametrize("data", ENCODINGS)
def test_other_types_and_names(path: Path, data: str) -> None:
    rng = np.random.default_rng(0)
    fields = {
        "red": rng.integers(0, 255, 9).astype(np.uint8),
        "z": rng.normal(size=9),
        "scalar_Intensity": rng.integers(-9, 9, 9).astype(np.int16),
        "x": rng.integers(-9, 9, 9).astype(np.int32),
        "y": rng.normal(size=9).astype(np.float32),
    }
    path.write_bytes(ply(fields, data))
    expected = np.column_stack([fields[n] for n in ("x", "y", "z", "scalar_Intensity")]).astype(np.float32)
    np.testing.assert_array_equal(read(path).points, expected)


@pytest.mark.parametrize("data", ENCODINGS)
def test_values_that_are_not_finite_set_the_frame_aside(path: Path, data: str) -> None:
    path.write_bytes(ply({**FIELDS, "x": np.array([np.nan] * 30, dtype=np.float32)}, data))
    with pytest.raises(FrameError) as caught:
        read(path)
    assert caught.value.kind == "not finite"


@pytest.mark.parametrize("data", ENCODINGS)
def test_every_truncation_before_the_faces_is_noticed(path: Path, data: str) -> None:
    whole = ply(FIELDS, data, before=True)
    faces = len(b"3 0 1 2\n") if data == "ascii" else 13
    last = len(repr(float(FIELDS["intensity"][-1]))) + 1 if data == "ascii" else 1
    for cut in range(0, len(whole) - faces - last, 7):
        path.write_bytes(whole[:cut])
        with pytest.raises(FrameError):
            read(path)


def test_windows_line_ends(path: Path) -> None:
    path.write_bytes(ply(FIELDS, "ascii").replace(b"\n", b"\r\n"))
    np.testing.assert_array_equal(read(path).points, sweep()[:30])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ply\n", "plx\n", "not a .ply file"),
        ("format ascii 1.0\n", "", "no format"),
        ("format ascii", "format binary", "its header is broken at 'format binary"),
        ("vertex 30", "vertex -1", "negative count"),
        ("vertex 30", "vertex 99999999999", "the header promises 99999999999 rows"),
        ("element vertex", "element points", "expected an element 'vertex', got points, face"),
        ("property float y", "property float x", "different single properties"),
        ("property float y", "property list uchar int y", "different single properties"),
        ("property float y", "property real y", "its header is broken"),
    ],
)
def test_broken_headers_are_told(path: Path, old: str, new: str, message: str) -> None:
    path.write_bytes(ply(FIELDS, "ascii").replace(old.encode(), new.encode(), 1))
    with pytest.raises(FrameError, match=message):
        read(path)
