"""Examples of what tools give out, written by hand from their documents: all of one car."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.exporters import EXPORTERS
from tests.exporters.hand_offs import BOX
from tests.exporters.test_round_trips import check_same

EXAMPLES = {
    "cvat": ("cvat_dm", "000123"),
    "openlabel": ("openlabel.json", "000123"),
    "scale": ("scale/response_frame.json", "response_frame"),
    "supervisely": ("sly_proj", "000123"),
    "sustechpoints": ("sustechpoints", "000123"),
    "xtreme1": ("xtreme1", "000123"),
}


@pytest.mark.parametrize("tool", EXAMPLES)
def test_the_car_is_found(tool: str, test_data: Path) -> None:
    place, name = EXAMPLES[tool]
    path = test_data / "formats" / "exporter_examples" / place
    returned = EXPORTERS.make(tool, {}).read(path, {name: "a/frame"})
    assert list(returned.labels) == ["a/frame"]
    assert returned.boxes["a/frame"].class_names.tolist() == ["Car"]
    check_same(returned.boxes["a/frame"].array, np.array([BOX]))


def test_frames_of_an_episode_are_told_apart(test_data: Path) -> None:
    path = test_data / "formats" / "exporter_examples" / "sly_ep"
    returned = EXPORTERS.make("supervisely", {}).read(path, {"000123": "1", "000124": "2"})
    assert {frame_id: len(labels) for frame_id, labels in returned.labels.items()} == {"1": 1, "2": 0}
    assert returned.notes == ("1 frames came back without boxes",)
    check_same(returned.boxes["1"].array, np.array([BOX]))
