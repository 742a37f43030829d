"""``scanpick select`` on files: no data set is needed, and what is asked for is what comes out."""

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from scanpick.cli.app import app
from scanpick.cli.selecting import parse_gaps, parse_objective, parse_strata, settings_of
from scanpick.datasets import open_dataset
from scanpick.errors import ScanpickError
from scanpick.formats.predictions import write_predictions
from scanpick.selection import Pool, select
from scanpick.structures import Boxes3D, Detections, EmbeddingTable
from scanpick.workspace.embed import import_embedding
from scanpick.workspace.index import index
from scanpick.workspace.pool import pool_of
from scanpick.workspace.selections import load_selection
from tests.datasets.samples import write_kitti_object
from tests.workspace.drives import files_of, write_drives

COUNT = 60


@pytest.fixture
def files(tmp_path):
    """Embeddings with ids that are not sorted, and a table about them."""
    rng = np.random.default_rng(0)
    np.save(tmp_path / "e.npy", rng.normal(size=(COUNT, 5)).astype(np.float32))
    ids = [f"f{number:03d}" for number in rng.permutation(COUNT)]
    (tmp_path / "ids.txt").write_text("\n".join(ids))
    lines = [
        f"{name},{rng.random():.4f},{['rain', 'dry'][n % 2]},{n // 10},{n % 10},{n % 4}" for n, name in enumerate(ids)
    ]
    (tmp_path / "t.csv").write_text("frame_id,entropy,weather,sequence,time_s,expected_boxes\n" + "\n".join(lines))
    (tmp_path / "labelled.txt").write_text("\n".join(ids[:5]))
    return tmp_path


