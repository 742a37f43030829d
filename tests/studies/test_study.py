"""Miniature studies from configuration to tables: the books are kept, and nothing leaks."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from scanpick import open_pool
from scanpick.errors import ScanpickError
from scanpick.studies.study import Study
from tests.studies.toys import BROKEN, DOUBLE, METRIC, UNLABELLED, table, toy_study

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("toy_detector")]

EVERY_STRATEGY = [
    "random",
    {"name": "uncertainty", "score": {"name": "entropy", "aggregate": "sum"}},
    "diversity",
    {"name": "probcover", "grid": {"delta": [0.05, 0.3]}},
    "typiclust",
    "kmeans",
    "facility_location",
    "herding",
    "uncertainty_herding",
    "badge",
    {"name": "combined", "options": {"objectives": [{"type": "diversity"}]}},
    {"name": "diversity", "label": "whitened", "encoder": {"name": "statistics", "whiten": "90%", "l2": True}},
]


@pytest.fixture(scope="module")
def finished(toy_kitti: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study through every strategy, two folds, two seeds, with the fully labelled pool."""
    with pytest.MonkeyPatch.context() as patch:
        from tests.studies.toys import DETECTORS

        patch.syspath_prepend(str(DETECTORS))
        study = toy_study(
            toy_kitti, tmp_path_factory.mktemp("studies") / "all", strategies=EVERY_STRATEGY, reference=True
        )
        assert study.run() == {}
    return study


def _labelled_by_hand(root: Path, frame_id: str, names: tuple[str, ...]) -> int:
    lines = (root / "training" / "label_2" / f"{frame_id}.txt").read_text().splitlines()
    return sum(line.split()[0] in names for line in lines)


def test_every_training_is_in_the_table(finished: Study) -> None:
    rows = table(finished.folder, "trainings")
    arms = len(EVERY_STRATEGY) + 1  # the grid has two
    assert len(rows) == 2 * 2 * (1 + 2 * arms + 1) == len(finished.planned)
    assert len({(r["seed"], r["fold"], r["round"], r["strategy"], r["variant"]) for r in rows}) == len(rows)
    assert {row["variant"] for row in rows if row["strategy"] == "probcover"} == {"delta=0.05", "delta=0.3"}


def test_budgets_are_kept(finished: Study) -> None:
    pools = {fold.name: len(fold.pool) for fold in finished.prepared.folds}
    for row in table(finished.folder, "trainings"):
        expected = pools[row["fold"]] if row["strategy"] == "all" else {"0": 4, "1": 7, "2": 11}[row["round"]]
        assert int(row["frames"]) == expected


def test_no_frame_is_labelled_twice(finished: Study) -> None:
    picks = table(finished.folder, "picks")
    starts = {(r["seed"], r["fold"]): [] for r in picks}
    for row in picks:
        if row["strategy"] == "start":
            starts[row["seed"], row["fold"]].append(row["frame_id"])
    lines: dict[tuple[str, ...], list[str]] = {}
    for row in picks:
        if row["strategy"] != "start":
            lines.setdefault((row["seed"], row["fold"], row["strategy"], row["variant"]), []).append(row["frame_id"])
    for (seed, fold, *_), picked in lines.items():
        whole = starts[seed, fold] + picked
        assert len(whole) == len(set(whole)) == 11


def test_nothing_of_the_evaluation_frames_is_trained_on_picked_or_embedded_in_their_fold(finished: Study) -> None:
    """Nor any other frame of their drives."""
    drive_of = {r.frame_id: r.sequence for r in finished.prepared.dataset.records}
    for fold in finished.prepared.folds:
        drives = {drive_of[one] for one in fold.evaluation}
        picked = {r["frame_id"] for r in table(finished.folder, "picks") if r["fold"] == fold.name}
        trained: set[str] = set()
        for row in table(finished.folder, "trainings"):
            if row["fold"] == fold.name:
                described = json.loads(
                    (finished.folder / "trainings" / row["fingerprint"] / "training.json").read_text()
                )
                trained |= set(described["frames"])
        assert picked <= trained
        assert trained == set(fold.pool)  # the fully labelled pool is among them
        assert not {drive_of[one] for one in trained} & drives


