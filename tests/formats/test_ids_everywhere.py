"""An id comes back from every list and table exactly as it was written, and through every exporter."""

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanpick.datasets import open_dataset
from scanpick.errors import ScanpickError
from scanpick.exporters.kitti_results import read_detections, write_kitti_results
from scanpick.exporters.kitti_subset import export_kitti_subset
from scanpick.files import atomic_path, write_text
from scanpick.formats.frame_columns import read_frame_columns
from scanpick.formats.frame_ids import format_frame_ids, parse_frame_ids, read_frame_ids
from scanpick.formats.kitti_cameras import KittiCameras
from scanpick.formats.predictions import read_predictions, write_predictions
from scanpick.formats.selection_table import read_selection, write_selection
from scanpick.structures import Boxes3D, Detections, Frame, FrameRecord, Labels, Selection
from scanpick.structures.frame import is_plain_text
from scanpick.texts import parse_csv, read_text

HARD = [
    *(
        " begins",
        "ends ",
        " ",
        "\u00a0",
        "ends\u0085",
        "in\u0085side",
        "\u2028",
        "in\u2028side",
        "\ufeffmark",
        "a\u00a0",
    ),
    *('"', '"quoted"', '""', 'a"b', "a,b", "#1", "=1+1", "+1", "-1", "@a", "'=1", "'", "a\\b", "\\n", '"\\u0020"'),
    *("000123", "123", "1e5", "nan", "NA", "null", "None", "true", "a", "A", "..", ".", "a/b", "/", "../a", "frame_id"),
    *("x" * 251, "é" * 125, "é" * 60 + ".bin", "a.txt", ".hidden", "a  b", "\U0001d518"),
]
IDS = st.lists(
    st.one_of(st.sampled_from(HARD), st.text(min_size=1, max_size=8).filter(is_plain_text)),
    min_size=1,
    max_size=6,
    unique=True,
)


def selection_of(ids: list[str]) -> Selection:
    numbers = np.arange(len(ids), dtype=float)
    return Selection("x", tuple(ids), numbers, ("", *ids[:-1]), numbers, numbers)


def csv_of(ids: list[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([["value", "frame_id"], *([number, frame_id] for number, frame_id in enumerate(ids))])
    return text.getvalue()


class Computed:
    def read(self, frame_id: str) -> Frame:
        return Frame(FrameRecord(frame_id, "s", 0), np.ones((2, 4), np.float32))

    def labels(self, frame_id: str) -> Labels | None:
        return None


@settings(max_examples=40, deadline=None)
@given(ids=IDS)
@example(ids=HARD)
def test_every_list_and_table(ids: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_text(folder / "frames.txt", format_frame_ids(ids))
        np.save(folder / "ids.npy", np.array(ids))
        pyarrow.parquet.write_table(pyarrow.table({"frame_id": ids}), folder / "ids.parquet")
        write_selection(folder / "selection.csv", selection_of(ids))
        write_selection(folder / "selection.parquet", selection_of(ids))
        for path in sorted(path for path in folder.iterdir() if path.suffix != ".sha256"):
            assert read_frame_ids(path) == ids, path.name
        for suffix in ("csv", "parquet"):
            back = read_selection(folder / f"selection.{suffix}")
            assert (list(back.frame_ids), list(back.nearest_selected)) == (ids, ["", *ids[:-1]])
            assert read_frame_columns(folder / f"selection.{suffix}")[0] == ids
        boxes = Boxes3D(np.ones((1, 7)), np.array(["Car"]))
        found = [Detections(one, boxes, np.ones(1)) for one in ids[::2]] + [Detections.empty(one) for one in ids[1::2]]
        write_predictions(folder / "p.parquet", found)
        assert set(read_predictions(folder / "p.parquet")) == set(ids)


@settings(max_examples=25, deadline=None)
@given(ids=IDS)
@example(ids=HARD)
def test_every_exporter(ids: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        summary = export_kitti_subset(Computed(), ids, folder / "kitti", name="picks")
        assert len(set(summary.names.values())) == len(ids)
        assert not summary.failed
        written = read_frame_ids(folder / "kitti/ImageSets/picks.txt")
        assert written == list(summary.names.values())
        if (folder / "kitti/frame_ids.csv").exists():
            rows = parse_csv(read_text(folder / "kitti/frame_ids.csv"), "")
            assert {row["frame_id"]: row["name"] for row in rows} == summary.names
        again = export_kitti_subset(Computed(), ids[::-1], folder / "kitti", name="picks")
        assert again.names == summary.names
        files = [one for one in ids if "/" not in one and not one.startswith(".")]
        if files:
            write_kitti_results(folder / "results", [Detections.empty(one) for one in files], None)
            assert set(read_detections(folder / "results", None)) == set(files)


@settings(max_examples=200)
@given(ids=st.lists(st.text(min_size=1), unique=True))
def test_lists_hold_any_text(ids: list[str]) -> None:
    """Also ids that no data set gives, such as those with tabs and line ends from somebody's table."""
    text = format_frame_ids(ids)
    assert parse_frame_ids(text.replace("\r\n", "\n").replace("\r", "\n")) == ids


def test_lists_made_by_hand(tmp_path: Path) -> None:
    """Blanks around ids and empty lines mean nothing there, and what only looks quoted is taken as it is."""
    (tmp_path / "ids.txt").write_bytes(b'\xef\xbb\xbf  a\t\r\n\r\nb c \r\n"d\n"e"f"\n')
    assert read_frame_ids(tmp_path / "ids.txt") == ["a", "b c", '"d', '"e"f"']


def test_ids_stay_text_beside_columns(tmp_path: Path) -> None:
    write_text(tmp_path / "a.csv", csv_of(["NA", "000123", "1e5", "null"]))
    ids, columns = read_frame_columns(tmp_path / "a.csv")
    assert ids == ["NA", "000123", "1e5", "null"]
    assert columns["value"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "name", ["x" * 255, "é" * 127, "x" * 247 + ".parquet", "a." + "é" * 126, "\U0001d518" * 62 + ".csv"]
)
def test_files_of_the_longest_names(tmp_path: Path, name: str) -> None:
    with atomic_path(tmp_path / name) as temporary:
        temporary.write_text("whole")
    assert (tmp_path / name).read_text() == "whole"


def test_a_data_set_of_the_longest_names(tmp_path: Path) -> None:
    """Names of 255 bytes are read, exported, and looked for beside with longer suffixes, too."""
    names = ["x" * 251, "é" * 125, "x" * 250 + "y"]
    (tmp_path / "kitti/training/velodyne").mkdir(parents=True)
    for name in names:
        np.ones((10, 4), "<f4").tofile(tmp_path / f"kitti/training/velodyne/{name}.bin")
    opened = open_dataset(str(tmp_path / "kitti"))
    assert sorted(record.frame_id for record in opened.records) == sorted(names)
    assert all(len(opened.read(name).points) == 10 for name in names)
    assert not export_kitti_subset(opened, names, tmp_path / "out", name="picks").failed
    cameras = KittiCameras(tmp_path, tmp_path)
    with pytest.raises(ScanpickError, match="no calibration of frame"):
        cameras("x" * 253)
