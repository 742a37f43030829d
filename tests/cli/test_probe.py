"""``scanpick probe``: from a labelled data set to tables, files and a picture."""

import csv
import json

import pytest

from tests.cli.running import error_of, run, run_json

DATA = ("probe", "simulated:demo", "--option", "frames=24", "--workers", 1, "--replicates", 20)


def test_two_encoders_are_compared(tmp_path):
    """Once with all files, once as a table; the second run gives the same numbers."""
    told = run_json(
        *DATA, "--encoder", "statistics,fine=statistics", "--encoder-option", "fine.cell_m=0.5", "--changed-frames", 4,
        "--out", tmp_path / "probes",
    )  # fmt: skip
    assert told["frames"] == 24
    assert list(told["embeddings"]) == ["statistics", "fine"]
    assert told["embeddings"]["fine"]["settings"]["cell_m"] == 0.5
    names = {"scores.csv", "differences.csv", "predictions.csv", "frames.csv", "probe.json", "probes.png", "probes.svg"}
    assert {path.name for path in (tmp_path / "probes").iterdir() if path.suffix != ".sha256"} == names
    with (tmp_path / "probes" / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(told["scores"])
    assert float(rows[0]["value"]) == told["scores"][0]["value"]
    assert json.loads((tmp_path / "probes" / "probe.json").read_text())["plan"]["settings"]["seed"] == 0
    assert {row["probe"] for row in told["differences"]} >= {"detection", "retrieval", "redundancy", "robustness"}

    shown = run(*DATA, "--encoder", "statistics", "--changed-frames", 0)
    assert shown.exit_code == 0, shown.output
    assert "detection-related mean" in shown.stdout
    assert "no changed frames were encoded" in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Nothing to probe"),
        (("--encoder", "statistic"), "Unknown encoder 'statistic'. Did you mean 'statistics'"),
        (("--encoder", "statistics,statistics"), "'statistics' was given twice. Call one of them NAME=statistics"),
        (("--encoder", "a=statistics,,statistics"), "got an empty one in 'a=statistics,,statistics'"),
        (("--encoder", "a=statistics", "--encoder-option", "b.cell_m=1"), "Unknown encoder in --encoder-option 'b'"),
        (("--encoder", "a=statistics,statistics", "--encoder-option", "cell_m=1"), "Say whose it is: a.cell_m=1"),
        (("--encoder", "statistics", "--encoder-option", "cell=1"), "Unknown option of encoder 'statistics', 'cell'"),
        (("--encoder", "statistics", "--baseline", "recon"), "Unknown baseline 'recon'"),
        (("--encoder", "statistics", "--classes", "Car,,Van"), "got an empty one in 'Car,,Van'"),
        (("--embedding", "nowhere/embeddings/mine"), "meta.json: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_told_before_frames_are_read(arguments, message):
    assert message in error_of("probe", "simulated:demo", *arguments)


def test_an_embedding_of_a_workspace_is_probed(tmp_path):
    data = ("simulated:demo", "--option", "frames=24", "--workers", 1)
    assert run("index", *data, "--out", tmp_path / "pool").exit_code == 0
    assert run("embed", tmp_path / "pool", "--encoder", "statistics", "--workers", 1).exit_code == 0
    stored = tmp_path / "pool" / "embeddings" / "statistics"
    told = run_json(*DATA, "--encoder", "made=statistics", "--embedding", stored, "--changed-frames", 0)
    values = {(s["embedding"], s["probe"], s["target"]): s["value"] for s in told["scores"]}
    assert {name for name, *_ in values} == {"made", "statistics"}
    for (name, *key), value in values.items():
        assert value == values["made" if name == "statistics" else "statistics", *key]