def run(*arguments):
    result = CliRunner().invoke(app, ["select", *(str(argument) for argument in arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_rows_without_ids(files):
    run("--embeddings", files / "e.npy", "--budget", "12", "--out", files / "picks.csv")
    rows = read(files / "picks.csv")
    X = np.load(files / "e.npy")
    expected = select(Pool(tuple(f"{n:02d}" for n in range(COUNT)), {"e": X}), "diversity", 12)
    assert [row["index"] for row in rows] == [str(int(name)) for name in expected.frame_ids]
    assert [float(row["gain"]) for row in rows] == expected.gains.tolist()
    assert [row["rank"] for row in rows] == [str(rank) for rank in range(1, 13)]
    assert "frame_id" not in rows[0]


def test_ids_tables_labelled_and_constraints(files):
    result = run(
        "--embeddings", files / "e.npy", "--ids", files / "ids.txt", "--table", files / "t.csv",
        "--labelled", files / "labelled.txt", "-s", "uncertainty", "-b", "10", "--include", "weather == 'rain'",
        "--min-gap", "2s", "--max-per-sequence", 2, "--out", files / "p.parquet", "--json",
    )  # fmt: skip
    facts = json.loads(result.stdout)
    table = {row["frame_id"]: row for row in read(files / "t.csv")}
    picked = [table[name] for name in facts["picks"]]
    assert len(picked) == 10
    assert all(row["weather"] == "rain" for row in picked)
    assert not set(facts["picks"]) & set((files / "labelled.txt").read_text().split())
    assert max(sum(row["sequence"] == one["sequence"] for row in picked) for one in picked) <= 2
    assert facts["summary"]["constraints"] == {"include": "weather == 'rain'", "max_per_sequence": 2, "min_gap_s": 2.0}
    assert facts["summary"]["frames"]["labelled"] == 5


def test_labelled_rows_are_known_by_number(files):
    (files / "rows.txt").write_text("3\n17\n")
    result = run(
        "--embeddings", files / "e.npy", "--labelled", files / "rows.txt", "-b", "100%", "--at-most",
        "--out", files / "p.csv", "--json",
    )  # fmt: skip
    assert {int(name) for name in json.loads(result.stdout)["picks"]} == set(range(COUNT)) - {3, 17}
    (files / "rows.txt").write_text("60\n")
    with pytest.raises(ScanpickError, match="number of a row from 0 to 59, got '60'"):
        run("--embeddings", files / "e.npy", "--labelled", files / "rows.txt", "-b", 1, "--out", files / "p.csv")


def test_explain_gives_reasons(files):
    result = run("--embeddings", files / "e.npy", "-b", 5, "--out", files / "p.csv", "--explain", "--first", 2)
    assert "1. " in result.stdout
    assert "nothing was chosen before" in result.stdout
    assert "distance to the nearest chosen frame" in result.stdout
    assert "\n3. " not in result.stdout


def test_costs_and_strata(files):
    result = run(
        "--embeddings", files / "e.npy", "--ids", files / "ids.txt", "--table", files / "t.csv",
        "--strata", "weather:rain=20 objects,dry=10 objects", "-s", "random", "--out", files / "p.csv", "--json",
    )  # fmt: skip
    summary = json.loads(result.stdout)["summary"]
    assert summary["strata"]["weather = rain"]["spent"] <= 20
    assert summary["strata"]["weather = dry"]["spent"] <= 10
    assert summary["unit"] == "objects"


def test_settings_from_a_file_and_flags_that_win(files):
    (files / "s.yaml").write_text(
        "strategy: uncertainty\nbudget: 4\nseed: 3\noptions: {score: entropy}\nconstraints: {max_per_sequence: 1}\n"
    )
    common = ("--embeddings", files / "e.npy", "--ids", files / "ids.txt", "--table", files / "t.csv", "--json")
    summary = json.loads(run(*common, "--config", files / "s.yaml", "--out", files / "p.csv").stdout)["summary"]
    assert (summary["strategy"], summary["seed"], summary["limit"]) == ("uncertainty", 3, 4)
    assert summary["constraints"] == {"max_per_sequence": 1}
    flags = ("-b", 2, "--min-gap", "3s", "--seed", 0)
    summary = json.loads(run(*common, "--config", files / "s.yaml", *flags, "--out", files / "q.csv").stdout)["summary"]
    assert (summary["seed"], summary["limit"]) == (0, 2)
    assert summary["constraints"] == {"max_per_sequence": 1, "min_gap_s": 3.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("strategie: random", "Unknown option of .*s.yaml, 'strategie'. Did you mean 'strategy'"),
        ("- random", "expected settings as 'name: value' lines, got list"),
        ("strategy: [", "expected YAML"),
        ("constraints: {clip: 3}", "Option 'constraints.clip' of .*s.yaml: unknown"),
        ("strategy: random\nobjectives: [{type: diversity}]", "objectives are for the strategy 'combined'"),
        ("!!python/object/apply:os.system ['true']", "expected YAML"),
    ],
)
def test_settings_that_cannot_be_used(files, text, message):
    (files / "s.yaml").write_text(text)
    with pytest.raises(ScanpickError, match=message):
        run("--embeddings", files / "e.npy", "--config", files / "s.yaml", "-b", 1, "--out", files / "p.csv")


def test_hostile_embeddings(files):
    def fails(message, content=None):
        if content is not None:
            (files / "bad.npy").write_bytes(content)
        with pytest.raises(ScanpickError, match=message):
            run("--embeddings", files / "bad.npy", "-b", 1, "--out", files / "p.csv")

    fails("cannot be read: No such file")
    fails("expected a .npy file", b"")
    fails("expected a .npy file", (files / "e.npy").read_bytes()[:200])
    np.save(files / "bad.npy", np.array([{"a": 1}]), allow_pickle=True)
    fails("rows are Python objects")
    np.save(files / "bad.npy", np.zeros(5))
    fails(r"expected an \(N, D\) array of numbers, got float64 of shape \(5,\)")
    np.save(files / "bad.npy", np.array([[1.0, np.nan], [0, 0]]))
    fails("NaN or infinity in frames 0")
    np.save(files / "bad.npy", np.array([[1e300], [0]]))
    fails("NaN or infinity in frames 0")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "either a WORKSPACE or --embeddings"),
        (("--embeddings", "e.npy", "-b", "1"), "Say where to write the picks"),
        (("--embeddings", "e.npy", "-b", "1", "--out", "p.txt"), r"\.csv or \.parquet"),
        (("--embeddings", "e.npy", "-b", "1", "--out", "p.csv", "-s", "k_centre"), "Did you mean 'k_center'"),
        (("--embeddings", "e.npy", "-b", "1", "--out", "p.csv", "--strategy-option", "a"), "expected NAME=VALUE"),
        (("--embeddings", "e.npy", "-b", "1", "--out", "p.csv", "--ids", "labelled.txt"), "60 rows, but .* 5 ids"),
        (("--embeddings", "e.npy", "-b", "61", "--out", "p.csv"), "larger than what can be picked"),
        (("--embeddings", "e.npy", "--out", "p.csv"), "Say how much to select"),
    ],
)
def test_what_cannot_be_done_is_said(files, monkeypatch, arguments, message):
    monkeypatch.chdir(files)
    with pytest.raises(ScanpickError, match=message):
        run(*arguments)


