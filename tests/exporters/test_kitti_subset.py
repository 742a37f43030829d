"""A subset is a KITTI folder: read back it holds the same frames, whatever data set they came from."""

import os
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.errors import FrameError, ScanpickError
from scanpick.exporters.kitti_subset import export_kitti_subset
from scanpick.formats.kitti_text import format_calibration, format_objects, parse_objects, read_calibration
from scanpick.structures import Boxes3D, Calibration, Frame, FrameRecord, Labels

LABEL = "Car 0.00 1 -1.57 100.00 150.00 200.00 250.00 1.50 1.60 4.00 2.00 1.70 20.00 -1.57\n"
TILTED = np.array([[0.01, -1, 0, 0.1], [0, 0.02, -1, -0.2], [1, 0.01, 0.02, -0.3], [0, 0, 0, 1]])
CALIBRATION = Calibration(TILTED, np.array([[700.0, 0, 600, 45], [0, 700, 180, -0.3], [0, 0, 1, 0.005]]))


def points_of(number: int, columns: int = 4) -> np.ndarray:
    points = np.random.default_rng(number).uniform(-20, 20, (50, columns)).astype(np.float32)
    points[:, 3] = np.abs(points[:, 3]) / 20  # intensities are from 0 to 1
    return points


class Computed:
    """Frames that exist in no file, with ids that are no file names; one of them cannot be read."""

    def read(self, frame_id: str) -> Frame:
        if frame_id == "drive/broken":
            raise FrameError("no points")
        number = int(frame_id.split("/")[1])
        return Frame(FrameRecord(frame_id, "drive", number), points_of(number, 5), CALIBRATION)

    def labels(self, frame_id: str) -> Labels | None:
        if frame_id != "drive/000001":
            return None
        boxes = Boxes3D(np.array([[20, 0, 0, 4, 1.6, 1.5, 0]]), np.array(["Car"]))
        return Labels(boxes, camera_objects=parse_objects(LABEL, source="test"))


@pytest.fixture
def kitti(tmp_path: Path) -> Path:
    """A KITTI object folder of three frames; frame 2 has no label, frame 1 an image."""
    training = tmp_path / "kitti" / "training"
    for number in range(3):
        name = f"{number:06d}"
        for folder in ("velodyne", "calib", "label_2", "image_2"):
            (training / folder).mkdir(parents=True, exist_ok=True)
        (training / "velodyne" / f"{name}.bin").write_bytes(points_of(number).tobytes())
        (training / "calib" / f"{name}.txt").write_text(format_calibration(CALIBRATION))
        if number != 2:
            (training / "label_2" / f"{name}.txt").write_text(LABEL)
    (training / "image_2" / "000001.jpg").write_bytes(b"an image")
    return tmp_path / "kitti"


def test_from_kitti(kitti: Path, tmp_path: Path) -> None:
    """KITTI's own files are copied as they are, and only those of the picked frames."""
    out = tmp_path / "out"
    steps: list[int] = []
    summary = export_kitti_subset(
        open_dataset(str(kitti)), ["000002", "000001"], out, name="diversity", advance=steps.append
    )
    assert summary.counts == {"points": 2, "labels": 1, "calibrations": 2, "images": 1}
    assert sum(steps) == 2
    assert (out / "ImageSets" / "diversity.txt").read_text() == "000002\n000001\n"
    written = {path.relative_to(out / "training").as_posix() for path in (out / "training").rglob("*.*")}
    assert written == {
        *("velodyne/000001.bin", "velodyne/000002.bin", "calib/000001.txt", "calib/000002.txt"),
        *("label_2/000001.txt", "image_2/000001.jpg"),
    }
    for name in written:
        assert (out / "training" / name).read_bytes() == (kitti / "training" / name).read_bytes()
        assert not (out / "training" / name).is_symlink()
    back = open_dataset(str(out), split="diversity")
    assert [record.frame_id for record in back.records] == ["000001", "000002"]


def test_links(kitti: Path, tmp_path: Path) -> None:
    """Links lead to the originals, whose permissions stay; a second run changes nothing."""
    original = kitti / "training" / "velodyne" / "000001.bin"
    original.chmod(0o444)
    for _ in range(2):
        export_kitti_subset(open_dataset(str(kitti)), ["000001"], tmp_path / "out", name="first", link=True)
    link = tmp_path / "out" / "training" / "velodyne" / "000001.bin"
    assert link.is_symlink()
    assert os.path.samefile(link, original)
    assert original.stat().st_mode & 0o777 == 0o444
    export_kitti_subset(open_dataset(str(kitti)), ["000001"], tmp_path / "out", name="first")
    assert not link.is_symlink(), "copying replaces the link"
    assert original.read_bytes() == link.read_bytes()


