"""Detections from every form they come in, missing frames, and what is refused."""

import json

import numpy as np
import pytest
from PIL import Image

from scanpick.errors import ScanpickError
from scanpick.evaluation.kitti import evaluate
from scanpick.evaluation.result_files import read_results
from scanpick.exporters.kitti_results import write_kitti_results
from scanpick.formats.kitti_cameras import KittiCameras
from scanpick.formats.kitti_text import read_calibration, rows_from_objects
from scanpick.formats.object_table import object_files, read_object_files
from scanpick.formats.predictions import write_predictions
from scanpick.geometry.transforms import camera_boxes_to_lidar
from scanpick.structures import Boxes3D, Detections

CALIBRATION = """P2: 700 0 600 0 0 700 180 0 0 0 1 0
R0_rect: 1 0 0 0 1 0 0 0 1
Tr_velo_to_cam: 0 -1 0 0 0 0 -1 -0.1 1 0 0 -0.3
"""
FRAMES = ["000000", "000001", "000002"]


def _detections(frame_id, count, seed):
    rng = np.random.default_rng(seed)
    places = rng.uniform([8, -3, -2], [40, 3, 0], (count, 3))
    boxes = np.column_stack([places, rng.uniform(1, 4, (count, 3)), rng.uniform(-3, 3, count)])
    names = rng.choice(["Car", "Cyclist"], count)
    return Detections(frame_id, Boxes3D(boxes, names), rng.uniform(0, 1, count).astype(np.float32))


@pytest.fixture
def folder(tmp_path):
    """A KITTI folder with calibrations and one image."""
    for name in ("label_2", "calib", "image_2"):
        (tmp_path / "training" / name).mkdir(parents=True)
    for frame_id in FRAMES:
        (tmp_path / "training" / "calib" / f"{frame_id}.txt").write_text(CALIBRATION)
    Image.new("L", (1000, 300)).save(tmp_path / "training" / "image_2" / "000000.png")
    return tmp_path / "training"


@pytest.fixture
def found():
    """Detections of three frames, none in the second."""
    return [_detections("000000", 4, 1), Detections.empty("000001"), _detections("000002", 3, 2)]


def _mmdet3d(folder, found, names):
    """What mmdetection3d's inferencer writes."""
    folder.mkdir(parents=True)
    for frame in found:
        boxes = frame.boxes.array.copy()
        boxes[:, 2] -= boxes[:, 5] / 2
        content = {
            "labels_3d": [names.index(name) for name in frame.boxes.class_names],
            "scores_3d": frame.scores.tolist(),
            "bboxes_3d": boxes.tolist(),
            "box_type_3d": "LiDAR",
        }
        (folder / f"{frame.frame_id}.json").write_text(json.dumps(content))


def test_every_form_gives_the_same_objects(folder, found, tmp_path):
    cameras = KittiCameras.beside(folder / "label_2")
    write_predictions(tmp_path / "p.parquet", found)
    table = read_results(tmp_path / "p.parquet", FRAMES, cameras).table
    assert np.diff(table.offsets).tolist() == [4, 0, 3]
    assert table.objects.image_boxes[:4, 2].max() <= 999
    assert cameras.assumed == ["000002"]
    turned = read_results(tmp_path / "p.parquet", FRAMES, cameras)
    assert turned.largest_yaw == max(np.abs(frame.boxes.array[:, 6]).max() for frame in found if len(frame))

    write_kitti_results(tmp_path / "results", found, cameras)
    assert (tmp_path / "results" / "000001.txt").read_text() == ""
    _mmdet3d(tmp_path / "out" / "preds", found, ["Pedestrian", "Cyclist", "Car"])
    for path, names in ((tmp_path / "results", ()), (tmp_path / "out", ("Pedestrian", "Cyclist", "Car"))):
        results = read_results(path, FRAMES, cameras, label_names=names)
        assert (results.largest_yaw > 0) == bool(names), "KITTI's files hold no yaw of the LiDAR"
        other = results.table
        assert other.objects.class_names.tolist() == table.objects.class_names.tolist()
        np.testing.assert_array_equal(other.offsets, table.offsets)
        np.testing.assert_allclose(rows_from_objects(other.objects), rows_from_objects(table.objects), atol=1e-4)
        np.testing.assert_array_equal(other.objects.scores.astype(np.float32), table.objects.scores)


def test_missing_frames_are_an_error_unless_told(folder, found, tmp_path):
    cameras = KittiCameras.beside(folder / "label_2")
    write_predictions(tmp_path / "p.parquet", found[:2])
    write_kitti_results(tmp_path / "results", found[:2], cameras)
    for path in (tmp_path / "p.parquet", tmp_path / "results"):
        with pytest.raises(ScanpickError, match=r"no detections for 1 of 3 frames: 000002.*`missing='empty'`"):
            read_results(path, FRAMES, cameras)
        results = read_results(path, FRAMES, cameras, missing_is_empty=True)
        assert results.missing == ("000002",)
        assert np.diff(results.table.offsets).tolist() == [4, 0, 0]
        assert read_results(path, FRAMES[:1], cameras).others == 1
        with pytest.raises(ScanpickError, match=r"None of the frames is there; there are: 000000, 000001"):
            read_results(path, ["9"], cameras)


