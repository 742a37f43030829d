""".ply in its three encodings, with other elements around the vertices."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.point_files.cloud import NOT_FINITE
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
def test_values_that_are_not_finite_cost_their_points_alone(path: Path, data: str) -> None:
    x = FIELDS["x"].copy()
    x[:20] = np.nan  # organised clouds hold a NaN for each beam without a return
    path.write_bytes(ply({**FIELDS, "x": x}, data))
    cloud = read(path)
    np.testing.assert_array_equal(cloud.points, sweep()[20:30])
    assert cloud.notes == {NOT_FINITE: 20}
    path.write_bytes(ply({**FIELDS, "x": np.full(30, np.nan, dtype=np.float32)}, data))
    with pytest.raises(FrameError) as caught:
        read(path)
    assert caught.value.kind == "empty"


@pytest.mark.parametrize("data", ENCODINGS)
def test_the_first_of_a_repeated_property_counts(path: Path, data: str) -> None:
    fields = {**FIELDS, "scalar_a": np.ones(30, np.float32), "scalar_b": np.zeros(30, np.float32)}
    whole = ply(fields, data).replace(b"property float scalar_a", b"property float x")
    path.write_bytes(whole.replace(b"property float scalar_b", b"property float x"))
    np.testing.assert_array_equal(read(path).points, sweep()[:30])


@pytest.mark.parametrize("data", ENCODINGS)
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "property float intensity",
            "property list uchar float ids",
            "expected points without lists, got the list ids",
        ),
        ("property int id", "property list uchar int ids", "expected the points before lists, got 'strip' with lists"),
    ],
)
def test_lists_before_and_among_the_vertices_are_refused(path: Path, data: str, old: str, new: str, message: str):
    path.write_bytes(ply(FIELDS, data, before=True).replace(old.encode(), new.encode()))
    if data == "ascii" and "strip" in message:  # lines can be passed over
        np.testing.assert_array_equal(read(path).points, sweep()[:30])
        return
    with pytest.raises(FrameError, match=message):
        read(path)


@pytest.mark.parametrize("data", ENCODINGS)
def test_every_truncation_before_the_faces_is_noticed(path: Path, data: str) -> None:
    whole = ply(FIELDS, data, before=True)
    faces = len(b"3 0 1 2\n") if data == "ascii" else 13
    last = len(repr(float(FIELDS["intensity"][-1]))) + 1 if data == "ascii" else 1
    for cut in range(0, len(whole) - faces - last, 7):
        path.write_bytes(whole[:cut])
        with pytest.raises(FrameError):
            read(path)


@pytest.mark.parametrize("data", ENCODINGS)
@pytest.mark.parametrize("ending", [b"\r\n", b"\r"])
def test_other_line_ends_and_lines(path: Path, data: str, ending: bytes) -> None:
    whole = ply(FIELDS, data, before=True).replace(
        b"\ncomment", b"\nobj_info num_cols 30\n\ncomment element vertex 7\ncomment"
    )
    end = whole.index(b"end_header\n") + len(b"end_header\n")
    body = whole[end:].replace(b"\n", ending) if data == "ascii" else whole[end:]
    path.write_bytes(whole[:end].replace(b"\n", ending) + body)
    np.testing.assert_array_equal(read(path).points, sweep()[:30])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ply\n", "plx\n", "not a .ply file"),
        ("format ascii 1.0\n", "", "no format"),
        ("format ascii", "format binary", "got the line 'format binary"),
        ("vertex 30", "vertex -1", "expected a whole number of at most 18 digits, got '-1'"),
        ("vertex 30", "vertex 99999999999", "the header promises 99999999999 rows of text"),
        ("element vertex", "element points", "expected an element 'vertex', got points, face"),
        ("vertex 30", f"vertex {'9' * 5000}", "expected a whole number"),
        ("vertex 30", "vertex 30.0", "expected a whole number"),
        ("property float y", "property float x", "expected the fields x, y and z, got x, z, intensity"),
        ("property float y", "property real y", "got the line 'property real y'"),
        ("property float y", "property", "got the line 'property'"),
    ],
)
def test_broken_headers_are_told(path: Path, old: str, new: str, message: str) -> None:
    path.write_bytes(ply(FIELDS, "ascii").replace(old.encode(), new.encode(), 1))
    with pytest.raises(FrameError, match=message):
        read(path)
