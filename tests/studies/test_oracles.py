"""References know all labels, and are there for studies alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.labels import CostModel
from scanpick.selection import Pool, select
from scanpick.structures import Boxes3D, Labels
from scanpick.studies.oracles import DistinctObjects, ObjectPicker, described, make_strategy
from tests.studies.toys import table, toy_study

NEAR, FAR, TURNED = [10.0, 0, 0, 4, 1.6, 1.5, 0], [40.0, 0, 0, 4, 1.6, 1.5, 0], [10.0, 0, 0, 4, 1.6, 1.5, np.pi / 2]
FRAMES = {"a": [NEAR, NEAR, NEAR], "b": [NEAR, FAR], "c": [TURNED], "d": [], "e": [NEAR]}


def labels_of(frame_id: str) -> Labels | None:
    boxes = np.array(FRAMES[frame_id], dtype=np.float64).reshape(-1, 7)
    return Labels(Boxes3D(boxes, np.full(len(boxes), "Car")))


def picks(*, labelled: str = "", **options: object) -> tuple[str, ...]:
    pool = Pool(tuple(FRAMES), labelled=np.isin(list(FRAMES), list(labelled)))
    known = DistinctObjects(**options).knowing(labels_of, ["Car"], ["Car"], CostModel(0.5, 1.0))  # type: ignore[arg-type]
    return select(pool, known, 5 - len(labelled)).frame_ids


def test_it_takes_objects_unlike_those_that_are_labelled() -> None:
    assert picks() == ("a", "b", "c", "d", "e")  # three near cars; then a far one; then one that is turned
    assert picks(labelled="e") == ("b", "c", "a", "d")  # near cars are known


def test_crowded_frames_are_dear() -> None:
    assert picks(per_cost=True)[0] == "a"  # 3 / 3.5, 2 / 2.5, 1 / 1.5
    assert picks(per_cost=True, labelled="e")[0] == "c"  # 1 / 2.5 of b against 1 / 1.5 of c


def test_gains_are_those_of_the_definition() -> None:
    rng = np.random.default_rng(0)
    objects = [rng.normal(size=(count, 7)) for count in (3, 0, 4, 2)]
    picker = ObjectPicker(objects, 2.0, np.ones(4, dtype=bool), np.array([1.0, 1, 2, 1]))
    picker.take_all(np.array([2]))
    expected = [
        sum(min(1.0, min(np.linalg.norm(one - other) for other in objects[2]) / 2) for one in some) for some in objects
    ]
    np.testing.assert_allclose(picker.gains(), [expected[0], 0, 0, expected[3]])


def test_objects_are_described_as_the_sensor_sees_them() -> None:
    left, ahead = [0.0, 10, 0, 4, 1.6, 1.5, np.pi / 2], NEAR
    boxes = Boxes3D(np.array([left, ahead, FAR]), np.array(["Car", "Car", "Van"]))
    found = described(Labels(boxes), ["Car"])
    assert found.shape == (2, 7)
    np.testing.assert_allclose(found[0], found[1], atol=1e-12)  # both are seen from behind


def test_users_have_no_such_strategy() -> None:
    with pytest.raises(ScanpickError, match="Unknown strategy 'oracle_objects'"):
        select(Pool(("a", "b")), "oracle_objects", 1)
    with pytest.raises(ScanpickError, match="Unknown option of the reference 'oracle_objects'"):
        make_strategy("oracle_objects", {"cost": 1})


@pytest.mark.usefixtures("toy_detector")
def test_a_study_takes_it_with_constraints(toy_kitti: Path, tmp_path: Path) -> None:
    reference = {"name": "oracle_objects", "label": "oracle", "constraints": {"spread": "sequence"}}
    study = toy_study(toy_kitti, tmp_path / "study", seeds=[0], rounds=[6], strategies=["random", reference])
    assert study.run() == {}
    boxes = {row["strategy"]: float(row["boxes"]) for row in table(study.folder, "scores")}
    assert boxes["oracle"] > boxes["random"]
    with pytest.raises(ScanpickError, match="oracle_objects"):
        toy_study(toy_kitti, tmp_path / "other", strategies=[{"name": "oracle_objects", "options": {"reach": -1}}])