def test_folders_of_other_tools_are_looked_into(folder, found, tmp_path):
    """OpenPCDet writes to final_result/data, mmdetection3d's submission to pred_instances_3d."""
    cameras = KittiCameras.beside(folder / "label_2")
    for name in ("data", "pred_instances_3d"):
        write_kitti_results(tmp_path / name / name, found, cameras)
        assert len(read_results(tmp_path / name, FRAMES, cameras).table) == 7


def test_pickles_are_refused_with_what_to_export(folder, tmp_path):
    cameras = KittiCameras.beside(folder / "label_2")
    (tmp_path / "result.pkl").write_bytes(b"\x80\x04N.")
    for path in (tmp_path / "result.pkl", tmp_path):
        with pytest.raises(ScanpickError, match=r"pickles are not opened.*--save_to_file.*submission_prefix"):
            read_results(path, FRAMES, cameras)


def test_other_things_are_named(folder, found, tmp_path):
    cameras = KittiCameras.beside(folder / "label_2")
    with pytest.raises(ScanpickError, match="got neither"):
        read_results(tmp_path / "none", FRAMES, cameras)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScanpickError, match="expected KITTI result files"):
        read_results(tmp_path / "empty", FRAMES, cameras)
    assert len(read_results(tmp_path / "empty", FRAMES, cameras, missing_is_empty=True).table) == 0
    _mmdet3d(tmp_path / "preds", found, ["Cyclist", "Car"])
    with pytest.raises(ScanpickError, match="`label_names="):
        read_results(tmp_path / "preds", FRAMES, cameras)
    with pytest.raises(ScanpickError, match="numbers from 0 to 1, but 1 class names are given: Car"):
        read_results(tmp_path / "preds", FRAMES, cameras, label_names=["Car"])
    (folder / "calib" / "000000.txt").unlink()
    write_predictions(tmp_path / "p.parquet", found)
    with pytest.raises(ScanpickError, match=r"no calibration of frame '000000'.*`calib="):
        read_results(tmp_path / "p.parquet", FRAMES, cameras)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected JSON"),
        ("{}", "got no bboxes_3d, scores_3d, labels_3d, box_type_3d"),
        ('{"bboxes_3d": [], "scores_3d": [], "labels_3d": [], "box_type_3d": "Camera"}', "'LiDAR', got 'Camera'"),
        ('{"bboxes_3d": [[1, 2]], "scores_3d": [1], "labels_3d": [0], "box_type_3d": "LiDAR"}', "7 numbers a box"),
        ('{"bboxes_3d": [["a"]], "scores_3d": [1], "labels_3d": [0], "box_type_3d": "LiDAR"}', "expected numbers in"),
        ('{"bboxes_3d": [[1,2,3,4,5,6,7]], "scores_3d": [], "labels_3d": [0], "box_type_3d": "LiDAR"}', "scores"),
    ],
)
def test_malformed_json_is_named(folder, tmp_path, content, message):
    (tmp_path / "preds").mkdir()
    (tmp_path / "preds" / "000000.json").write_text(content)
    with pytest.raises(ScanpickError, match=f"000000.json.*{message}"):
        read_results(tmp_path / "preds", FRAMES[:1], KittiCameras.beside(folder / "label_2"), label_names=["Car"])


def test_labels_given_as_lidar_predictions_are_found(test_data, tmp_path):
    """Real frames all the way: camera labels to LiDAR boxes, table, back with calibration, projected, evaluated."""
    training = test_data / "kitti" / "training"
    truth = read_object_files(object_files(training / "label_2"))
    rng, found = np.random.default_rng(0), []
    for index, frame_id in enumerate(truth.frame_ids):
        objects = truth.frame(index)
        objects = objects[objects.class_names != "DontCare"]
        calibration = read_calibration(training / "calib" / f"{frame_id}.txt")
        boxes = camera_boxes_to_lidar(objects.bottom_centres, objects.sizes_hwl, objects.rotation_y, calibration)
        found.append(Detections(frame_id, Boxes3D(boxes, objects.class_names), rng.uniform(size=len(boxes))))
    write_predictions(tmp_path / "p.parquet", found)
    results = read_results(tmp_path / "p.parquet", truth.frame_ids, KittiCameras.beside(training / "label_2"))
    curves = evaluate(truth, results.table).curves["Car"]
    assert curves["3d"]["moderate"].ground_truths > 50
    for metric in ("bev", "3d"):
        assert curves[metric]["moderate"].ap_exact > 97
    assert curves["aos"]["moderate"].ap_exact > 0.99 * curves["bbox"]["moderate"].ap_exact > 90
