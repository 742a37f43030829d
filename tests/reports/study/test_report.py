"""``report.html`` of a study: whole, offline, safe, true to its numbers, and there whatever the study lacks."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image

from scanpick.errors import ScanpickError
from scanpick.formats.predictions import write_predictions
from scanpick.reports.contact_sheet import SMALLEST_SCORE
from scanpick.reports.study import viewer as viewer_module
from scanpick.reports.study.report import STEPS, write_study_report
from scanpick.structures import Boxes3D, Detections, Labels
from scanpick.workspace import Workspace
from tests.reports.study.conftest import METRIC, OTHER, FakeStudy, read_rows, write_rows
from tests.reports.test_report import Page

pytestmark = pytest.mark.usefixtures("quick_umap")


def page_of(folder, **options):
    return Page(write_study_report(folder, **options))


def table(page, key):
    """Cells of a table of the page, header first."""
    found = re.search(rf'<table data-table="{key}">(.*?)</table>', page.source, re.DOTALL)
    if found is None:
        return None
    rows = re.findall(r"<tr>(.*?)</tr>", found.group(1), re.DOTALL)
    return [[re.sub("<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]


@pytest.fixture
def study_with_frames(make_job, tmp_path):
    """A finished study of two folds of real clouds, with its frames, an embedding, picks and predictions."""
    job = make_job({"a": 6, "b": 6, "c": 6})
    job.embed()
    workspace = Workspace.open(job.workspace)
    ids, rng = list(workspace.frames().frame_ids), np.random.default_rng(0)
    folder, picks, trainings = tmp_path / "study", [], []
    for seed in range(3):
        for fold in ("1", "2"):
            pool = [one for one in ids if not one.startswith("a" if fold == "1" else "b")]
            evaluated = [one for one in ids if one not in pool]
            where = f"trainings/{seed}{fold}"
            write_predictions(folder / where / "predictions.parquet", [Detections.empty(one) for one in evaluated])
            boxes = Boxes3D(np.array([[8.0, 2, 0, 4, 2, 1.5, 0.3]] * 2), np.array(["Car"] * 2))
            scores = np.array([0.9, SMALLEST_SCORE - 0.1])
            found = [Detections(one, boxes, scores) for one in pool]
            write_predictions(folder / "pool" / "predictions" / f"{seed}{fold}.parquet", found)
            place = {"seed": seed, "fold": fold, "round": 0, "strategy": "start", "variant": ""}
            trainings.append({**place, "done": True, "folder": where})
            order = rng.permutation(pool).tolist()
            for number, strategy in enumerate(["start", "random", "diversity", "uncertainty"]):
                for rank, frame_id in enumerate(order[2 * number : 2 * number + 2], start=1):
                    place |= {"round": min(number, 1), "strategy": strategy}
                    of_pick = {"sequence": frame_id[0], "gain": 0.5, "boxes": rank, "cost": 1, "score": ""}
                    picks.append({**place, "rank": rank, "frame_id": frame_id, **of_pick, "nearest_selected": order[0]})
    settings = {
        "data": [{"source": str(job.clouds)}],
        "split": {"by": "drives", "folds": 2},
        "detector": {"name": "not installed here"},
        "start": {"frames": 2},
        "rounds": ["2"],
    }
    fake = FakeStudy(seeds=3, rounds=1, settings=settings)
    plan = {"done": 30, "planned": 30, "pool": "pool", "embeddings": ["toy"], "trainings": trainings}
    fake.write(folder, picks=picks, plan=plan)
    for name in ("scanpick.toml", "frames.parquet", "embeddings"):
        (job.workspace / name).rename(folder / "pool" / name)
    return folder


@pytest.mark.usefixtures("no_figures")
def test_numbers_of_the_page_are_those_of_the_scores(fake_study):
    folder = fake_study()
    page = page_of(folder)
    rows = read_rows(folder / "scores.csv")

    def values(strategy, number):
        return [float(r[METRIC]) for r in rows if (r["strategy"], r["round"]) == (strategy, str(number))]

    numbers = page.numbers()
    assert numbers["start"] == pytest.approx(np.mean(values("start", 0)))
    assert numbers["random"] == pytest.approx(np.mean(values("random", 3)))
    assert numbers["best"] == pytest.approx(np.mean(values("diversity", 3)))
    assert numbers["full"] == pytest.approx(np.mean(values("all", 0)))
    ap = {row[0]: row for row in table(page, "ap")}
    assert list(ap) == ["Strategy", "start", "random", "diversity", "uncertainty", "whole pool"]
    assert ap["diversity"][2] == f"{np.mean(values('diversity', 3)):.1f}"
    assert ap["diversity"][3] == f"{np.std(values('diversity', 3), ddof=1):.1f}"
    assert "Better than random: diversity (+" in page.text
    assert "Worse than random: uncertainty (-" in page.text
    differences = {row[0]: row for row in table(page, "differences")}
    assert differences["diversity"][7] == "better"


def test_page_is_one_offline_file(study_with_frames):
    page = page_of(study_with_frames)
    assert study_with_frames / "report.html" == write_study_report(study_with_frames)
    loading = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert all(value.startswith(("#", "data:")) for value in loading)
    assert not re.search(
        r"(https?:)?//(?!www\.w3\.org)[a-z]", re.sub(r"data:[^\"']*", "", page.source.split("<script")[0])
    )
    assert "default-src 'none'" in page.source
    assert len(page.source) < 15_000_000
    for target in re.findall(r'href="#([^"]+)"', page.source.split("<main")[0]):
        assert target in page.ids(), target
    ids = re.findall(r'\bid="([^"]+)"', page.source)
    assert len(ids) == len(set(ids))


def test_same_folder_same_bytes(study_with_frames):
    first = write_study_report(study_with_frames).read_bytes()
    assert write_study_report(study_with_frames).read_bytes() == first


def test_figures_and_tables_lie_beside_it(study_with_frames, tmp_path):
    done = []
    path = write_study_report(study_with_frames, tmp_path / "out", advance=done.append)
    assert path == tmp_path / "out" / "report.html"
    assert sum(done) == STEPS
    names = {file.relative_to(path.parent).as_posix() for file in path.parent.rglob("*") if file.is_file()}
    assert names == {
        "report.html",
        *(f"figures/{name}.{ending}" for name in ("strategies", "curves", "pool") for ending in ("png", "svg")),
        *(f"tables/{name}.csv" for name in ("summary", "curves", "differences", "redundancy")),
    }
    for name in names:
        if name.endswith(".svg"):
            ElementTree.parse(path.parent / name)
        if name.endswith(".png"):
            assert np.ptp(np.asarray(Image.open(path.parent / name).convert("L"))) > 100
    summary = {row["strategy"]: row for row in read_rows(path.parent / "tables" / "summary.csv")}
    differences = [
        row for row in read_rows(path.parent / "tables" / "differences.csv") if row["strategy"] == "diversity"
    ]
    assert float(summary["diversity"]["difference"]) == pytest.approx(
        np.mean([float(row["ap"]) - float(row["ap_random"]) for row in differences])
    )


def test_pool_is_measured(study_with_frames):
    page = page_of(study_with_frames)
    assert [row[0] for row in table(page, "redundancy")] == ["Strategy", "random", "diversity", "uncertainty"]
    header, first, *_ = table(page, "redundancy")
    assert first[header.index("Objects in a picked frame, mean")] == "1.50 (1.50 to 1.50)"
    assert "figure-pool" in page.ids()
    assert "fold 1" in page.text


@pytest.mark.usefixtures("no_figures")
def test_viewer_shows_true_and_predicted_boxes(study_with_frames, monkeypatch):
    """Boxes above the least score only; and what the study noted as reason."""
    truth = Labels(Boxes3D(np.array([[10.0, -3, 0, 4, 2, 1.5, 0]]), np.array(["Car"])))
    opened = viewer_module.open_dataset_of

    class WithLabels:
        def __init__(self, dataset):
            self.records, self.read = dataset.records, dataset.read

        def labels(self, frame_id):
            return truth

    monkeypatch.setattr(viewer_module, "open_dataset_of", lambda folder: WithLabels(opened(folder)))
    data = page_of(study_with_frames).map()
    assert [arm["name"] for arm in data["arms"]] == ["random", "diversity", "uncertainty"]
    assert all(len(arm["picks"]) == 2 for arm in data["arms"])
    for card in (card for arm in data["arms"] for card in arm["picks"]):
        assert data["frames"][card["frame"]]["image"].startswith("data:image/png;base64,")
        assert len(data["frames"][card["frame"]]["true"]) == 1
        assert len(card["predicted"]) == 1
        assert card["reason"].startswith("gain 0.500; nearest labelled frame ")
        assert card["reason"].endswith("; 1 predicted box")
    assert [card["rank"] for card in data["arms"][0]["picks"]] == [1, 2]


@pytest.mark.usefixtures("no_figures")
def test_pictures_stop_at_the_size_of_the_page(study_with_frames, monkeypatch):
    monkeypatch.setattr(viewer_module, "MOST_BYTES", 60_000)
    data = page_of(study_with_frames).map()
    assert 0 < sum(len(frame["image"]) for frame in data["frames"].values()) <= 60_000
    assert all(card["frame"] in data["frames"] for arm in data["arms"] for card in arm["picks"])


@pytest.mark.usefixtures("no_figures")
def test_frames_that_went_away_are_named(study_with_frames):
    for cloud in (study_with_frames.parent / "clouds").rglob("*.bin"):
        cloud.unlink()
    page = page_of(study_with_frames)
    assert "cannot be" in page.text
    assert page.map() is None


@pytest.mark.usefixtures("no_figures")
def test_copied_results_are_enough(fake_study):
    """What docs/results holds: no frames, no embedding, no plan - and each is said."""
    page = page_of(fake_study())
    assert "There is no picks.csv" in page.text
    assert "The frames of the pool are not known" in page.text
    assert "Nothing was picked, so there is nothing to look at." in page.text
    assert table(page, "ap")


def test_names_are_never_markup(fake_study):
    evil = "<script>alert(1)</script>"
    page = page_of(fake_study(gains={"random": 3.0, evil: 5.0}, settings={"name": evil}))
    assert evil not in page.source
    assert "&lt;script&gt;alert(1)" in page.source


@pytest.mark.usefixtures("no_figures")
def test_too_few_seeds_are_said_first(fake_study):
    page = page_of(fake_study(seeds=5))
    assert "5 seeds cannot show a difference at the level of 0.05, however large it is" in page.text
    assert "The intervals of diversity, uncertainty do not hold 0: more seeds may show it." in page.text
    assert "No evidence of a difference to random for any strategy." in page.text
    one = page_of(fake_study("one", seeds=1))
    assert "no interval with 1 seed" in one.text
    assert "There are no intervals with fewer than 3 seeds." in one.text


@pytest.mark.parametrize("kept", [("start",), ("start", "all"), ("random",), ("start", "diversity")])
def test_any_part_of_a_study_has_a_page(fake_study, kept):
    folder = fake_study()
    write_rows(folder / "scores.csv", [r for r in read_rows(folder / "scores.csv") if r["strategy"] in kept])
    page = page_of(folder)
    assert "The study is not finished" in page.text
    assert not re.search(r"\b(nan|inf|None)\b", page.text)


def test_nothing_but_a_header(fake_study):
    folder = fake_study()
    (folder / "scores.csv").write_text((folder / "scores.csv").read_text().splitlines()[0] + "\n")
    assert "No strategy has a score yet." in page_of(folder).text


def test_grid_has_its_figure_and_its_warning(fake_study):
    variants = {"probcover": {"delta=0.1": 3.0, "delta=0.3": 5.5}, "mixed": {"a=1,b=2": 3.0, "a=1,b=x": 4.0}}
    page = page_of(fake_study(variants=variants))
    assert "delta=0.3 is the best of 2 variants" in page.text
    assert "which flatters it" in page.text
    assert (page.source.count('id="figure-grid-'), "Grids" in page.text) == (2, True)


@pytest.mark.usefixtures("no_figures")
def test_other_metric(fake_study):
    folder = fake_study(noise=0.0)
    assert page_of(folder, metric=OTHER).numbers()["start"] == pytest.approx(page_of(folder).numbers()["start"] + 15)
    with pytest.raises(ScanpickError, match="Unknown metric"):
        page_of(folder, metric="x")


@pytest.mark.usefixtures("no_figures")
def test_settings_are_shown(fake_study):
    page = page_of(
        fake_study(settings={"made_with": {"set_aside": {"x": "empty", "y": "empty"}, "versions": {"a": "1"}}})
    )
    assert "made_with.set_aside" in page.text
    assert "2 frames" in page.text
    json.dumps(page.text)
