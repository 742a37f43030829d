"""What a study stands on: each frame is read once for the index, the labels and every encoder."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.kitti_object import KittiObject
from scanpick.errors import ScanpickError
from scanpick.structures import Frame
from scanpick.studies.config import StudyConfig
from scanpick.studies.preparation import pool_of_study, prepare
from scanpick.workspace.embed import embed
from scanpick.workspace.encoders import encoder_named
from scanpick.workspace.index import index
from scanpick.workspace.workspace import Workspace
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
    prepared = prepare(config, Workspace(tmp_path), workers=1)
    frame_ids = prepared.frames.frame_ids
    assert reads == Counter(frame_ids)
    # The vectors are those of the encoders by themselves
    assert set(prepared.embeddings) == {"statistics", "scan_context"}
    for name, table in prepared.embeddings.items():
        frame = prepared.dataset.read(table.frame_ids[3])
        np.testing.assert_array_equal(table.values[3], encoder_named(name, {}).encode([frame])[0])
    assert not list(tmp_path.rglob("*.readings"))
    # Prepared again, only what could not be used is tried again, with its block
    reads.clear()
    again = prepare(config, Workspace(tmp_path), workers=1)
    assert reads[BROKEN] == 1
    assert max(reads.values()) == 1
    for name, table in prepared.embeddings.items():
        np.testing.assert_array_equal(again.embeddings[name].values, table.values)


def test_a_pool_of_the_user_serves_a_study(toy_kitti: Path, tmp_path: Path, reads: Counter[str]) -> None:
    """What is there is used, and stays as it is."""
    pool = index(f"kitti-object:{toy_kitti}", tmp_path / "pool", workers=1)
    embed(pool, encoder_named("statistics", {}), workers=1)
    vectors = (pool.embedding_folder("statistics") / "embeddings.npy").stat().st_mtime_ns
    config = StudyConfig.of(toy_values(toy_kitti, pool=str(pool.path)))
    reads.clear()
    prepared = prepare(config, pool_of_study(config, tmp_path / "study"), workers=1)
    assert reads == {BROKEN: 1}
    assert (pool.embedding_folder("statistics") / "embeddings.npy").stat().st_mtime_ns == vectors
    assert set(prepared.counts) < set(prepared.embeddings["statistics"].frame_ids)
    other = StudyConfig.of(toy_values(toy_kitti, data="simulated:demo", pool=str(pool.path)))
    with pytest.raises(ScanpickError, match="is the workspace of kitti-object"):
        prepare(other, pool_of_study(other, tmp_path / "study"), workers=1)


def test_a_study_of_an_older_scanpick_is_not_mixed_with_a_new_one(toy_kitti: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text("{}")
    with pytest.raises(ScanpickError, match=r"holds a study of an older scanpick.*give this run another folder"):
        pool_of_study(StudyConfig.of(toy_values(toy_kitti)), tmp_path)
