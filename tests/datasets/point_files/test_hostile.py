"""Hostile point files: random bytes, truncated, mutated, with huge counts. A frame is read or set aside, always."""

import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from scanpick.datasets.folder import PointCloudFolder
from scanpick.datasets.point_files import point_file_suffixes, read_points
from scanpick.datasets.point_files.bin_columns import Cut
from scanpick.errors import FrameError
from tests.datasets.point_files.files import las, npy, npz, pcd, ply
from tests.datasets.samples import sweep

POINTS = sweep(num_points=120)
FIELDS = dict(zip(("x", "y", "z", "intensity"), POINTS.T, strict=True))
VALID: dict[str, bytes] = {
    "plain.bin": POINTS.tobytes(),
    "plain.npy": npy(POINTS),
    "packed.npz": npz(True, points=POINTS),
    "stored.npz": npz(False, points=POINTS),
    "ascii.pcd": pcd(FIELDS, "ascii"),
    "binary.pcd": pcd(FIELDS, "binary"),
    "packed.pcd": pcd(FIELDS, "binary_compressed"),
    "ascii.ply": ply(FIELDS, "ascii", before=True),
    "little.ply": ply(FIELDS, "binary_little_endian", before=True),
    "big.ply": ply(FIELDS, "binary_big_endian", before=True),
    "plain.las": las(POINTS, compressed=False),
    "point_wise.laz": las(POINTS, compressed=True, point_format=3, extra=True),
    "layered.laz": las(POINTS, compressed=True, point_format=7, extra=True),
}
NUMBERS = st.sampled_from(
    [b"-1", b"0", b"4294967295", b"9999999999999", b"18446744073709551616", b"nan", b"1e999", b""]
)
JUNK = NUMBERS | st.sampled_from(
    [
        *(
            b"9" * 5000,
            b"9" * 4299,
            b"1.0",
            b"1_0",
            b"[" * 3000,
            b"list",
            b"x",
            b"vertex",
            b"#",
            b"\t",
            b"\r",
            b"\xff\xfe",
        ),
        *(
            "\N{ARABIC-INDIC DIGIT THREE}".encode(),
            b"\x1b[31m",
            b"\0",
            b" ",
            b"binary",
            b"uchar",
            b"DATA ",
            b"end_header",
        ),
    ]
)
LITTLE = st.sampled_from(
    [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x00", b"\xff" * 8, b"\x00\x00\x00\x40"]
)
MOST_MEMORY = 4 << 20
"""Bytes: the files here are below 20 kB, and unpack to less than 1 MB."""

on_files = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def check(path: Path, content: bytes) -> None:
    """Read a file: a sound cloud or a `FrameError` that names the file, in little memory."""
    path.write_bytes(content)
    tracemalloc.start()
    try:
        points, told = read_points(path, bin_cut=Cut(4)).points, ""
    except FrameError as error:
        points, told = None, str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MOST_MEMORY, f"{peak} bytes were taken"
    if points is None:
        assert str(path) in told
        return
    assert points.ndim == 2
    assert points.shape[0] >= 1
    assert points.shape[1] >= 4
    assert points.dtype == np.float32
    assert np.isfinite(points).all()


@pytest.fixture(params=sorted(VALID))
def valid(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, bytes]:
    """A file and its sound content, read once so that imports and compilation are done."""
    path = tmp_path / request.param
    path.write_bytes(VALID[request.param])
    read_points(path, bin_cut=Cut(4))
    return path, VALID[request.param]


@on_files
@given(data=st.data())
def test_mutated_bytes(valid: tuple[Path, bytes], data: st.DataObject) -> None:
    path, content = valid
    mutated = bytearray(content)
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=6)):
        mutated[place] = data.draw(st.integers(0, 255))
    check(path, bytes(mutated))


