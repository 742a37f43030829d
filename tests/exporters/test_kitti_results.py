"""What cannot stand in a KITTI result file is refused; what can, comes back."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.exporters.kitti_results import read_detections, write_kitti_results
from scanpick.formats.predictions import write_predictions
from scanpick.structures import Boxes3D, Detections


def test_results_that_cannot_be_written(tmp_path):
    with pytest.raises(ScanpickError, match="an id without folders"):
        write_kitti_results(tmp_path, [Detections.empty("a/b")], None)
    spaced = Detections("a", Boxes3D(np.ones((1, 7)), np.array(["Big car"])), np.ones(1))
    with pytest.raises(ScanpickError, match="'Big car' cannot be written"):
        write_kitti_results(tmp_path, [spaced], None)


def test_a_table_needs_no_calibration(tmp_path):
    frame = Detections("a", Boxes3D(np.ones((1, 7)), np.array(["Car"])), np.ones(1))
    write_predictions(tmp_path / "p.parquet", [frame, Detections.empty("b")])
    found = read_detections(tmp_path / "p.parquet", None)
    assert {name: len(detections) for name, detections in found.items()} == {"a": 1, "b": 0}
