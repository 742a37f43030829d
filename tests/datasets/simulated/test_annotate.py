"""Labels of hand-made scenes: occlusion, truncation, the image box, what is not labelled."""

import numpy as np
import pytest

from scanpick.datasets.simulated.annotate import CAMERA, IMAGE_SIZE, calibration
from scanpick.datasets.simulated.simulation import simulate
from scanpick.geometry.transforms import box_corners, camera_boxes_to_lidar, project_to_image, transform_points
from tests.datasets.simulated.scenes import car_box, world_of

WALL = car_box(0.4, 40.0, 6.0)


def labels_of(*standing, slope=0.0):
    return simulate(world_of(*standing, slope=slope), 0.0, 11, full=False).labels


def pixels_of(box: np.ndarray) -> np.ndarray:
    camera = transform_points(CAMERA.camera_SE3_lidar, box_corners(box[None])[0])
    return project_to_image(camera, CAMERA.projection)


def test_free_car_has_the_box_it_was_given():
    labels = labels_of((car_box(), 15.0, 2.0, 0.3, "Car"))
    assert labels.boxes.class_names.tolist() == ["Car"]
    assert labels.boxes.array[0] == pytest.approx([15.0, 2.0, -1.73 + 0.75, 4.0, 1.6, 1.5, 0.3], abs=1e-6)
    assert (labels.truncation[0], labels.occlusion[0]) == (0.0, 0.0)
    outline = pixels_of(labels.boxes.array[0])
    assert labels.image_boxes[0] == pytest.approx([*outline.min(axis=0), *outline.max(axis=0)], abs=1e-3)
    assert labels.track_ids.tolist() == [0]


def test_camera_objects_say_the_same_as_the_boxes():
    labels = labels_of((car_box(), 15.0, 2.0, 0.3, "Car"), (car_box(3.0), 25.0, -4.0, -2.0, "Van"))
    objects = labels.camera_objects
    boxes = camera_boxes_to_lidar(objects.bottom_centres, objects.sizes_hwl, objects.rotation_y, CAMERA)
    assert boxes == pytest.approx(labels.boxes.array)
    x, _, z = objects.bottom_centres.T
    turned = objects.rotation_y - np.arctan2(x, z) - objects.alpha
    assert np.exp(1j * turned) == pytest.approx(np.ones(2))


@pytest.mark.parametrize(("hidden", "occlusion"), [(0.0, 0), (0.1, 0), (0.35, 1), (0.75, 2)])
def test_occlusion_is_the_share_of_rays_that_others_stop(hidden, occlusion):
    """A car seen from behind, its rear 20 m away, and a tall board 10 m away that covers this share of it."""
    board = car_box(0.02, 1.6, 3.0)
    # The rear fills +-0.04 in tangents of the azimuth; the board's right edge cuts it.
    right_edge = 0.04 - hidden * 0.08
    labels = labels_of((car_box(), 22.0, 0.0, 0.0, "Car"), (board, 10.0, 10.0 * right_edge + 0.8, 0.0, ""))
    assert labels.occlusion.tolist() == [occlusion]


def test_who_is_behind_a_wall_is_not_labelled():
    labels = labels_of((WALL, 10.0, 0.0, 0.0, ""), (car_box(), 20.0, 0.0, 0.0, "Car"))
    assert len(labels) == 0
    assert len(labels.camera_objects) == 0


def test_who_is_beside_or_behind_the_camera_is_not_labelled():
    labels = labels_of((car_box(), 5.0, 15.0, 0.0, "Car"), (car_box(), -12.0, 0.0, 0.0, "Car"))
    assert len(labels.camera_objects) == 0


def test_far_and_small_ones_become_regions():
    labels = labels_of((car_box(), 78.0, 0.0, 0.0, "Car"), (car_box(), 20.0, 4.0, 0.0, "Car"))
    assert labels.boxes.class_names.tolist() == ["Car"]
    assert labels.camera_objects.class_names.tolist() == ["Car", "DontCare"]
    assert len(labels.dont_care_image_boxes) == 1
    assert labels.dont_care_image_boxes[0, 3] - labels.dont_care_image_boxes[0, 1] < 16.0
    assert (labels.camera_objects.bottom_centres[1] == -1000).all()


def test_truncation_is_the_share_of_the_image_box_outside():
    x = 10.0
    left_edge = x * 610.0 / 720.0  # about where the image ends
    labels = labels_of((car_box(0.2, 2.0, 1.5), x, left_edge, 0.0, "Car"))
    outline = pixels_of(labels.boxes.array[0])
    low, high = outline.min(axis=0), outline.max(axis=0)
    assert low[0] < 0 < high[0]
    kept = (high[0] - 0) * (min(high[1], IMAGE_SIZE[1] - 1) - low[1])
    expected = 1 - kept / np.prod(high - low)
    assert 0.2 < expected < 0.8
    assert labels.truncation[0] == pytest.approx(expected, abs=0.01)
    assert labels.image_boxes[0, 0] == 0.0


def test_car_that_reaches_behind_the_camera_is_cut_there():
    labels = labels_of((car_box(), 2.6, 2.2, 0.0, "Car"))
    left, top, right, bottom = labels.image_boxes[0]
    assert labels.truncation[0] > 0.5
    assert 0 <= left < right <= IMAGE_SIZE[0]
    assert 0 <= top < bottom <= IMAGE_SIZE[1]


def test_boxes_stand_on_sloping_ground():
    labels = labels_of((car_box(), 20.0, 0.0, 0.0, "Car"), slope=0.04)
    # The sensor's own vehicle stands on the same slope: in its frame the ground is level.
    assert labels.boxes.array[0, 2] - 0.75 == pytest.approx(-1.73, abs=0.02)


def test_camera_sees_ahead_and_is_not_mirrored():
    camera = calibration()
    rotation = camera.camera_SE3_lidar[:3, :3]
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-8)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    centre = project_to_image(
        transform_points(camera.camera_SE3_lidar, np.array([[30.0, 0.0, 0.0]])), camera.projection
    )
    assert centre[0] == pytest.approx([610.0, 180.0], abs=15.0)
