"""The preset on real frames: the drive that is in two data sets is one, and no frame counts twice."""

from pathlib import Path

from scanpick.studies.config import StudyConfig
from scanpick.studies.preparation import prepare
from scanpick.studies.presets import read_preset
from scanpick.studies.splits import folds_of
from scanpick.studies.strategy_config import EncoderConfig
from scanpick.workspace.workspace import Workspace

TRACKED_DRIVE = "2011_09_26_drive_0005_sync"


def test_kitti_mini_knows_that_the_tracking_sequence_is_a_drive_of_the_object_frames(
    test_data: Path, tmp_path: Path
) -> None:
    config = StudyConfig.of(read_preset("kitti-mini", {"data": str(test_data)}))
    config = config.model_copy(update={"encoder": EncoderConfig(name="statistics")})
    prepared = prepare(config, Workspace(tmp_path), workers=1)
    dataset = prepared.dataset
    records = {record.frame_id: record for record in dataset.records}
    # The same moment of the same drive is the same sweep, and is used once.
    moments: dict[tuple[str, int], list[str]] = {}
    for record in records.values():
        moments.setdefault((record.sequence, record.index_in_sequence), []).append(record.frame_id)
    twice = [ids for ids in moments.values() if len(ids) > 1]
    assert twice
    assert {records[ids[0]].sequence for ids in twice} == {TRACKED_DRIVE}
    assert len(prepared.set_aside) == len(twice)
    assert all(status.startswith("double") for status in prepared.set_aside.values())
    # Folds hold whole drives.
    usable = [records[one] for one in prepared.counts]
    folds = folds_of(dataset, config.split, usable)
    assert sum(len(fold.evaluation) for fold in folds) == len(usable) == len(moments)
    for fold in folds:
        assert not {records[one].sequence for one in fold.pool} & {records[one].sequence for one in fold.evaluation}
