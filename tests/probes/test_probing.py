"""From a data set to scores: which frames are used, what is set aside, and that chance comes from the seed alone."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.encoders.statistics import Statistics
from scanpick.errors import FrameError, ScanpickError
from scanpick.evaluation.probes import ProbeSettings
from scanpick.probes.encoding import ChosenFrames, Contestant
from scanpick.probes.files import difference_rows, facts, frame_rows, prediction_rows, score_rows
from scanpick.probes.probing import ProbePlan, run_probes
from scanpick.structures import Boxes3D, EmbeddingTable, Frame, FrameRecord, Labels
from scanpick.structures.embedded_objects import EmbeddedObjects

PLAN = ProbePlan(changed_frames=8, settings=ProbeSettings(near_s=0.1, apart_s=0.2, replicates=20))


class Drives:
    """Six drives of five frames; the more cars, the more points stand high."""

    name = "made-up"
    description = "six drives"

    def __init__(self, *, timed=True, broken=(), unlabelled=()):
        self.broken, self.unlabelled = broken, unlabelled
        self.records = [
            FrameRecord(f"{drive}/{index}", f"drive_{drive}", index, 10**9 + index * 10**8 if timed else None)
            for drive in range(6)
            for index in range(5)
        ]

    def read(self, frame_id):
        if frame_id in self.broken:
            raise FrameError("torn", kind="unreadable")
        drive, index = map(int, frame_id.split("/"))
        rng = np.random.default_rng([drive, index])
        points = np.column_stack([rng.uniform(-50, 50, (300, 2)), np.zeros(300), rng.random(300)])
        points[: 40 * drive + 5 * index, 2] = 3.0
        record = next(record for record in self.records if record.frame_id == frame_id)
        return Frame(record, points.astype(np.float32))

    def labels(self, frame_id):
        if frame_id in self.unlabelled:
            return None
        drive, index = map(int, frame_id.split("/"))
        boxes = np.tile([10.0, 0, 0, 4, 2, 1.5, 0], (drive + index % 2, 1))
        return Labels(Boxes3D(boxes, np.full(len(boxes), "Car")))

    def calibration(self, frame_id):
        return None


@dataclass(frozen=True)
class Picky:
    """Statistics that refuse a frame."""

    refuses: str

    name, batch_size, in_workers, dimension = "picky", 8, True, 66

    @property
    def settings(self):
        return {"refuses": self.refuses}

    def encode(self, frames):
        if any(frame.frame_id == self.refuses for frame in frames):
            raise FrameError("not this one", kind="implausible")
        return Statistics().encode(frames)


def _run(dataset, contestants, plan=PLAN, **options):
    return run_probes(dataset, contestants, plan, workers=1, **options)


def test_what_shows_in_the_points_is_predicted():
    run = _run(Drives(), [Contestant("statistics", Statistics())])
    assert run.probing.score("statistics", ("ridge", "number of Car", "r2")).value > 0.5
    assert run.probing.score("statistics", ("robustness", "mean", "auc")).frames == 8
    assert "constant: 0 in all 30 frames" in run.probing.left_out["number of Pedestrian"]
    assert run.notes == ["With 6 groups the intervals are themselves uncertain."]
    assert run.made_by["statistics"]["dimension"] == 66


def test_frames_that_cannot_be_used_are_set_aside_with_the_reason():
    table = EmbeddingTable("mine", tuple(r.frame_id for r in Drives().records[1:]), np.ones((29, 2), np.float32))
    dataset = Drives(broken=("1/0",), unlabelled=("2/0",))
    run = _run(dataset, [Contestant("picky", Picky("3/3")), Contestant("mine", table=table)])
    assert run.set_aside == {
        "1/0": "unreadable: torn",
        "3/3": "implausible: picky: not this one",
        "0/0": "mine: has no vector",
    }
    assert len(run.frames.frame_ids) == 27
    assert "1 of 27 frames have no labels." in run.notes
    assert run.probing.score("picky", ("ridge", "number of Car", "r2")).frames == 26  # one has no labels
    assert run.probing.score("mine", ("robustness", "mean", "auc")) is None


def test_the_frames_asked_for_are_used():
    wanted = [record.frame_id for record in Drives().records if record.frame_id < "4"]
    run = _run(Drives(), [Contestant("statistics", Statistics())], frame_ids=wanted, evaluation_ids=["4/0", "4/1"])
    assert sorted(run.frames.frame_ids) == sorted([*wanted, "4/0", "4/1"])
    assert run.probing.score("statistics", ("ridge", "number of Car", "r2")).frames == 2
    with pytest.raises(ScanpickError, match=r"1 of 1 frames are not in the data set: .*9/9"):
        _run(Drives(), [Contestant("statistics", Statistics())], frame_ids=["9/9"])


def test_drives_without_timestamps_are_said_to_be_timed_by_index():
    run = _run(Drives(timed=False), [Contestant("statistics", Statistics())])
    timed = _run(Drives(), [Contestant("statistics", Statistics())])
    np.testing.assert_allclose(run.frames.times_s, timed.frames.times_s)
    assert "6 drive(s) have no timestamps" in run.notes[0]


def test_no_frame_left_is_an_error():
    ids = tuple(record.frame_id for record in Drives().records)
    with pytest.raises(ScanpickError, match=r"none of its 30 frames can be used: .* The first: unreadable: torn"):
        _run(Drives(broken=ids), [Contestant("statistics", Statistics())])


def test_changes_come_from_seed_and_frame_alone():
    one, same, other = (ChosenFrames(Drives(), Drives().records, "point drop", seed) for seed in (1, 1, 2))
    one.read("0/1")  # what is read before does not matter
    np.testing.assert_array_equal(one.read("0/0").points, same.read("0/0").points)
    assert not np.array_equal(one.read("0/0").points, other.read("0/0").points)


def test_encoders_are_the_same_alone_and_together():
    alone = _run(Drives(), [Contestant("fine", Statistics(cell_m=0.5))])
    both = _run(Drives(), [Contestant("coarse", Statistics(cell_m=4)), Contestant("fine", Statistics(cell_m=0.5))])
    for one, two in zip(alone.probing.scores["fine"], both.probing.scores["fine"], strict=True):
        assert one.value == two.value
        np.testing.assert_array_equal(one.replicates, two.replicates)


@dataclass(frozen=True)
class Parts:
    """Two objects a frame; pooling subtracts the mean of the objects it was fitted to."""

    centre: float | None = None

    name, batch_size, in_workers, object_dimension, learned = "parts", 1, True, 1, {}

    @property
    def dimension(self):
        return 1 if self.centre is None else 2

    @property
    def settings(self):
        return {}

    def encode_objects(self, frames):
        values = np.array([[frame.points[:, 2].mean()] for frame in frames], np.float32).repeat(2, axis=0)
        none = EmbeddedObjects.none(len(frames), 1)
        boxes, points = np.zeros((len(values), 6), np.float32), np.ones(len(values), np.int64)
        return replace(none, counts=np.full(len(frames), 2), values=values, boxes=boxes, num_points=points)

    def fitted(self, values):
        return Parts(float(values.mean()))

    def pooled(self, objects):
        means = objects.values.reshape(-1, 2).mean(axis=1, keepdims=True)
        return means if self.centre is None else np.hstack([means, means - self.centre])

    def encode(self, frames):
        return self.pooled(self.encode_objects(frames))


def test_what_pooling_learns_is_learned_from_the_frames():
    run = _run(Drives(broken=("0/0",)), [Contestant("parts", Parts()), Contestant("statistics", Statistics())])
    assert run.made_by["parts"]["dimension"] == 2
    assert run.probing.score("parts", ("ridge", "number of Car", "r2")).value > 0.5
    assert run.probing.score("parts", ("robustness", "mean", "auc")).frames == 8


def test_rows_hold_every_raw_number():
    names = ["a", "b", "c"]
    run = _run(Drives(), [Contestant(n, Statistics(cell_m=k + 1)) for k, n in enumerate(names)])
    scores = score_rows(run)
    each = len(run.probing.scores["a"])
    assert len(scores) == 3 * each
    assert len(difference_rows(run)) == 3 * each
    assert {(row["one"], row["other"]) for row in difference_rows(run, "b")} == {("a", "b"), ("c", "b")}
    with pytest.raises(ScanpickError, match="Unknown embedding 'd'"):
        difference_rows(run, "d")
    rows = list(prediction_rows(run))
    assert len(rows) == 3 * 2 * 30 * len(run.probing.targets)
    truth = {row["frame_id"]: row["truth"] for row in rows if row["target"] == "number of Car"}
    assert truth["4/1"] == pytest.approx(5**0.5)
    # The score is what the rows say
    chosen = [r for r in rows if (r["embedding"], r["predictor"], r["target"]) == ("a", "ridge", "number of Car")]
    t, p, m = (np.array([row[key] for row in chosen]) for key in ("truth", "predicted", "mean"))
    expected = 1 - ((t - p) ** 2).sum() / ((t - m) ** 2).sum()
    assert run.probing.score("a", ("ridge", "number of Car", "r2")).value == pytest.approx(expected, abs=1e-6)
    assert frame_rows(run)[0]["sequence"] == "drive_0"
    assert facts(run)["drives"] == 6


def test_real_frames_are_grouped_by_the_drives_they_are_from(test_data):
    """KITTI's object frames are listed at random; the mapping says which belong together."""
    dataset = open_dataset(str(test_data / "kitti"))
    run = _run(dataset, [Contestant("statistics", Statistics())], replace(PLAN, changed_frames=0))
    drives = {record.sequence for record in dataset.records}
    assert len(set(run.probing.groups.tolist())) == len(drives) < len(dataset.records)
    for drive in drives:
        assert len(set(run.probing.groups[run.frames.sequences == drive].tolist())) == 1
    score = run.probing.score("statistics", ("retrieval", "same drive", "precision"))
    assert score.value > 3 * score.chance
    assert not run.probing.left_out.keys() & {"number of Car", "far share", "occluded share", "box density"}


def test_a_killed_run_goes_on(tmp_path):
    """What was encoded before the probes failed is not encoded again; after a run nothing is kept."""
    dataset = Drives()
    contestants = [Contestant("statistics", Statistics())]

    class StopError(Exception):
        pass

    def stop_at_probing(title, total):
        if title == "Probing":
            raise StopError
        from scanpick.workspace.reading import no_progress

        return no_progress(title, total)

    with pytest.raises(StopError):
        _run(dataset, contestants, cache=tmp_path / "cache", progress=stop_at_probing)
    assert list((tmp_path / "cache").rglob("embeddings.npy"))
    titles = []

    def listed(title, total):
        titles.append(title)
        from scanpick.workspace.reading import no_progress

        return no_progress(title, total)

    _run(dataset, contestants, cache=tmp_path / "cache", progress=listed)
    assert not [title for title in titles if title.startswith("Encoding")]
    assert not (tmp_path / "cache").exists()
    _run(dataset, contestants, replace(PLAN, changed_frames=0), cache=tmp_path / "cache", progress=listed)
    assert [title for title in titles if title.startswith("Encoding")]