def test_small_languages_of_flags():
    assert parse_gaps(["2s", "1.5m"]) == {"min_gap_s": 2, "min_gap_m": 1.5}
    assert parse_objective("diversity") == {"type": "diversity"}
    assert parse_objective("balance^0.5:by=weather,target={rain: 2, dry: 1},others=avoid") == {
        "type": "balance", "strength": 0.5, "by": "weather", "target": {"rain": 2, "dry": 1}, "others": "avoid",
    }  # fmt: skip
    assert parse_strata("weather:rain=20,*=5%") == {"by": "weather", "budgets": {"rain": "20", "*": "5%"}}
    assert parse_strata(None) is None
    for parse, text in (
        (parse_gaps, ["2h"]),
        (parse_gaps, ["2s", "3s"]),
        (parse_objective, "^2"),
        (parse_strata, "w=1"),
    ):
        with pytest.raises(ScanpickError, match="expected"):
            parse(text)


def test_flags_add_to_the_constraints_of_a_file():
    file = {"constraints": {"min_gap_s": 1, "max_per_sequence": 2}, "options": {"a": 1}, "budget": 3}
    found = settings_of(file, {"budget": "7", "options": {"b": 2}, "seed": None}, {"min_gap_s": 5, "include": None})
    assert found == {
        "constraints": {"min_gap_s": 5, "max_per_sequence": 2}, "options": {"a": 1, "b": 2}, "budget": "7",
    }  # fmt: skip


@pytest.fixture
def workspace(tmp_path):
    """Two drives of 20 frames each with two embeddings."""
    write_drives(tmp_path / "drives", frames=40, drives=2)
    opened = index(str(tmp_path / "drives"), tmp_path / "pool")
    ids = opened.frames().frame_ids
    rng = np.random.default_rng(0)
    for name in ("first", "second"):
        import_embedding(opened, EmbeddingTable(name, tuple(ids), rng.normal(size=(len(ids), 4)).astype(np.float32)))
    return opened


def test_a_workspace_keeps_its_selections(workspace):
    run(
        workspace.path,
        "--embedding",
        "second",
        "-b",
        "25%",
        "--max-per-sequence",
        6,
        "--name",
        "mine",
        "--out",
        workspace.path / "p.csv",
    )
    found = load_selection(workspace, "mine")[1]
    assert len(found) == 10
    assert found.summary["embeddings"] == ["second"]
    rows = read(workspace.path / "p.csv")
    assert [row["frame_id"] for row in rows] == list(found.frame_ids)
    assert max(sum(row["sequence"] == s for row in rows) for s in {row["sequence"] for row in rows}) <= 6
    step = workspace.manifest().steps["select mine"]
    assert step["budget"] == "25%"
    expected = select(pool_of(workspace, ["second"]), "diversity", "25%", constraints={"max_per_sequence": 6})
    assert found.frame_ids == expected.frame_ids


def test_which_embedding_must_be_said_where_there_are_several(workspace):
    with pytest.raises(ScanpickError, match="has 2 embeddings: first, second"):
        run(workspace.path, "-b", 3)
    assert "picked" in run(workspace.path, "-b", 3, "-s", "random").stdout
    objectives = ("--objective", "diversity:embedding=second", "--objective", "diversity^2:embedding=first")
    run(workspace.path, "-b", 3, *objectives)
    found = load_selection(workspace, "combined-1")[1]
    assert set(found.contributions) == {"diversity", "diversity_2"}
    assert found.summary["embeddings"] == ["second", "first"]


def test_labelled_frames_of_a_workspace(workspace):
    labelled = workspace.frames().frame_ids[:4]
    (workspace.path / "l.txt").write_text("\n".join(labelled))
    run(workspace.path, "--embedding", "first", "-b", 36, "--labelled", workspace.path / "l.txt")
    assert set(load_selection(workspace, "diversity-1")[1].frame_ids) == set(workspace.frames().frame_ids[4:])


def test_combined_objectives_on_the_command_line(files):
    ids = (files / "ids.txt").read_text().split()
    np.savez(
        files / "crops.npz", values=np.random.default_rng(1).normal(size=(90, 3)), frame_id=np.array(ids + ids[:30])
    )
    result = run(
        "--embeddings", files / "e.npy", "--ids", files / "ids.txt", "--table", files / "t.csv", "-b", 6,
        "--objective", "diversity", "--objective", "weight^2:column=entropy", "--objective", "objects:pool_by=mean",
        "--objects", files / "crops.npz", "--objective", "balance:by=weather,target={rain: 1, dry: 3}",
        "--out", files / "p.csv", "--explain",
    )  # fmt: skip
    row = read(files / "p.csv")[2]
    parts = [float(row[f"contribution_{name}"]) for name in ("diversity", "weight", "objects", "balance")]
    assert float(row["gain"]) == pytest.approx(np.prod(parts))
    assert "= diversity" in result.stdout


