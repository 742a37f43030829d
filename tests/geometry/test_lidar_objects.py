"""Objects of data sets without a camera keep their overlaps and are evaluated in 3D only."""

import numpy as np

from scanpick.evaluation.kitti import evaluate
from scanpick.formats.object_table import ObjectTable
from scanpick.geometry.lidar_objects import objects_without_camera
from scanpick.geometry.rotated_iou import iou_3d_of_pairs
from scanpick.geometry.transforms import upright_camera_boxes
from scanpick.structures import Boxes3D


def test_overlaps_are_those_of_the_lidar_boxes(many_boxes):
    boxes = many_boxes[:60].copy()
    boxes[:, :3] /= 8
    objects = objects_without_camera(Boxes3D(boxes, np.full(60, "Car")))
    upright = upright_camera_boxes(objects.bottom_centres, objects.sizes_hwl, objects.rotation_y)
    left, right = np.divmod(np.arange(60 * 60), 60)
    overlaps = [iou_3d_of_pairs(some[left], some[right]) for some in (upright, boxes)]
    np.testing.assert_allclose(*overlaps, atol=1e-9)


def test_only_bev_and_3d_are_evaluated(many_boxes):
    boxes = Boxes3D(many_boxes, np.full(len(many_boxes), "Car"))
    labels = ObjectTable.from_frames({"a": objects_without_camera(boxes)})
    found = ObjectTable.from_frames({"a": objects_without_camera(boxes, np.linspace(0, 1, len(boxes)))})
    curves = evaluate(labels, found).curves["Car"]
    assert curves["bbox"]["easy"] is curves["aos"]["easy"] is None
    for metric in ("bev", "3d"):
        for level in ("easy", "moderate", "hard"):
            assert curves[metric][level].ground_truths == len(boxes)
            np.testing.assert_allclose(curves[metric][level].ap_exact, 100)