@pytest.mark.parametrize("link", [True, False])
def test_onto_itself(kitti: Path, tmp_path: Path, link: bool) -> None:
    """The data set's own files are never replaced: a link would lead to itself, and the points would be gone."""
    (tmp_path / "alias").symlink_to(kitti)
    before = {path: path.read_bytes() for path in kitti.rglob("*.*")}
    for folder in (kitti, tmp_path / "alias"):
        with pytest.raises(ScanpickError, match="is the data set's own folder"):
            export_kitti_subset(open_dataset(str(kitti)), ["000001"], folder, name="first", link=link)
    assert {path: path.read_bytes() for path in kitti.rglob("*.*")} == before
    assert not any(path.is_symlink() for path in kitti.rglob("*"))


def test_frame_that_is_gone(kitti: Path, tmp_path: Path) -> None:
    """A frame that was deleted since it was picked costs only itself."""
    (kitti / "training" / "velodyne" / "000002.bin").unlink()
    summary = export_kitti_subset(open_dataset(str(kitti)), ["000002", "000001"], tmp_path / "out", name="first")
    assert "Unknown frame '000002'" in summary.failed["000002"]
    assert (tmp_path / "out" / "ImageSets" / "first.txt").read_text() == "000001\n"


def test_from_elsewhere(tmp_path: Path) -> None:
    """Frames that are in no KITTI file are written as such and read back the same; a bad one costs only itself."""
    out = tmp_path / "out"
    ids = ["drive/000003", "drive/broken", "drive/000001"]
    summary = export_kitti_subset(Computed(), ids, out, name="picks")
    assert summary.counts == {"points": 2, "labels": 1, "calibrations": 2}
    assert summary.failed == {"drive/broken": "no points"}
    assert (out / "ImageSets" / "picks.txt").read_text() == "000000\n000002\n"
    assert (out / "frame_ids.csv").read_text().splitlines()[1] == "000000,drive/000003"
    back = open_dataset(str(out))
    np.testing.assert_array_equal(back.read("000000").points, points_of(3, 5)[:, :4])
    calibration = back.calibration("000002")
    assert calibration is not None
    np.testing.assert_allclose(calibration.camera_SE3_lidar, CALIBRATION.camera_SE3_lidar, atol=1e-12)
    np.testing.assert_allclose(calibration.projection, CALIBRATION.projection, rtol=1e-12)
    labels = back.labels("000002")
    assert labels is not None
    assert labels.camera_objects is not None
    assert format_objects(labels.camera_objects) == LABEL


def test_numbers_stay(tmp_path: Path) -> None:
    """A second selection in the same folder shares frames with the first, and takes no number twice."""
    out = tmp_path / "out"
    first = export_kitti_subset(Computed(), ["drive/000003", "drive/000001"], out, name="first")
    second = export_kitti_subset(Computed(), ["drive/000002", "drive/000003"], out, name="second")
    assert first.names == {"drive/000003": "000000", "drive/000001": "000001"}
    assert second.names == {"drive/000002": "000002", "drive/000003": "000000"}
    assert len(list((out / "training" / "velodyne").iterdir())) == 3
    (out / "frame_ids.csv").write_text("name\nx\n")
    with pytest.raises(ScanpickError, match="cannot read the names of an earlier export"):
        export_kitti_subset(Computed(), ["drive/000002"], out, name="third")


def test_numbers_do_not_take_names(kitti: Path, tmp_path: Path) -> None:
    export_kitti_subset(open_dataset(str(kitti)), ["000001"], tmp_path / "out", name="first")
    with pytest.raises(ScanpickError, match="holds frames of another export"):
        export_kitti_subset(Computed(), ["drive/000002"], tmp_path / "out", name="second")


def test_what_cannot_be_linked_is_told(kitti: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: str) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(ScanpickError, match=r"cannot link to .*no links here\. Have it copied instead"):
        export_kitti_subset(open_dataset(str(kitti)), ["000001"], tmp_path / "out", name="first", link=True)


def test_calibration_round_trip(tmp_path: Path) -> None:
    (tmp_path / "calib.txt").write_text(format_calibration(CALIBRATION))
    back = read_calibration(tmp_path / "calib.txt")
    np.testing.assert_allclose(back.camera_SE3_lidar, CALIBRATION.camera_SE3_lidar, atol=1e-12)
