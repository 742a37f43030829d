"""What a study stands on: each frame is read once for the index, the labels and every encoder."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.kitti_object import KittiObject
from scanpick.structures import Frame
from scanpick.studies.config import StudyConfig
from scanpick.studies.preparation import prepare
from scanpick.workspace.encoders import encoder_named
from tests.studies.toys import BROKEN, toy_values

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("toy_detector")]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Frame id -> how often it was read from here on."""
    counted: Counter[str] = Counter()
    read = KittiObject.read

    def counting(self: KittiObject, frame_id: str) -> Frame:
        counted[frame_id] += 1
        return read(self, frame_id)

    monkeypatch.setattr(KittiObject, "read", counting)
    return counted


def test_each_frame_is_read_once(toy_kitti: Path, tmp_path: Path, reads: Counter[str]) -> None:
    strategies = ["random", {"name": "diversity", "encoder": {"name": "scan_context"}}]
    config = StudyConfig.of(toy_values(toy_kitti, strategies=strategies))
    prepared = prepare(config, tmp_path, workers=1)
    frame_ids = prepared.survey.frames.frame_ids
    assert reads == Counter(frame_ids)
    # The vectors are those of the encoders by themselves
    assert set(prepared.embeddings) == {"statistics", "scan_context"}
    for name, table in prepared.embeddings.items():
        frame = prepared.dataset.read(table.frame_ids[3])
        np.testing.assert_array_equal(table.values[3], encoder_named(name, {}).encode([frame])[0])
    assert not list(tmp_path.rglob("*.readings"))
    # Prepared again, only what could not be used is tried again, with its block
    reads.clear()
    again = prepare(config, tmp_path, workers=1)
    assert reads[BROKEN] == 1
    assert max(reads.values()) == 1
    for name, table in prepared.embeddings.items():
        np.testing.assert_array_equal(again.embeddings[name].values, table.values)