def test_every_drive_is_evaluated_once(finished: Study) -> None:
    evaluated = [one for fold in finished.prepared.folds for one in fold.evaluation]
    usable = {r.frame_id for r in finished.prepared.dataset.records} - set(finished.prepared.set_aside)
    assert sorted(evaluated) == sorted(usable)


def test_objects_and_cost_are_those_of_an_independent_count(finished: Study, toy_kitti: Path) -> None:
    for row in table(finished.folder, "trainings"):
        frames = json.loads((finished.folder / "trainings" / row["fingerprint"] / "training.json").read_text())[
            "frames"
        ]
        cars = sum(_labelled_by_hand(toy_kitti, one, ("Car",)) for one in frames)
        people = sum(_labelled_by_hand(toy_kitti, one, ("Pedestrian",)) for one in frames)
        assert (int(row["boxes_Car"]), int(row["boxes_Pedestrian"])) == (cars, people)
        assert int(row["boxes"]) == cars + people
        assert float(row["cost"]) == pytest.approx(0.5 * len(frames) + 0.25 * (cars + people))


def test_the_start_and_its_detector_are_shared(finished: Study) -> None:
    """Every strategy's training set holds the start, and there is one start training for a seed and fold."""
    rows = table(finished.folder, "trainings")
    counted = Counter((r["seed"], r["fold"]) for r in rows if r["strategy"] == "start")
    assert set(counted.values()) == {1}
    for row in rows:
        described = json.loads((finished.folder / "trainings" / row["fingerprint"] / "training.json").read_text())
        (start,) = (
            r for r in rows if r["strategy"] == "start" and (r["seed"], r["fold"]) == (row["seed"], row["fold"])
        )
        first = json.loads((finished.folder / "trainings" / start["fingerprint"] / "training.json").read_text())
        assert set(first["frames"]) <= set(described["frames"])
        assert described["training"]["seed"] == int(row["seed"])
        assert described["training"]["iterations"] == 20


def test_bad_frames_and_doubles_are_set_aside_and_named(finished: Study) -> None:
    set_aside = finished.prepared.set_aside
    assert set(set_aside) == {BROKEN, UNLABELLED, DOUBLE}
    assert "no labels" in set_aside[UNLABELLED]
    assert f"same points as {int(DOUBLE) - 1:06d}" in set_aside[DOUBLE]
    assert not {BROKEN, UNLABELLED, DOUBLE} & {r["frame_id"] for r in table(finished.folder, "picks")}


def test_scores_with_folds_are_of_all_predictions_together(finished: Study) -> None:
    from scanpick.formats.predictions import read_predictions
    from scanpick.training.metrics import Metric, measure, read_ground_truth

    scores, trainings = table(finished.folder, "scores"), table(finished.folder, "trainings")
    assert len(scores) == len(trainings) / 2
    assert "fold" not in scores[0]
    row = next(r for r in scores if (r["strategy"], r["round"], r["seed"]) == ("diversity", "2", "1"))
    parts = [r for r in trainings if (r["strategy"], r["round"], r["seed"]) == ("diversity", "2", "1")]
    found = {}
    for part in parts:
        found |= read_predictions(finished.folder / "trainings" / part["fingerprint"] / "predictions.parquet")
    truth = read_ground_truth(finished.prepared.dataset, sorted(found))
    expected = measure(finished.prepared.dataset, truth, found, [Metric.parse(METRIC)])[METRIC]
    assert float(row[METRIC]) == expected > 0
    assert float(row["boxes"]) == np.mean([int(part["boxes"]) for part in parts])


