"""Reading scenes: what is cut to the camera's view, and what is not."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from scanpick.datasets.simulated.annotate import calibration
from scanpick.geometry.camera_view import in_camera_view
from scanpick.structures import Boxes3D, Calibration, Frame, FrameRecord, Labels
from scanpick.training.scenes import View, read_scenes

CAMERA = calibration()


def cloud(around: bool) -> np.ndarray:
    rng = np.random.default_rng(0)
    angle = rng.uniform(-np.pi, np.pi, 4000) if around else rng.uniform(-0.3, 0.3, 4000)
    reach = rng.uniform(5, 50, 4000)
    points = [reach * np.cos(angle), reach * np.sin(angle), rng.uniform(-1.7, 0, 4000), rng.random(4000)]
    return np.column_stack(points).astype(np.float32)


@dataclass
class Pool:
    """Frames with or without a camera."""

    points: np.ndarray
    camera: Calibration | None = CAMERA
    records: list[FrameRecord] = field(default_factory=lambda: [FrameRecord("a", "drive", 0)])
    name = description = "pool"

    def read(self, frame_id: str) -> Frame:
        return Frame(self.records[0], self.points, self.camera)

    boxes: Boxes3D = field(default_factory=Boxes3D.empty)

    def labels(self, frame_id: str) -> Labels:
        return Labels(self.boxes)

    def calibration(self, frame_id: str) -> Calibration | None:
        return self.camera


def read(pool: Pool, view: View, need_labels: bool = False):
    return read_scenes(pool, ["a"], need_labels=need_labels, view=view)


@pytest.mark.parametrize("view", [View.AUTO, View.CAMERA])
def test_a_sweep_all_around_is_cut(view):
    pool = Pool(cloud(around=True))
    for need_labels in (False, True):
        found = read(pool, view, need_labels)
        assert found.cut == ("a",)
        assert found.assumed_size == ()
        np.testing.assert_array_equal(found.scenes[0].points, pool.points[in_camera_view(pool.points, CAMERA)])
        assert 0 < len(found.scenes[0].points) < 1000


@pytest.mark.parametrize(
    ("pool", "view"),
    [
        (Pool(cloud(around=True)), View.ALL),
        (Pool(cloud(around=False)), View.AUTO),
        (Pool(cloud(around=True), camera=None), View.AUTO),
        (Pool(np.zeros((0, 4), np.float32)), View.AUTO),
    ],
)
def test_other_frames_stay_as_they_are(pool, view):
    found = read(pool, view)
    assert found.cut == ()
    np.testing.assert_array_equal(found.scenes[0].points, pool.points)


def test_an_unknown_image_size_is_told():
    found = read(Pool(cloud(around=True), camera=replace(CAMERA, image_size=None)), View.AUTO)
    assert found.assumed_size == ("a",)


def test_a_frame_without_a_camera_cannot_be_cut():
    found = read(Pool(cloud(around=True), camera=None), View.CAMERA)
    assert found.scenes == []
    assert "calibration" in found.set_aside["a"]


BEHIND = Boxes3D(np.array([[-20.0, 0, -1, 20, 10, 3, 0]]), np.array(["Car"]))


@pytest.mark.parametrize(
    ("camera", "boxes", "message"),
    [
        (replace(CAMERA, image_size=(124, 37)), None, "image of 124x37 pixels is not around"),
        (Calibration(CAMERA.camera_SE3_lidar, CAMERA.projection * [[2], [3.4], [1]]), None, "KITTI's size"),
        (replace(CAMERA, projection=np.eye(3, 4)), None, "focal length is 1 pixels"),
        (CAMERA, BEHIND, "1 of 1 labelled boxes would lose their points"),
    ],
)
def test_a_cut_that_is_no_cameras_is_refused(camera, boxes, message):
    pool = Pool(cloud(around=True), camera, boxes=boxes or Boxes3D.empty())
    found = read(pool, View.AUTO, need_labels=True)
    assert found.scenes == []
    assert message in found.set_aside["a"]
    assert "view=all" in found.set_aside["a"]
    assert len(read(pool, View.ALL, need_labels=True).scenes) == 1


def test_a_cut_that_leaves_next_to_nothing_is_refused():
    """A camera with a view of 3 degrees: such lenses are not, but wrong focal lengths are."""
    narrow = replace(CAMERA, projection=CAMERA.projection * [[20, 1, 1, 1], [1, 20, 1, 1], [1, 1, 1, 1]])
    assert "points" in read(Pool(cloud(around=True), narrow), View.AUTO).set_aside["a"]
