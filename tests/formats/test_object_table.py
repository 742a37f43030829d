"""Folders of label and result files: the fast scanner against the plain reader, and bad lines by name."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanpick.errors import ScanpickError
from scanpick.formats.kitti_text import format_objects, parse_objects, read_objects, rows_from_objects
from scanpick.formats.object_table import ObjectTable, object_files, read_object_files
from scanpick.formats.result_sources import find_results
from scanpick.formats.scan_objects import scan_objects

LABEL = "Car 0.00 0 -1.58 587.01 173.33 614.12 200.12 1.65 1.67 3.64 -0.65 1.71 46.70 -1.59"
RESULT = "Pedestrian -1 -1 0.5 1e2 2 3.25 400.125 1.75 0.6 0.8 -12 1.6 33 3.14159 0.875"

numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(-999, 9999, allow_nan=False, allow_infinity=False, places=4).map(str),
    st.integers(-(10**17), 10**17).map(str),
    st.sampled_from(["0", "-0.00", ".5", "5.", "+1.5", "-", ".", "1.2.3", "nan", "1e5", "0x1p3", "1_0", "", "007"]),
)


@given(st.lists(numbers, min_size=14, max_size=17), st.sampled_from(["\n", "\r\n", " \n\n", "\r", "\x0b", ""]))
@example([*["1"] * 13, "9007199254740993"], "\n")
@example([*["1"] * 13, "123456789012345.6"], "\n")
@settings(max_examples=300, deadline=None)
def test_the_scanner_reads_the_same_bits_or_declines(words, ending):
    text = "\t".join(["Car", *words]) + ending + LABEL + "\n"
    scanned = scan_objects(text.encode(), 14)
    try:
        plain = parse_objects(text, source="x")
    except ScanpickError:
        assert scanned is None
        return
    if scanned is not None:
        assert scanned[0] == plain.class_names.tolist()
        np.testing.assert_array_equal(scanned[1], rows_from_objects(plain))
        np.testing.assert_array_equal(np.signbit(scanned[1]), np.signbit(rows_from_objects(plain)))


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 15))
@settings(max_examples=300, deadline=None)
def test_every_short_decimal_is_correctly_rounded(digits, places):
    word = f"{digits / 1:.0f}"
    sign, word = ("-", word[1:]) if word.startswith("-") else ("", word)
    word = word.rjust(places + 1, "0")
    word = sign + (f"{word[:-places]}.{word[-places:]}" if places else word)
    scanned = scan_objects(" ".join(["Car", *[word] * 14]).encode(), 14)
    if scanned is not None:
        assert scanned[1][0, 0] == float(word)
        assert math.copysign(1, scanned[1][0, 0]) == math.copysign(1, float(word))
    else:
        assert len(word.replace(".", "").lstrip("-")) > 15


def test_the_scanner_takes_ordinary_files():
    """It must not decline what it is there for: blank lines, trailing spaces, further columns, Windows line ends."""
    text = f"\n{LABEL}  \r\n   \n{LABEL} 0.5 more\n{LABEL}"
    names, rows = scan_objects(text.encode(), 14)
    assert names == ["Car"] * 3
    np.testing.assert_array_equal(rows, rows_from_objects(parse_objects(text, source="x")))
    assert scan_objects(b"", 14)[0] == []
    assert scan_objects(b" \n \n", 14)[0] == []


def _folder(tmp_path, **texts):
    for name, text in texts.items():
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_folder_becomes_one_table(tmp_path):
    folder = _folder(tmp_path, a=f"{LABEL}\n{LABEL.replace('Car', 'Van')}\n", b="", c=f"{LABEL} 1 2 3\n")
    table = read_object_files(object_files(folder) | {"d": None})
    assert table.frame_ids == ("a", "b", "c", "d")
    assert table.offsets.tolist() == [0, 2, 2, 3, 3]
    assert table.objects.class_names.tolist() == ["Car", "Van", "Car"]
    assert table.frame(0).class_names.tolist() == ["Car", "Van"]
    assert table.frame_of_rows.tolist() == [0, 0, 2]
    again = ObjectTable.from_frames({"a": table.frame(0), "b": table.frame(1), "c": table.frame(2)})
    np.testing.assert_array_equal(rows_from_objects(again.objects), rows_from_objects(table.objects))


def test_slow_and_fast_files_mix(tmp_path):
    """Exponents and names outside ASCII go the plain way."""
    folder = _folder(tmp_path, a=RESULT, b=RESULT.replace("1e2", "100"), c=RESULT.replace("Pedestrian", "Fußgänger"))
    table = read_object_files(object_files(folder), with_scores=True)
    assert table.objects.image_boxes[:, 0].tolist() == [100, 100, 100]
    assert table.objects.scores.tolist() == [0.875] * 3
    assert table.objects.class_names[2] == "Fußgänger"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (LABEL.rsplit(" ", 1)[0], r"b\.txt, line 2: expected 15 columns, got 14"),
        (LABEL.replace("173.33", "17x"), r"b\.txt, line 2, column 6 \(top\): expected a finite number, got '17x'"),
        (
            LABEL.replace("-1.59", "nan"),
            r"b\.txt, line 2, column 15 \(rotation_y\): expected a finite number, got 'nan'",
        ),
        (LABEL.replace("0.00", "inf"), r"b\.txt, line 2, column 2 \(truncated\)"),
    ],
)
def test_malformed_lines_are_named(tmp_path, line, message):
    folder = _folder(tmp_path, a=LABEL, b=f"{LABEL}\n{line}\n")
    with pytest.raises(ScanpickError, match=message):
        read_object_files(object_files(folder))
    with pytest.raises(ScanpickError, match=message):
        read_objects(folder / "b.txt")


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(ScanpickError, match="expected a folder"):
        object_files(tmp_path / "none")
    with pytest.raises(ScanpickError, match="found none"):
        object_files(tmp_path)
    _folder(tmp_path, a=LABEL)
    with pytest.raises(ScanpickError, match=r"no file for 2 of 3 frames: b, c \(\.txt\)"):
        object_files(tmp_path, ["a", "b", "c"])


def test_files_that_are_no_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"Car \xff\xfe")
    with pytest.raises(ScanpickError, match=r"a.txt: expected UTF-8 text"):
        read_object_files(object_files(tmp_path))


def test_results_written_and_read_again_keep_their_values():
    objects = parse_objects(RESULT, source="x", with_scores=True)
    again = parse_objects(format_objects(objects), source="x", with_scores=True)
    np.testing.assert_allclose(rows_from_objects(again), rows_from_objects(objects), atol=1e-5)
    assert again.scores.tolist() == objects.scores.tolist()


def test_labels_are_written_as_kitti_writes_them():
    assert format_objects(parse_objects(LABEL, source="x")) == LABEL + "\n"


def test_marks_and_windows_lines_are_no_part_of_a_class(tmp_path):
    """At the start, and in the middle of files that were put together; with the fast scanner and the plain reader."""
    plain = _folder(tmp_path, a=f"{LABEL}\n{LABEL}\n")
    expected = read_object_files(object_files(plain))
    for text in (f"\ufeff{LABEL}\n{LABEL}\n", f"\ufeff{LABEL}\t\r\n\ufeff \t{LABEL}  \r\n\r\n", f"{LABEL}\r{LABEL}\r"):
        (tmp_path / "a.txt").write_bytes(text.replace(" ", "\t", 3).encode())
        found = read_object_files(object_files(tmp_path))
        assert found.objects.class_names.tolist() == ["Car", "Car"]
        np.testing.assert_array_equal(rows_from_objects(found.objects), rows_from_objects(expected.objects))


def test_what_tools_put_beside_labels_is_no_frame(tmp_path):
    folder = _folder(tmp_path, a=LABEL, b="", classes="Car\nTraffic cone\n", kinds="Car\nVan", labels="")
    (tmp_path / "._a.txt").write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / ".hidden.txt").write_text("x")
    assert list(object_files(folder)) == ["a", "b"]
    assert list(find_results(folder).files) == ["a", "b"]
