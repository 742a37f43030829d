"""Rounds of a project are picked, handed off, labelled and measured; nothing is picked twice, and books are kept."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scanpick as sp
from scanpick import files
from scanpick.errors import ScanpickError
from scanpick.exporters.clouds import format_pcd
from scanpick.formats.predictions import write_predictions
from scanpick.structures import Boxes3D
from scanpick.workspace.labels import read_label_table, returned_labels
from scanpick.workspace.rounds import HandedOff, Picked, Place, Returned, Rounds, items_of
from tests.cli.running import error_of, run, run_json
from tests.face.annotators import answer, found_by
from tests.workspace.drives import cloud

FRAMES = 28


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated drives in KITTI's layout."""
    folder = tmp_path_factory.mktemp("rounds") / "recordings"
    sp.simulate(folder, FRAMES, seed=1, workers=1)
    return folder


@pytest.fixture(scope="module")
def truth(recordings: Path) -> dict[str, Boxes3D]:
    dataset = sp.open_dataset(str(recordings))
    labels = {record.frame_id: dataset.labels(record.frame_id) for record in dataset.records}
    return {frame_id: one.boxes for frame_id, one in labels.items() if one is not None}


@pytest.fixture
def begun(recordings: Path, tmp_path: Path) -> Path:
    """A project whose first round is picked."""
    project = tmp_path / "project"
    sp.pick(recordings, 4, project, encoder="statistics", validation="20%", report=False, workers=1)
    return project


def items(project: Path) -> dict[str, str]:
    """What went with the newest hand-off."""
    pool = sp.open_pool(project)
    return items_of(pool, Rounds.of(pool).of_kind(HandedOff)[-1].number)


def predicted(project: Path, truth: Mapping[str, Boxes3D], skill: float, seed: int = 0) -> Path:
    path = project.parent / f"predictions-{skill}.parquet"
    write_predictions(path, found_by(skill, truth, seed))
    return path


def test_three_rounds_with_annotators_who_are_late_and_refuse(
    begun: Path, truth: dict[str, Boxes3D], tmp_path: Path
) -> None:
    picked = [set(Rounds.of(sp.open_pool(begun)).frames_of(1))]
    validation = set(Rounds.of(sp.open_pool(begun)).validation)
    assert len(picked[0]) == 8
    assert validation < picked[0]
    late = refused = ""
    for number, skill in ((1, 0.3), (2, 0.6), (3, 0.95)):
        sp.hand_off(begun, "cvat", tmp_path / f"task-{number}.zip", classes=["Car"])
        open_ids = sorted(picked[-1] - validation)
        late, refused = open_ids[0], open_ids[1]
        zipped = answer(
            tmp_path / f"done-{number}.zip",
            items(begun),
            truth,
            late=[late],
            refused={refused: "fog"},
        )
        back = sp.add_labels(begun, zipped, classes={name: name for name in classes_of(truth)})
        assert refused in back.rejected
        assert late in back.missing
        assert len(back.labels) == len(picked[-1]) - 2
        if number < 3:
            coming = sp.next(
                begun, "30 EUR at 1/frame + 0.5/box", predictions=predicted(begun, truth, skill), report=False
            )
            assert coming.expected_cost is not None
            assert coming.expected_cost <= 30 + 5
            picked.append(set(coming.frame_ids))
            assert not any(picked[-1] & before for before in picked[:-1])

    state = sp.status(begun)
    assert [one.round for one in state.rounds] == [1, 2, 3]
    assert state.places == {"picked": 0, "sent": 3, "labelled": sum(map(len, picked)) - 6, "rejected": 3}
    labelled = set(Rounds.of(sp.open_pool(begun)).at(Place.LABELLED))
    assert state.boxes == sum(len(truth[one]) for one in labelled)
    assert state.cost == pytest.approx(len(labelled) + 0.5 * state.boxes)
    rising = [one.ap["Car"][0] for one in state.rounds[:2]]
    assert rising[0] < rising[1]
    ahead = sp.forecast(begun)
    assert [one.low <= one.ap <= one.high for one in ahead.ahead] == [True] * len(ahead.ahead)
    # What is late may come after all, or be taken back
    sent = Rounds.of(sp.open_pool(begun)).at(Place.SENT)
    sp.recall(begun, [sent[0]])
    again = sp.add_labels(begun, answer(tmp_path / "late.zip", items(begun), truth))
    assert set(again.labels) == {late, refused}


