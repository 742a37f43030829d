import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("mcap")

from tests.exporters.hand_offs import Drive, hand_off, write

IDS = ["000000", "odd/name"]


def messages_of(path: Path) -> list[tuple[Any, Any, Any]]:
    from mcap.reader import make_reader

    with path.open("rb") as file:
        return list(make_reader(file, validate_crcs=True).iter_messages())


def test_a_reader_finds_points_boxes_images_and_poses(tmp_path: Path) -> None:
    drive = Drive(tmp_path, IDS)
    summary = write("mcap", hand_off(drive, IDS), tmp_path / "picks.mcap")
    assert summary.files == (tmp_path / "picks.mcap",)
    found = messages_of(tmp_path / "picks.mcap")
    topics = Counter(channel.topic for _, channel, _ in found)
    assert topics == {
        **dict.fromkeys(["/lidar", "/lidar/boxes", "/camera/CAM_FRONT", "/camera/CAM_FRONT/calibration"], 2),
        "/tf": 4,
    }
    for schema, _, message in found:
        content = json.loads(message.data)
        assert set(content) <= set(json.loads(schema.data)["properties"])
        if schema.name == "foxglove.PointCloud" and message.log_time == 10**9:
            points = np.frombuffer(base64.b64decode(content["data"]), "<f4").reshape(-1, 4)
            assert np.array_equal(points, drive.read(IDS[1]).points)
        if schema.name == "foxglove.CompressedImage":
            assert base64.b64decode(content["data"]) == drive.image.read_bytes()
