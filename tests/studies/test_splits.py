"""Data of a study: several data sets as one, and never the same drive on both sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from scanpick.errors import ScanpickError
from scanpick.studies.data import DataConfig, Dataset, SplitConfig, open_data
from scanpick.studies.splits import folds_of
from tests.datasets.samples import write_kitti_object, write_kitti_tracking, write_lines, write_mapping


def _split(**values: Any) -> SplitConfig:
    split: SplitConfig = TypeAdapter(SplitConfig).validate_python(values)
    return split


@pytest.fixture
def kitti(tmp_path: Path) -> Path:
    """Twelve object frames of three drives: 0001 has 6, 0002 has 4, 0003 has 2."""
    root = write_kitti_object(tmp_path / "kitti", [f"{number:06d}" for number in range(12)])
    drives = ["0001"] * 6 + ["0002"] * 4 + ["0003"] * 2
    write_mapping(root, [(f"2011_09_26_drive_{drive}_sync", k) for k, drive in enumerate(drives)])
    return root


def _opened(root: Path) -> Dataset:
    return open_data([DataConfig(source=f"kitti-object:{root}")])[1]


def test_folds_hold_whole_drives_and_evaluate_each_once(kitti: Path) -> None:
    data = _opened(kitti)
    folds = folds_of(data, _split(by="drives", folds=2), data.records)
    drive_of = {record.frame_id: record.sequence for record in data.records}
    assert [fold.name for fold in folds] == ["1", "2"]
    assert sorted(one for fold in folds for one in fold.evaluation) == sorted(drive_of)
    for fold in folds:
        assert len(fold.evaluation) == 6  # the largest drive against the two others
        assert set(fold.pool) | set(fold.evaluation) == set(drive_of)
        assert not {drive_of[one] for one in fold.pool} & {drive_of[one] for one in fold.evaluation}


def test_only_the_first_folds(kitti: Path) -> None:
    data = _opened(kitti)
    both = folds_of(data, _split(by="drives", folds=2), data.records)
    assert folds_of(data, _split(by="drives", folds=2, take=1), data.records) == both[:1]
    assert folds_of(data, _split(by="drives", folds=2, take=2), data.records) == both
    with pytest.raises(ValidationError, match="expected to take 1 to 2 folds, got 3"):
        _split(by="drives", folds=2, take=3)


def test_more_folds_than_drives(kitti: Path) -> None:
    data = _opened(kitti)
    with pytest.raises(ScanpickError, match="4 folds by drive need as many drives, got 3"):
        folds_of(data, _split(by="drives", folds=4), data.records)


def test_lists_must_not_share_drives_unless_asked(kitti: Path, tmp_path: Path) -> None:
    data = _opened(kitti)
    pool = write_lines(tmp_path / "pool.txt", "000000", "000001", "000007")
    evaluation = write_lines(tmp_path / "evaluation.txt", "000002", "000010")
    split = {"by": "files", "pool": pool, "evaluation": evaluation}
    with pytest.raises(ScanpickError, match=r"1 drives are on both sides .*drive_0001_sync.*allow_shared_drives"):
        folds_of(data, _split(**split), data.records)
    (fold,) = folds_of(data, _split(**split, allow_shared_drives=True), data.records)
    assert (fold.name, fold.pool, fold.evaluation) == ("", ("000000", "000001", "000007"), ("000002", "000010"))
    write_lines(evaluation, "000001")
    with pytest.raises(ScanpickError, match="1 frames are both in the pool and evaluated: 000001"):
        folds_of(data, _split(**split, allow_shared_drives=True), data.records)
    write_lines(evaluation, "999999")
    with pytest.raises(ScanpickError, match=r"1 of \d+ frames are not in the data set: 999999"):
        folds_of(data, _split(**split), data.records)


def test_the_official_split_may_share_drives_and_skips_what_is_not_on_disk(kitti: Path) -> None:
    write_lines(kitti / "ImageSets" / "train.txt", "000000", "000002", "007000")
    write_lines(kitti / "ImageSets" / "val.txt", "000001", "000011")
    data = _opened(kitti)
    (fold,) = folds_of(data, _split(by="official"), data.records)
    assert (fold.pool, fold.evaluation) == (("000000", "000002"), ("000001", "000011"))


def test_the_official_split_needs_its_lists(kitti: Path) -> None:
    data = _opened(kitti)
    with pytest.raises(ScanpickError, match=r"ImageSets/train\.txt"):
        folds_of(data, _split(by="official"), data.records)


def test_metadata_says_which_side() -> None:
    _, data = open_data([DataConfig(source="simulated:drives", options={"frames": 30})])
    (fold,) = folds_of(data, _split(by="metadata"), data.records)
    split_of = {record.frame_id: record.metadata["split"] for record in data.records}
    assert {split_of[one] for one in fold.pool} == {"pool"}
    assert {split_of[one] for one in fold.evaluation} == {"evaluation"}
    with pytest.raises(ScanpickError, match="no metadata column 'town'"):
        folds_of(data, _split(by="metadata", column="town"), data.records)
    with pytest.raises(ScanpickError, match="no usable frame is in the evaluation"):
        folds_of(data, _split(by="metadata", evaluation="validation"), data.records)


def test_two_data_sets_are_one_with_the_same_names_of_drives(kitti: Path, tmp_path: Path) -> None:
    tracking = write_kitti_tracking(tmp_path / "tracking", [3])
    configs = [
        DataConfig(source=f"kitti-object:{kitti}"),
        DataConfig(
            source=f"kitti-tracking:{tracking}", prefix="tracking", drives={"0000": "2011_09_26_drive_0001_sync"}
        ),
        DataConfig(source=f"kitti-object:{tmp_path / 'nowhere'}", optional=True),
    ]
    _, data = open_data(configs)
    assert len(data.records) == 12 + 3
    frame = data.read("tracking/0000/000001")
    assert frame.frame_id == "tracking/0000/000001"
    assert data.labels("tracking/0000/000000") is not None
    assert data.calibration("000003") is not None
    drives = {record.sequence for record in data.records}
    assert drives == {f"2011_09_26_drive_{number}_sync" for number in ("0001", "0002", "0003")}
    with pytest.raises(ScanpickError, match="Unknown frame 'tracking/x'"):
        data.read("tracking/x")


def test_data_sets_that_do_not_go_together(kitti: Path) -> None:
    twice = [DataConfig(source=f"kitti-object:{kitti}")] * 2
    with pytest.raises(ScanpickError, match=r"Frame .000000. is in two data sets.*Give one of them a prefix"):
        open_data(twice)
    with pytest.raises(ScanpickError, match="renames sequences that are not there: 0000"):
        open_data([DataConfig(source=f"kitti-object:{kitti}", drives={"0000": "x"})])
    with pytest.raises(ScanpickError, match="no such folder"):
        open_data([DataConfig(source="kitti-object:nowhere-at-all")])
    with pytest.raises(ScanpickError, match="None of the study's data sets is there"):
        open_data([DataConfig(source="kitti-object:nowhere-at-all", optional=True)])