def test_a_grid_of_radii_is_printed_as_a_curve(files):
    options = ("--strategy-option", "grid=[0.5, 1.0]", "--strategy-option", "clusters=3")
    result = run("--embeddings", files / "e.npy", "-b", 4, "-s", "probcover", *options, "--out", files / "p.csv")
    assert "0.5: " in result.stdout
    assert "covers" in result.stdout


def test_vectors_from_a_csv_file(files):
    """As lightly writes them; what is no dimension is said, and ids are those of the file."""
    rows = np.random.default_rng(0).normal(size=(20, 2))
    lines = [f"{number:03d}.jpg,{x},{y},{number}" for number, (x, y) in enumerate(rows)]
    (files / "lightly.csv").write_text("filenames,embedding_0,embedding_1,labels\n" + "\n".join(lines))
    facts = json.loads(run("--embeddings", files / "lightly.csv", "-b", 4, "--out", files / "p.csv", "--json").stdout)
    assert (facts["vectors"], facts["left out"]) == ("embedding_0 to embedding_1 (2 columns)", "labels")
    expected = select(Pool(tuple(f"{n:03d}.jpg" for n in range(20)), {"e": rows.astype(np.float32)}), "diversity", 4)
    assert facts["picks"] == list(expected.frame_ids)


def test_a_file_of_other_picks_is_not_replaced_unasked(files):
    arguments = ("--embeddings", files / "e.npy", "-s", "random", "--out", files / "p.csv")
    run(*arguments, "-b", 3)
    before = (files / "p.csv").read_bytes()
    run(*arguments, "-b", 3)
    with pytest.raises(ScanpickError, match="is there already, and holds something else than these picks"):
        run(*arguments, "-b", 4)
    assert (files / "p.csv").read_bytes() == before
    run(*arguments, "-b", 4, "--replace")
    assert len(read(files / "p.csv")) == 4


def test_a_workspace_that_is_read_only_stays_as_it_is(workspace, tmp_path):
    before = files_of(workspace.path)
    workspace.path.chmod(0o555)
    try:
        facts = json.loads(run(workspace.path, "-b", 3, "-s", "random", "--out", tmp_path / "p.csv", "--json").stdout)
        with pytest.raises(ScanpickError, match="may not be written into"):
            run(workspace.path, "-b", 3, "-s", "random")
    finally:
        workspace.path.chmod(0o755)
    assert [row["frame_id"] for row in read(tmp_path / "p.csv")] == facts["picks"]
    assert files_of(workspace.path) == before


def test_budgets_of_boxes_are_calibrated_on_labelled_frames(tmp_path):
    """Predictions that find five boxes where one was drawn; what is said, and what the budget then buys."""
    ids = [f"{number:06d}" for number in range(12)]
    root = write_kitti_object(tmp_path / "kitti", ids)
    drawn = len(open_dataset(str(root)).labels(ids[0]).boxes)
    names = np.array(["Car"] * 5 * drawn)
    boxes = Boxes3D(np.tile([10.0, 0, 0, 4, 2, 1.5, 0], (len(names), 1)), names)
    found = [Detections(frame_id, boxes, np.full(len(names), 1.0)) for frame_id in ids]
    write_predictions(tmp_path / "found.parquet", found)
    (tmp_path / "labelled.txt").write_text("\n".join(ids[:4]))
    pool = index(str(root), tmp_path / "pool", workers=1).path
    common = (pool, "-s", "random", "--predictions", tmp_path / "found.parquet", "-b", f"{4 * drawn} objects", "--json")
    facts = json.loads(run(*common).stdout)
    assert facts["expected_boxes"].startswith("sums of scores; not calibrated: no labelled frame has both labels and")
    assert len(facts["picks"]) == 0
    facts = json.loads(run(*common, "--labelled", tmp_path / "labelled.txt").stdout)
    assert "calibrated on 4 labelled frames (ratio): off by 0 boxes" in facts["expected_boxes"]
    assert len(facts["picks"]) == 4


def test_blanks_in_lists_and_options_are_none():
    assert parse_objective("weight: column=entropy , scale = rank") == {
        "type": "weight", "column": "entropy", "scale": "rank",
    }  # fmt: skip
    assert parse_objective("weight:column=a == 'b', scale=rank")["column"] == "a == 'b'"
