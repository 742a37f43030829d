"""The benchmark runs from data to document, and its data, peers and quality are right; no time is asserted."""

import json

import numpy as np
import pytest

from benchmarks import selection
from benchmarks.contestants import CONTESTANTS, numpy_k_center, numpy_probcover, scanpick_k_center, scanpick_probcover
from benchmarks.driving_data import FRAMES, typical_radius, write_data
from benchmarks.measuring import measure
from benchmarks.picture import draw
from benchmarks.quality import inertia, quality, shortfall
from benchmarks.report import BEGIN, END, write_report


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "driving.npy"
    write_data(path, "driving", 3 * FRAMES, 32)
    return np.load(path)


def test_quick_run_from_data_to_document(tmp_path):
    arguments = ["--quick", "--only", "k_center", "--threads", "1"]
    selection.main([*arguments, "--json", str(tmp_path / "results.json")])
    results = json.loads((tmp_path / "results.json").read_text())
    ours, *peers = results["tables"][0]["lines"]
    assert ours["contestant"] == "scanpick"
    assert ours["cpu_s"] > 0
    # The plain loop is always there; others say so where they are not installed.
    assert {line["contestant"] for line in peers if "cpu_s" in line} >= {"numpy loop"}
    for line in peers:
        assert line.get("missing") or line["agreement"]["same_places"] == results["tables"][0]["count"]
    document = tmp_path / "benchmarks.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_report(results, document)
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "numpy loop" in text
    assert "old" not in text
    assert [path.name for path in draw(results, tmp_path)] == ["benchmark-k-center.svg"]


def test_unknown_task_is_refused(capsys):
    with pytest.raises(SystemExit):
        selection.main(["--only", "k_centre"])
    assert "known: k_center" in capsys.readouterr().err


def test_contestant_that_is_not_installed_is_reported_not_a_crash(tmp_path, monkeypatch):
    from benchmarks.one_contestant import run_job

    def missing(*_):
        raise ImportError("No module named 'peer'")

    peer = CONTESTANTS["k_center"][0]
    monkeypatch.setattr("benchmarks.one_contestant.contestant", lambda *_: type(peer)("peer", "peer", missing))
    write_data(tmp_path / "data.npy", "gaussian", 50, 4)
    runs = [{"rows": 50, "count": 5, "options": {}}]
    job = {"task": "k_center", "contestant": "peer", "threads": 1, "data": str(tmp_path / "data.npy"), "runs": runs}
    assert run_job(job | {"limit_s": 1}) == {"missing": "No module named 'peer'; pip install peer"}


def test_fewer_rows_are_a_prefix_of_whole_sequences(points, tmp_path):
    write_data(tmp_path / "fewer.npy", "driving", FRAMES, 32)
    np.testing.assert_array_equal(np.load(tmp_path / "fewer.npy"), points[:FRAMES])
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, atol=1e-6)


def test_frames_of_a_sequence_are_nearer_than_others(points):
    steps = np.linalg.norm(np.diff(points[:FRAMES], axis=0), axis=1)
    assert np.median(steps) < 0.2 < np.linalg.norm(points[0] - points[FRAMES])


def test_typical_radius_is_the_median_distance(points):
    sample = np.linspace(0, len(points) - 1, 500).astype(int)
    distances = np.sort(np.linalg.norm(points[sample, None] - points, axis=2), axis=1)
    assert typical_radius(points, 7) == pytest.approx(np.median(distances[:, 7]), abs=1e-3)


def test_plain_peers_pick_what_scanpick_picks(points):
    assert numpy_k_center(points, 40, 1, {})["picks"] == scanpick_k_center(points, 40, 1, {})["picks"].tolist()
    options = {"delta": 0.15}
    plain = numpy_probcover(points, 40, 1, options)
    assert plain == {"picks": scanpick_probcover(points, 40, 1, options)["picks"], "share": 1.0}


def test_reference_that_would_take_too_long_says_what_share_it_did(points, monkeypatch):
    monkeypatch.setattr("benchmarks.contestants.REFERENCE_LIMIT_S", 0.0)
    assert numpy_probcover(points, 5, 1, {"delta": 0.15})["share"] == pytest.approx(2 / 3)


def test_quality_of_picks_equals_the_definitions(points):
    picks = [3, 700, 1400, 20]
    found = quality("herding", points, {"picks": picks}, {"delta": 0.5, "bandwidth": 0.5})
    distances = np.linalg.norm(points[:, None].astype(np.float64) - points[picks], axis=2)
    nearest = distances.min(axis=1)
    assert found["cover_radius"] == pytest.approx(nearest.max())
    assert found["smallest_gap"] == pytest.approx(np.sort(distances[picks], axis=1)[:, 1].min())
    assert found["coverage"] == (nearest < 0.5).mean()
    assert found["mean_cosine"] == pytest.approx((points @ points[picks].T).max(axis=1).mean(), abs=1e-6)
    assert found["mean_kernel"] == pytest.approx(np.exp(-(nearest**2) * 2).mean())


def test_shortfall_is_zero_for_farthest_first_and_the_share_missed_for_others(points):
    picks = scanpick_k_center(points, 30, 1, {})["picks"]
    assert shortfall(points, picks) < 1e-4
    worse = [picks[0], picks[0] + 1]
    distances = np.linalg.norm(points - points[picks[0]], axis=1)
    assert shortfall(points, np.array(worse)) == pytest.approx(1 - distances[worse[1]] / distances.max(), abs=1e-3)


def test_inertia_is_the_sum_of_squares_within(points):
    labels = np.repeat([0, 1, 2], FRAMES)
    expected = sum(((points[labels == k] - points[labels == k].mean(axis=0)) ** 2).sum() for k in range(3))
    assert inertia(points, labels) == pytest.approx(expected, rel=1e-5)


def test_memory_is_counted_beyond_what_was_there_before():
    _, taken = measure(lambda: np.ones(8_000_000).sum())
    assert 50e6 < taken.peak_bytes < 200e6
    assert taken.runs >= 1


def test_other_tasks_of_a_file_are_kept_with_their_own_date(tmp_path):
    path = tmp_path / "results.json"
    assert selection.others(path, ["k_center"]) == {"tables": [], "series": []}
    tables = [{"task": "k_center"}, {"task": "herding"}, {"task": "typicality", "date": "2026-01-02"}]
    before = {"machine": {"date": "2026-01-03"}, "tables": tables, "series": [{"task": "k_center"}]}
    path.write_text(json.dumps(before))
    kept = selection.others(path, ["k_center"])
    assert kept["tables"] == [
        {"task": "herding", "date": "2026-01-03"},
        {"task": "typicality", "date": "2026-01-02"},
    ]
    assert kept["series"] == []
