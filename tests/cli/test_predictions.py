"""``scanpick predictions``: from KITTI result files to a table and back, the boxes staying where they are."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from scanpick.cli.app import app
from scanpick.errors import ScanpickError
from scanpick.formats.kitti_text import read_objects, rows_from_objects
from scanpick.formats.predictions import read_predictions, read_predictions_meta

CALIBRATION = """P2: 700 0 600 40 0 700 180 0.2 0 0 1 0.003
R0_rect: 0.9999 0.0098 -0.0074 -0.0099 0.9999 -0.0043 0.0074 0.0044 0.9999
Tr_velo_to_cam: 0.0075 -0.9999 -0.0006 -0.004 0.0148 0.0007 -0.9998 -0.0763 0.9998 0.0075 0.0148 -0.2717
"""
RESULT = (
    "Car -1 -1 -1.5708 500.0000 150.0000 600.0000 220.0000 1.5000 1.6000 3.9000 -2.0000 1.6500 20.0000 -1.67047 0.875\n"
)


def _run(*arguments):
    return CliRunner().invoke(app, ["predictions", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path):
    for name in ("calib", "final_result/data"):
        (tmp_path / name).mkdir(parents=True)
    for frame_id, text in {"000000": RESULT, "000001": "", "000002": RESULT * 2}.items():
        (tmp_path / "final_result" / "data" / f"{frame_id}.txt").write_text(text)
        (tmp_path / "calib" / f"{frame_id}.txt").write_text(CALIBRATION)
    return tmp_path


def test_there_and_back(folder):
    table, back = folder / "pool.parquet", folder / "back"
    result = _run(folder / "final_result", "--calib", folder / "calib", "--out", table, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"frames": 3, "boxes": 3, "out": str(table)}
    found = read_predictions(table)
    assert [len(found[frame_id]) for frame_id in ("000000", "000001", "000002")] == [1, 0, 2]
    np.testing.assert_allclose(found["000000"].boxes.array[0, :2], [20, 2], atol=0.6)
    assert "final_result" in read_predictions_meta(table)["source"]
    assert _run(table, "--calib", folder / "calib", "--out", back).exit_code == 0
    for name in ("000000.txt", "000001.txt", "000002.txt"):
        old, new = (
            rows_from_objects(read_objects(path / name, with_scores=True))
            for path in (folder / "final_result" / "data", back)
        )
        np.testing.assert_allclose(new, old, atol=2e-4)


def test_what_is_missing_is_said(folder):
    assert "`calib=...`" in str(_run(folder / "final_result", "--out", folder / "p.parquet").exception)
    (folder / "final_result" / "data" / "000001.txt").write_text(RESULT.replace(" 1.5000 1.6000", " -1 -1"))
    error = _run(folder / "final_result", "--calib", folder / "calib", "--out", folder / "p.parquet").exception
    assert isinstance(error, ScanpickError)
    assert "Frame '000001': detection 1 has no 3D box" in str(error)
    size = ["--image-size", "0x5"]
    assert "such as 1242x375" in str(_run(folder, "--calib", folder / "calib", "--out", folder / "x", *size).exception)