def test_late_labels_of_a_round_leave_the_next_one_open(begun: Path, truth: dict[str, Boxes3D], tmp_path: Path) -> None:
    sp.hand_off(begun, "cvat", tmp_path / "task.zip", classes=["Car"])
    sp.next(begun, 2, detector="none", report=False)
    names = dict.fromkeys(classes_of(truth), "-") | {"Car": "Car"}
    zipped = answer(tmp_path / "done.zip", items(begun), truth)
    assert {
        one for of in sp.add_labels(begun, zipped, classes=names).labels.values() for one in of.boxes.class_names
    } == {"Car"}
    rounds = Rounds.of(sp.open_pool(begun))
    assert rounds.is_open(2)
    assert "Hand round 2 off" in sp.status(begun).coming
    # Classes that were left out are none that annotators choose from
    found = predicted(begun, truth, 0.9)
    sent = sp.hand_off(begun, "cvat", tmp_path / "task-2.zip", predictions=found, min_score=2.0)
    assert sent.round == 2
    event = Rounds.of(sp.open_pool(begun)).of_kind(HandedOff)[-1]
    assert (event.classes, event.pre_labelled) == (("Car",), 0)


def test_a_frame_that_was_refused_is_labelled_again_by_the_same_labels(
    begun: Path, truth: dict[str, Boxes3D], tmp_path: Path
) -> None:
    sp.hand_off(begun, "cvat", tmp_path / "task.zip")
    names = {name: name for name in classes_of(truth)}
    done = answer(tmp_path / "done.zip", items(begun), truth)
    one = sorted(sp.add_labels(begun, done, classes=names).labels)[0]
    sp.add_labels(begun, answer(tmp_path / "refused.zip", items(begun), truth, refused={one: "fog"}))
    assert Rounds.of(sp.open_pool(begun)).at(Place.REJECTED) == [one]
    assert set(sp.add_labels(begun, done).labels) == {one}
    assert Rounds.of(sp.open_pool(begun)).at(Place.REJECTED) == []


def classes_of(truth: Mapping[str, Boxes3D]) -> list[str]:
    return sorted({str(name) for boxes in truth.values() for name in boxes.class_names})


@contextmanager
def killed_at(write: int) -> Iterator[list[int]]:
    """Kill whoever writes so many files."""
    counted, whole = [0], files.atomic_path

    @contextmanager
    def counting(path: Path) -> Iterator[Path]:
        counted[0] += 1
        if counted[0] == write:
            raise KeyboardInterrupt
        with whole(path) as temporary:
            yield temporary

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "atomic_path", counting)
        yield counted


def events(project: Path) -> list[dict[str, Any]]:
    return [one.model_dump(exclude={"when"}) for one in Rounds.of(sp.open_pool(project)).events]


def test_killed_anywhere_it_goes_on(begun: Path, truth: dict[str, Boxes3D], tmp_path: Path) -> None:
    found = predicted(begun, truth, 0.5)

    def hand_off(project: Path) -> None:
        sp.hand_off(project, "cvat", tmp_path / f"{project.name}.zip", replace=True)

    def labels(project: Path) -> None:
        sp.add_labels(project, tmp_path / "done.zip")

    def pick(project: Path) -> None:
        sp.next(project, 3, predictions=found, report=False)

    steps: list[Callable[[Path], None]] = [hand_off, labels, pick]
    for number, step in enumerate(steps):
        whole = tmp_path / "whole" / "project"
        shutil.rmtree(whole.parent, ignore_errors=True)
        shutil.copytree(begun, whole)
        step(whole)
        if step is hand_off:
            answer(tmp_path / "done.zip", items(whole), truth)
        write, done = 1, False
        while not done:
            cut = tmp_path / f"cut-{number}" / "project"
            shutil.rmtree(cut.parent, ignore_errors=True)
            shutil.copytree(begun, cut)
            with killed_at(write) as counted:
                try:
                    step(cut)
                    done = counted[0] < write
                except KeyboardInterrupt:
                    pass
            step(cut)
            assert events(cut) == events(whole), f"{step.__name__}, killed at write {write}"
            write += 1
        begun = whole.rename(tmp_path / f"after-{number}")