def test_the_detector_learns_something(finished: Study) -> None:
    """Otherwise the other tests would compare zeros."""
    values = [float(row[METRIC]) for row in table(finished.folder, "scores")]
    assert len(set(values)) > 5
    assert max(values) > 5


def test_embeddings_are_of_the_pool_and_named_in_the_plan(finished: Study) -> None:
    from scanpick.selection import select
    from scanpick.workspace import pool_of

    plan = json.loads((finished.folder / "plan.json").read_text())
    assert plan["embeddings"] == ["statistics"]
    pool = open_pool(finished.folder / plan["pool"])
    embedded = pool.embedding("statistics")
    assert {"statistics", "random"} <= {*pool.embedding_names(), *(n.partition("-")[0] for n in pool.selection_names())}
    assert len(select(pool_of(pool, ["statistics"]), "diversity", 3)) == 3, "it is a pool like any other"
    assert set(embedded.frame_ids) == {one for fold in finished.prepared.folds for one in fold.pool}
    assert (plan["done"], plan["planned"], plan["failed"]) == (len(finished.planned), len(finished.planned), 0)
    assert all(one["done"] for one in plan["trainings"])


def test_uncertainty_takes_the_highest_scores(finished: Study) -> None:
    """Recomputed from the start's own predictions of the pool."""
    from scanpick.formats.predictions import read_predictions
    from scanpick.uncertainty import SCORES, score_frames

    rows = [
        r
        for r in table(finished.folder, "picks")
        if (r["strategy"], r["round"], r["seed"], r["fold"]) == ("uncertainty", "1", "0", "1")
    ]
    (start,) = (
        r for r in table(finished.folder, "trainings") if (r["strategy"], r["seed"], r["fold"]) == ("start", "0", "1")
    )
    found = read_predictions(finished.pool.predictions_path(start["fingerprint"]))
    scores = score_frames(found, "entropy", SCORES.load("entropy"), "sum")
    best = sorted(zip(-scores.values, scores.frame_ids, strict=True))[:3]
    assert [r["frame_id"] for r in rows] == [frame_id for _, frame_id in best]
    assert [float(r["score"]) for r in rows] == [-value for value, _ in best]


def test_whitening_learns_from_the_pool_of_its_fold_alone(finished: Study) -> None:
    """The picks are those of a selection from the pool's vectors, whitened by themselves."""
    from scanpick.encoders.whitening import Keep, fit_whitening, unit_length
    from scanpick.selection import Pool, select

    rows = table(finished.folder, "picks")
    assert {row["encoder"] for row in table(finished.folder, "trainings") if row["strategy"] == "whitened"} == {
        "statistics+whiten90%+l2"
    }
    for fold in finished.prepared.folds:
        mine = [r for r in rows if (r["seed"], r["fold"]) == ("1", fold.name)]
        start = [r["frame_id"] for r in mine if r["strategy"] == "start"]
        vectors = finished.prepared.embeddings["statistics"].rows(fold.pool)
        whitened = unit_length(fit_whitening(vectors, Keep.parse("90%")).of(vectors))
        pool = Pool(fold.pool, {"whitened": whitened}, labelled=np.isin(fold.pool, start))
        expected = select(pool, "diversity", 3).frame_ids
        assert expected == tuple(r["frame_id"] for r in mine if (r["strategy"], r["round"]) == ("whitened", "1"))


def test_classes_that_no_frame_has_are_refused_before_anything_is_trained(toy_kitti: Path, tmp_path: Path) -> None:
    asked = {"classes": ["Tram"], "metrics": ["Tram_3d_moderate_R40_0.5"]}
    with pytest.raises(ScanpickError, match=r"No object of the classes Tram in the study's \d+ frames; there are: Car"):
        toy_study(toy_kitti, tmp_path / "study", **asked).run()
    assert not (tmp_path / "study" / "trainings").exists()
