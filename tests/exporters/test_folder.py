"""No file of anybody is lost to an export: neither through links, nor by name, nor by another name of the same file."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanpick.datasets import open_dataset
from scanpick.errors import ScanpickError
from scanpick.exporters.folder import MEMORY, ExportFile, ExportFolder
from scanpick.exporters.kitti_results import check_kitti_results, write_kitti_results
from scanpick.exporters.kitti_subset import export_kitti_subset
from scanpick.formats.kitti_text import format_calibration
from scanpick.structures import Calibration, Detections

LABEL = b"Car 0.00 1 -1.57 100.00 150.00 200.00 250.00 1.50 1.60 4.00 2.00 1.70 20.00 -1.57\n"
CALIBRATION = Calibration(np.eye(4)[[1, 2, 0, 3]] * [[-1], [-1], [1], [1]], np.eye(3, 4) * 700)
IDS = ["000000", "000001", "000002"]


def make_kitti(root: Path) -> Path:
    """A KITTI object folder of three frames with labels, calibrations and images."""
    for number, name in enumerate(IDS):
        points = np.random.default_rng(number).uniform(-20, 20, (5, 4)).astype("<f4")
        for place, content in {
            f"velodyne/{name}.bin": points.tobytes(),
            f"label_2/{name}.txt": LABEL,
            f"calib/{name}.txt": format_calibration(CALIBRATION).encode(),
            f"image_2/{name}.png": b"an image of " + name.encode(),
        }.items():
            (root / "training" / place).parent.mkdir(parents=True, exist_ok=True)
            (root / "training" / place).write_bytes(content)
    return root


@pytest.fixture
def kitti(tmp_path: Path) -> Path:
    return make_kitti(tmp_path / "kitti")


def export(kitti: Path, out: Path, frame_ids: list[str] = IDS, *, link: bool = False, replace: bool = False) -> None:
    export_kitti_subset(open_dataset(str(kitti)), frame_ids, out, name="picks", link=link, replace=replace)


def contents(folder: Path) -> dict[str, bytes]:
    """Everything that is there, links by where they lead to."""
    return {
        path.relative_to(folder).as_posix(): os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.mark.parametrize("part", ["training", "training/velodyne", "training/label_2", "ImageSets"])
@pytest.mark.parametrize("link", [True, False])
@pytest.mark.parametrize("replace", [True, False])
def test_a_folder_that_is_a_link_is_not_written_through(
    kitti: Path, tmp_path: Path, part: str, link: bool, replace: bool
) -> None:
    """`export --link` wrote links over the originals where ``velodyne`` was a link into the data set."""
    (kitti / "ImageSets").mkdir()
    before = contents(kitti)
    out = tmp_path / "out"
    (out / part).parent.mkdir(parents=True)
    (out / part).symlink_to(kitti / part)
    with pytest.raises(ScanpickError, match=r"is a link to|is the data set's own folder"):
        export(kitti, out, link=link, replace=replace)
    assert contents(kitti) == before
    assert not contents(out) or list(contents(out)) == [part]


def test_the_export_folder_itself_may_be_a_link(kitti: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    export(kitti, tmp_path / "out")
    assert contents(tmp_path / "disk")["training/label_2/000001.txt"] == LABEL


@pytest.mark.parametrize("link", [True, False])
def test_labels_corrected_by_hand_stay(kitti: Path, tmp_path: Path, link: bool) -> None:
    """Nothing at all is written then; frames that do not meet them are still exported; replace=True insists."""
    out = tmp_path / "out"
    export(kitti, out, IDS[:1])
    corrected = out / "training/label_2/000000.txt"
    corrected.write_bytes(LABEL + LABEL)
    before = contents(out)
    with pytest.raises(ScanpickError, match=r"000000\.txt was changed since an export wrote it.*replace=True"):
        export(kitti, out, link=link)
    assert contents(out) == before
    export(kitti, out, IDS[1:], link=link)
    assert corrected.read_bytes() == LABEL + LABEL
    export(kitti, out, replace=True)
    assert corrected.read_bytes() == LABEL


def test_a_file_that_no_export_wrote_stays(kitti: Path, tmp_path: Path) -> None:
    """Refused before the first byte, also the files of results; labels beside frames without any are let be."""
    out = tmp_path / "out"
    (out / "training/label_2").mkdir(parents=True)
    (out / "training/label_2/000002.txt").write_bytes(b"mine")
    with pytest.raises(ScanpickError, match=r"000002\.txt was not written by an export"):
        export(kitti, out)
    assert contents(out) == {"training/label_2/000002.txt": b"mine"}
    with pytest.raises(ScanpickError, match="was not written by an export"):
        check_kitti_results(out / "training/label_2", ["000002"])
    with pytest.raises(ScanpickError, match="was not written by an export"):
        write_kitti_results(out / "training/label_2", [Detections.empty("a"), Detections.empty("000002")], None)
    assert contents(out) == {"training/label_2/000002.txt": b"mine"}
    (kitti / "training/label_2/000002.txt").unlink()
    export(kitti, out)
    assert contents(out)["training/label_2/000002.txt"] == b"mine"


@pytest.mark.parametrize("link", [True, False])
@pytest.mark.parametrize("replace", [True, False])
def test_an_original_by_another_name_is_no_target(kitti: Path, tmp_path: Path, link: bool, replace: bool) -> None:
    out = tmp_path / "out"
    (out / "training/velodyne").mkdir(parents=True)
    (out / "training/velodyne/000001.bin").hardlink_to(kitti / "training/velodyne/000001.bin")
    with pytest.raises(ScanpickError, match="is the original itself, by another name"):
        export(kitti, out, link=link, replace=replace)
    assert list(contents(out)) == ["training/velodyne/000001.bin"]


def test_a_pipe_and_a_folder_are_no_targets(kitti: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "training/velodyne/000001.bin").mkdir(parents=True)
    (out / "training/calib").mkdir()
    os.mkfifo(out / "training/calib/000002.txt")
    for ids in (["000001"], ["000002"]):
        with pytest.raises(ScanpickError, match="is there, and is no file"):
            export(kitti, out, ids, replace=True)


def test_what_is_no_folder(kitti: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    for name in ("file", "link"):
        with pytest.raises(ScanpickError, match=r"expected a folder to write into.*got something else"):
            export(kitti, tmp_path / name, replace=True)
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_exports_into_one_folder_share_frames_and_go_on(kitti: Path, tmp_path: Path) -> None:
    """Links become copies and back; what a killed export left is taken, with and without its memory."""
    out = tmp_path / "out"
    export(kitti, out, IDS[:2])
    export(kitti, out, IDS[1:], link=True)
    assert (out / "training/image_2/000001.png").is_symlink()
    assert not (out / "training/image_2/000000.png").is_symlink()
    export(kitti, out)
    whole = contents(out)
    (out / MEMORY).unlink()
    (out / "training/velodyne/000002.bin").unlink()
    (out / "training/calib/000002.txt").unlink()
    (out / "training/calib/000002.txt").symlink_to(kitti / "training/calib/000002.txt")
    export(kitti, out)
    assert contents(out) == whole


def test_a_frame_that_changed_is_brought_up_to_date(kitti: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(kitti, out)
    (kitti / "training/label_2/000001.txt").write_bytes(LABEL + LABEL)
    export(kitti, out)
    assert (out / "training/label_2/000001.txt").read_bytes() == LABEL + LABEL


def test_a_memory_of_something_else_is_refused(kitti: Path, tmp_path: Path) -> None:
    for content in (b"[1]", b"\xff", b"{", b'{"format": 1, "files": {"a": 1}}', b'{"format": 2, "files": {}}'):
        (tmp_path / MEMORY).write_bytes(content)
        with pytest.raises(ScanpickError, match=MEMORY):
            ExportFolder(tmp_path)
        assert (tmp_path / MEMORY).read_bytes() == content


@pytest.mark.parametrize("place", ["../a", "a/../b", "/a", "a//b", "", "."])
def test_places_lead_downwards(tmp_path: Path, place: str) -> None:
    with pytest.raises(ScanpickError, match="cannot write to"):
        ExportFolder(tmp_path / "out").write([ExportFile(place, b"")])
    assert not contents(tmp_path)


def test_a_linked_label_outside_of_the_data_set_is_not_copied(kitti: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_bytes(LABEL)
    label = kitti / "training/label_2/000001.txt"
    label.unlink()
    label.symlink_to(tmp_path / "secret.txt")
    summary = export_kitti_subset(open_dataset(str(kitti)), IDS, tmp_path / "out", name="picks")
    assert list(summary.failed) == ["000001"]
    assert "follow=true" in summary.failed["000001"]
    followed = export_kitti_subset(open_dataset(str(kitti), follow=True), IDS, tmp_path / "all", name="picks")
    assert followed.counts["labels"] == 3


PLACES = [
    "training",
    *(f"training/{part}" for part in ("velodyne", "label_2", "calib", "image_2")),
    *("training/velodyne/000000.bin", "training/label_2/000001.txt", "training/calib/000002.txt"),
    *("training/image_2/000000.png", "ImageSets", "ImageSets/picks.txt", "frame_ids.csv", MEMORY),
]
THINGS = st.dictionaries(
    st.sampled_from(PLACES),
    st.tuples(
        st.sampled_from(["file", "link", "hard link", "relative link", "dangling link"]), st.sampled_from(PLACES)
    ),
    max_size=4,
)


@settings(max_examples=30, deadline=None)
@given(things=THINGS, link=st.booleans(), replace=st.booleans(), inside=st.booleans())
def test_every_original_byte_is_unchanged(
    things: dict[str, tuple[str, str]], link: bool, replace: bool, inside: bool
) -> None:
    """Whatever lies in the folder: links to originals, to their folders and back to itself, hard links, other files."""
    with tempfile.TemporaryDirectory() as folder:
        kitti = make_kitti(Path(folder) / "kitti")
        before = contents(kitti)
        out = kitti / "out" if inside else Path(folder) / "out"
        others = {}
        for place, (kind, original) in sorted(things.items()):
            path, target = out / place, kitti / original
            if any(above.is_symlink() or above.is_file() for above in path.parents) or os.path.lexists(path):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "file":
                path.write_bytes(b"mine")
                others[path] = b"mine"
            elif kind == "hard link" and target.is_file():
                path.hardlink_to(target)
            elif kind == "relative link":
                path.symlink_to(os.path.relpath(target, path.parent))
            else:
                path.symlink_to(target if kind == "link" else Path(folder) / "nothing" / place)
        there = contents(out) if out.exists() else {}
        try:
            export(kitti, out, link=link, replace=replace)
        except ScanpickError:
            assert (contents(out) if out.exists() else {}) == there, "a refusal leaves nothing half done"
        after = {place: content for place, content in contents(kitti).items() if not place.startswith("out/")}
        assert after == before
        assert not (Path(folder) / "nothing").exists()
        if not replace:
            assert all(path.read_bytes() == content for path, content in others.items())