def test_ids_survive_the_trip_where_files_have_odd_names_and_no_calibration(tmp_path: Path) -> None:
    names = ["Fahrt 1/früh (1).pcd", "Fahrt 1/früh (2).pcd", "b=2/-x.pcd", "b=2/y.v2.pcd", "b=2/z.pcd"]
    for number, name in enumerate(names):
        path = tmp_path / "clouds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(format_pcd(cloud(number)))
    project = tmp_path / "project"
    picks = sp.pick(tmp_path / "clouds", 4, project, encoder="statistics", report=False, workers=1)
    sp.hand_off(project, "cvat", tmp_path / "task.zip")
    here = np.array([[10.0, 2.0, -1.0, 4.0, 2.0, 1.5, 0.3], [10.1, 2.0, -1.0, 4.0, 2.0, 1.5, 0.3]])
    boxes = {one: Boxes3D(here, np.array(["vehicle", "vehicle"])) for one in picks}
    back = sp.add_labels(project, answer(tmp_path / "done.zip", items(project), boxes))
    assert set(back.labels) == set(picks)
    assert {one.kind for one in back.problems} >= {"box drawn twice"}
    for one in back.labels.values():
        assert np.abs(one.boxes.array - here).max() < 1e-6

    # Corrected labels go first, the former stay as history; the same once more is nothing new
    corrected = {one: of[np.array([0])] for one, of in boxes.items()}
    assert sp.add_labels(project, answer(tmp_path / "again.zip", items(project), corrected)).corrected == 4
    pool = sp.open_pool(project)
    assert [len(read_label_table(pool.returned_path(number)).labels) for number in (1, 2)] == [4, 4]
    assert {len(one) for one in returned_labels(pool).values()} == {1}
    assert sp.add_labels(project, tmp_path / "again.zip").number == 0
    assert len(Rounds.of(pool).of_kind(Returned)) == 2

    # Another name of a class is asked for
    others = answer(tmp_path / "others.zip", items(project), corrected, names={"vehicle": "automobile"})
    assert "--classes automobile=vehicle" in error_of("labels", project, others)
    assert run_json("labels", project, others, "--classes", "automobile=vehicle")["labelled"] == 0
    # The one that is left is picked
    assert set(sp.next(project, 1, detector="none", report=False).frame_ids) == set(pool.frames().frame_ids) - set(
        picks
    )


def test_an_open_round_is_picked_anew_and_one_that_went_is_not(begun: Path, recordings: Path, tmp_path: Path) -> None:
    again = sp.pick(recordings, 3, begun, encoder="statistics", report=False, workers=1)
    rounds = Rounds.of(again.pool)
    assert [event.frames for event in rounds.of_kind(Picked)] == [4, 3]
    assert set(rounds.frames_of(1)) == {*again, *rounds.validation}
    assert rounds.numbers == [1]
    drives = {again.pool.frames().records[again.pool.frames().row_of[one]].sequence for one in again}
    assert not drives & rounds.sequences_apart
    run("hand-off", begun, "--out", tmp_path / "list.txt")
    assert (tmp_path / "list.txt").read_text().split() == rounds.frames_of(1)
    assert "scanpick next" in error_of("pick", recordings, "--budget", 3, "--out", begun, "--encoder", "statistics")
    other = sp.select(begun, "diversity", 3)
    assert not {*other.frame_ids} & {*rounds.frames_of(1)}
    assert sp.hand_off(begun, None, tmp_path / "more.txt", selection="diversity-3").round == 2


def test_status_on_the_command_line(begun: Path) -> None:
    assert run_json("status", begun)["picked"] == 8
    assert "hand-off" in run("status", begun).output
    with pytest.raises(ScanpickError, match="two rounds"):
        sp.forecast(begun)