@on_files
@given(data=st.data())
def test_huge_numbers_in_headers(valid: tuple[Path, bytes], data: st.DataObject) -> None:
    path, content = valid
    if path.suffix in (".ply", ".pcd", ".npy"):  # numbers as text
        end = content.find(b"\n", max(content.find(b"end_header"), content.find(b"DATA"), 10))
        places = [place for place in range(end) if content[place : place + 1].isdigit()]
        place = data.draw(st.sampled_from(places))
        check(path, content[:place] + data.draw(NUMBERS) + content[place + 1 :])
    else:
        place = data.draw(st.integers(0, len(content) - 1))
        number = data.draw(LITTLE)
        check(path, content[:place] + number + content[place + len(number) :])


@pytest.mark.parametrize("name", sorted(name for name in VALID if name.endswith((".pcd", ".ply", ".npy"))))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_headers_with_other_words_and_lines(tmp_path: Path, name: str, data: st.DataObject) -> None:
    """Words replaced, dropped, or doubled by what no program writes, and lines in another order."""
    content = VALID[name]
    end = content.find(b"\n", max(content.find(b"end_header"), content.find(b"\nDATA") + 1, 10))
    lines = [re.split(rb"([ ,():]+)", line) for line in content[:end].split(b"\n")]
    for _ in range(data.draw(st.integers(1, 3))):
        line = data.draw(st.sampled_from([line for line in lines if line]))
        place = data.draw(st.integers(0, len(line) - 1))
        line[place : place + data.draw(st.integers(0, 2))] = data.draw(st.lists(JUNK, max_size=2))
    if data.draw(st.booleans()):
        lines = lines[:1] + data.draw(st.permutations(lines[1:]))
    check(tmp_path / name, b"\n".join(b"".join(line) for line in lines) + content[end:])


@on_files
@given(data=st.data())
def test_truncated_or_with_more_behind(valid: tuple[Path, bytes], data: st.DataObject) -> None:
    path, content = valid
    cut = data.draw(st.integers(0, len(content)))
    check(path, content[:cut] + data.draw(st.binary(max_size=20)))


@pytest.mark.parametrize("suffix", point_file_suffixes())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=400), start=st.sampled_from(["", *VALID]), length=st.integers(0, 60))
@example(body=b"", start="", length=0)
def test_random_bytes(tmp_path: Path, suffix: str, body: bytes, start: str, length: int) -> None:
    """Random bytes, also behind the sound beginning of some format, under any suffix."""
    check(tmp_path / f"1{suffix}", (VALID[start][:length] if start else b"") + body)


def test_a_compressed_array_that_unpacks_to_gigabytes_is_refused_by_its_size(tmp_path: Path) -> None:
    content = npz(True, points=np.ones((400_000, 4), dtype=np.float32))  # 6.4 MB in 6 kB: allowed, as it is true
    path = tmp_path / "1.npz"
    path.write_bytes(content)
    assert len(read_points(path, bin_cut=Cut(4)).points) == 400_000
    directory = content.rindex(b"PK\x01\x02")
    lie = bytearray(content)
    for packed in (6000, 1 << 31):
        lie[directory + 20 : directory + 28] = packed.to_bytes(4, "little") + (1 << 29).to_bytes(4, "little")
        check(path, bytes(lie))


def test_a_folder_of_hostile_files_opens_and_sets_each_aside(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, content in VALID.items():
        (tmp_path / name).write_bytes(content[: len(content) // 2])
        (tmp_path / f"random-{name}").write_bytes(rng.bytes(999))
    (tmp_path / "sound.npy").write_bytes(VALID["plain.npy"])
    dataset = PointCloudFolder(tmp_path)
    reasons = {}
    for record in dataset.records:
        try:
            dataset.read(record.frame_id)
        except FrameError as error:
            reasons[record.frame_id] = str(error)
    sound = {record.frame_id for record in dataset.records} - set(reasons)
    assert sound == {"sound", "plain.bin"}  # half of the .bin file is a whole number of points
    for record in dataset.records:
        assert record.frame_id in sound or str(record.path) in reasons[record.frame_id]
