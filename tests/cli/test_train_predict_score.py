"""From labelled frames to a detector, its predictions and scores, on the command line; and what goes wrong."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from scanpick.cli.app import app
from scanpick.errors import ScanpickError
from scanpick.formats.predictions import read_predictions

pytestmark = pytest.mark.slow

SMALL = [
    *("--detector-option", "channels=[8, 8, 8]", "--detector-option", "blocks=[1, 1, 1]"),
    *("--detector-option", "point_channels=8", "--detector-option", "head_channels=8"),
]


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "frames.txt").write_text("drive_02/000000\ndrive_02/000005\n")
    told = run(
        *("train", "simulated:demo", "--frames", folder / "frames.txt", "--out", folder / "detector"),
        *("--iterations", "3", "--json", *SMALL),
    )
    assert json.loads(told)["frames"] == 2
    return folder


def test_the_folder_says_how_it_was_made(trained: Path) -> None:
    described = json.loads((trained / "detector" / "detector.json").read_text())
    assert described["detector"] == "pillar-nano"
    assert described["frames"] == ["drive_02/000000", "drive_02/000005"]
    assert described["training"]["iterations"] == 3
    assert len((trained / "detector" / "log.csv").read_text().splitlines()) == 4


def test_the_same_command_gives_the_same_weights(trained: Path) -> None:
    before = (trained / "detector" / "weights.pt").read_bytes()
    command = ["train", "simulated:demo", "--frames", trained / "frames.txt", "--iterations", "3", *SMALL]
    run(*command, "--out", trained / "again")
    assert (trained / "again" / "weights.pt").read_bytes() == before
    run(*command, "--out", trained / "detector")  # finished already: nothing is trained
    assert (trained / "detector" / "weights.pt").read_bytes() == before


def test_training_starts_from_weights_and_goes_on_only_from_the_same(trained: Path, tmp_path: Path) -> None:
    command = ["train", "simulated:demo", "--frames", trained / "frames.txt", "--iterations", "1", *SMALL]
    run(*command, "--weights", trained / "detector", "--out", tmp_path / "on")
    described = json.loads((tmp_path / "on" / "detector.json").read_text())
    assert len(described["started_from_sha256"]) == 64
    run(*command, "--out", tmp_path / "scratch")
    weights = [(tmp_path / name / "weights.pt").read_bytes() for name in ("on", "scratch")]
    assert weights[0] != weights[1]
    result = CliRunner().invoke(app, [str(part) for part in (*command, "--out", tmp_path / "on")])
    assert isinstance(result.exception, ScanpickError)
    assert "other settings" in str(result.exception)


def test_predictions_and_scores(trained: Path) -> None:
    table, scores = trained / "found.parquet", trained / "scores.parquet"
    run(
        "predict",
        "simulated:demo",
        "--frames",
        trained / "frames.txt",
        "--weights",
        trained / "detector",
        "--out",
        table,
    )
    assert list(read_predictions(table)) == ["drive_02/000000", "drive_02/000005"]
    told = json.loads(run("score", table, "--score", "entropy", "--aggregate", "max", "--out", scores, "--json"))
    assert told["frames"] == 2
    columns = pq.read_table(scores).to_pydict()
    assert columns["frame_id"] == ["drive_02/000000", "drive_02/000005"]
    assert max(columns["entropy"]) == pytest.approx(told["largest"])
    assert set(columns) == {"frame_id", "entropy", "expected_boxes"}
    run("score", table, table, "--score", "disagreement", "--out", scores)
    assert pq.read_table(scores).column("disagreement").to_pylist() == [0, 0]


def test_kitti_result_files_evaluate_as_the_table_does(trained: Path, tmp_path: Path) -> None:
    run("simulate", tmp_path / "kitti", "--frames", "4", "--seed", "1")
    labels = tmp_path / "kitti" / "training" / "label_2"
    (tmp_path / "frames.txt").write_text("".join(f"{path.stem}\n" for path in sorted(labels.glob("*.txt"))))
    run(
        *("predict", tmp_path / "kitti", "--weights", trained / "detector", "--out", tmp_path / "found.parquet"),
        *("--kitti", tmp_path / "results"),
    )
    assert len(list((tmp_path / "results").glob("*.txt"))) == 4
    found = []
    for source in ("found.parquet", "results"):
        told = run("evaluate", "--labels", labels, "--predictions", tmp_path / source, "--json")
        found.append(json.loads(told)["Car"]["bev"]["moderate"]["R40"])
    assert found[0] == pytest.approx(found[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--detector", "pilar"], "Did you mean 'pillar'"),
        (["--detector-option", "chanels=3"], "Did you mean 'channels'"),
        (["--iterations", "1", "--epochs", "2"], "only one of"),
        (["--classes", " , "], "got an empty one"),
    ],
)
def test_wrong_options(trained: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    command = ["train", "simulated:demo", "--frames", str(trained / "frames.txt"), "--out", str(tmp_path), *arguments]
    with pytest.raises(ScanpickError, match=message):
        run(*command)


def test_unknown_frames_and_folders(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "frames.txt").write_text("nowhere\n")
    with pytest.raises(ScanpickError, match="not in the data set: nowhere"):
        run("train", "simulated:demo", "--frames", tmp_path / "frames.txt", "--out", tmp_path / "out")
    with pytest.raises(ScanpickError, match=r"made by `scanpick\.train"):
        run("predict", "simulated:demo", "--weights", tmp_path, "--out", tmp_path / "found.parquet")


def test_damaged_weights(trained: Path, tmp_path: Path) -> None:
    for name in ("weights.pt", "detector.json"):
        (tmp_path / name).write_bytes((trained / "detector" / name).read_bytes())
    (tmp_path / "weights.pt").write_bytes((tmp_path / "weights.pt").read_bytes()[:-100])
    with pytest.raises(ScanpickError, match="truncated"):
        run("predict", "simulated:demo", "--weights", tmp_path, "--out", tmp_path / "found.parquet")


def test_training_is_tried_on_other_frames(trained: Path, tmp_path: Path) -> None:
    """Predictions, averages, curves and pictures land in the folder; trained frames are refused."""
    run("simulate", tmp_path / "kitti", "--frames", "6", "--seed", "2")
    ids = sorted(path.stem for path in (tmp_path / "kitti" / "training" / "label_2").glob("*.txt"))
    (tmp_path / "train.txt").write_text("\n".join(ids[:2]))
    (tmp_path / "val.txt").write_text("\n".join(ids[2:]))
    command = ["train", tmp_path / "kitti", "--frames", tmp_path / "train.txt", "--iterations", "1", *SMALL]
    told = json.loads(run(*command, "--evaluate-frames", tmp_path / "val.txt", "--out", tmp_path / "out", "--json"))
    assert told["evaluated_frames"] == len(ids) - 2
    averages = json.loads((tmp_path / "out" / "ap.json").read_text())
    assert averages["Car"]["3d"]["moderate"]["R40"] == pytest.approx(told["3d_moderate_R40"]["Car"])
    assert list(read_predictions(tmp_path / "out" / "predictions.parquet")) == ids[2:]
    assert (tmp_path / "out" / "pr.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ScanpickError, match="2 frames are both trained on and evaluated"):
        run(*command, "--evaluate-frames", tmp_path / "train.txt", "--out", tmp_path / "other")
    with pytest.raises(ScanpickError, match="Tram"):  # before anything is trained
        run(
            *(*command, "--classes", "Tramm", "--evaluate-frames", tmp_path / "val.txt"),
            *("--out", tmp_path / "other"),
        )
    assert not (tmp_path / "other").exists()


def test_pictures_of_the_best_and_worst_frames(trained: Path, tmp_path: Path) -> None:
    """Perfect detections of half of the frames: those are the best, the others the worst."""
    run("simulate", tmp_path / "kitti", "--frames", "4", "--seed", "3")
    labels = tmp_path / "kitti" / "training" / "label_2"
    results = tmp_path / "results"
    results.mkdir()
    for number, path in enumerate(sorted(labels.glob("*.txt"))):
        lines = [line for line in path.read_text().splitlines() if line.startswith("Car")]
        (results / path.name).write_text("".join(f"{line} 0.9\n" for line in lines) if number % 2 else "")
    run(
        *("evaluate", "--labels", labels, "--predictions", results, "--classes", "Car", "--bootstrap", "0"),
        *("--pictures", tmp_path / "pictures"),
    )
    drawn = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert drawn
    for name in drawn:
        kind, _, frame = name.removesuffix(".png").split("_")
        assert kind == ("best" if int(frame) % 2 else "worst")


def test_passes_and_variations_add_columns(trained: Path, tmp_path: Path) -> None:
    table = tmp_path / "found.parquet"
    run(
        *("predict", "simulated:demo", "--frames", trained / "frames.txt", "--weights", trained / "detector"),
        *("--passes", "2", "--variations", "2", "--out", table),
    )
    for frame in read_predictions(table).values():
        assert {"dropout_disagreement", "input_disagreement", "box_spread"} <= set(frame.extras)
    for score in ("dropout_disagreement", "input_disagreement", "box_spread"):
        told = json.loads(run("score", table, "--score", score, "--out", tmp_path / "scores.parquet", "--json"))
        assert 0 <= told["smallest"] <= told["largest"] <= 1


def test_training_options_are_checked_and_recorded(trained: Path, tmp_path: Path) -> None:
    command = ["train", "simulated:demo", "--frames", trained / "frames.txt", "--iterations", "1", *SMALL]
    run(
        *(*command, "--training-option", "schedule=step", "--training-option", "clip=5"),
        *("--precision", "bfloat16", "--view", "all", "--out", tmp_path / "out"),
    )
    described = json.loads((tmp_path / "out" / "detector.json").read_text())
    assert (described["training"]["schedule"], described["training"]["clip"]) == ("step", 5.0)
    assert described["settings"]["precision"] == "bfloat16"
    assert described["view"] == "all"
    with pytest.raises(ScanpickError, match="Did you mean 'schedule'"):
        run(*command, "--training-option", "shedule=step", "--out", tmp_path / "other")


def labelled_folder(folder: Path, label: str, calibration: bool = True) -> list[str | Path]:
    """A KITTI folder of two frames with this line of labels, and the arguments that train on it."""
    export = CliRunner().invoke(app, ["simulate", str(folder), "--frames", "2", "--seed", "1"])
    assert export.exit_code == 0, export.output
    ids = sorted(path.stem for path in (folder / "training" / "label_2").iterdir())
    for frame_id in ids:
        (folder / "training" / "label_2" / f"{frame_id}.txt").write_text(label)
        if not calibration:
            (folder / "training" / "calib" / f"{frame_id}.txt").unlink()
    (folder / "frames.txt").write_text("\n".join(ids))
    return ["train", folder, "--frames", folder / "frames.txt", "--out", folder / "out", "--iterations", "1", *SMALL]


CAR = "Car 0 0 0 500 150 600 220 1.5 1.6 3.9 2 1.7 15 0.1\n"


def test_classes_in_labels_may_be_in_another_case(tmp_path: Path) -> None:
    assert json.loads(run(*labelled_folder(tmp_path / "kitti", CAR.lower()), "--json"))["objects"] == 2


@pytest.mark.parametrize(
    ("label", "calibration", "message"),
    [
        (
            CAR.replace("Car", "bus"),
            True,
            r"No object of the classes Car in the 2 labelled frames; there are: bus \(2\)",
        ),
        ("", True, "there are: no objects at all"),
        (CAR, False, "None of the 2 labelled frames can be trained on. .*calibration"),
        (CAR.replace("3.9", "-3.9"), True, "None of the 2 labelled frames can be trained on. .*negative|-3.9"),
    ],
)
def test_training_on_nothing_is_refused_with_the_reason(
    tmp_path: Path, label: str, calibration: bool, message: str
) -> None:
    arguments = [str(argument) for argument in labelled_folder(tmp_path / "kitti", label, calibration)]
    with pytest.raises(ScanpickError, match=message):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert not (tmp_path / "kitti" / "out").exists()
