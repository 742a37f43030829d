"""``report.html`` is whole, works offline, lets no text in as markup, and its numbers are right."""

from __future__ import annotations

import base64
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.distance import cdist

from scanpick.errors import ScanpickError
from scanpick.reports.report import STEPS, write_report
from scanpick.structures import Selection
from scanpick.workspace import Workspace, pool_of, save_selection

pytestmark = pytest.mark.usefixtures("quick_umap")

REVIEW = "http://127.0.0.1:8640/#"
"""Links to the review page are followed by a click, and to this machine alone."""


class Page(HTMLParser):
    """What a browser would find: tags with attributes, and the text between them."""

    def __init__(self, path):
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.scripts: list[str] = []
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif not self.open or self.open[-1] != "style":
            self.text += data

    def numbers(self):
        """Name -> value of the cards."""
        return {a["data-number"]: float(a["data-value"]) for _, a in self.tags if "data-number" in a}

    def measures(self):
        """Name of a measure -> ours, random's mean, random's deviation."""
        result: dict[str, list[float]] = {}
        name = ""
        for _, attributes in self.tags:
            name = attributes.get("data-measure") or name
            if "data-value" in attributes and name and "data-number" not in attributes:
                result.setdefault(name, []).append(float(attributes["data-value"]))
        return {name: values[:3] for name, values in result.items()}

    def map(self):
        return next((json.loads(script) for script in self.scripts if script.lstrip().startswith("{")), None)

    def ids(self):
        return {attributes["id"] for _, attributes in self.tags if "id" in attributes}


def report_of(job, name="diversity"):
    return Page(write_report(job.workspace, name, job.workspace / "report.html"))


@pytest.fixture
def job(make_job):
    made = make_job({"town": 14, "road": 9}, broken=["road/empty1.bin", "road/empty2.bin"])
    made.values = made.embed()
    return made


def test_every_section_is_there_and_nothing_is_loaded_from_elsewhere(job):
    job.pick(6)
    page = report_of(job)
    assert {"asked", "map", "coverage", "time", "picks", "aside", "settings", "canvas", "map-data"} <= page.ids()
    assert page.numbers() | {"picked": 6, "usable": 23, "set_aside": 2, "labelled": 0} == page.numbers()
    for tag, attributes in page.tags:
        assert tag not in ("iframe", "object", "embed", "base")
        for name in ("src", "href", "srcset", "action", "poster", "data", "xlink:href"):
            known = ("#", "data:", REVIEW) if (tag, name) == ("a", "href") else ("#", "data:")
            assert attributes.get(name, "#").startswith(known), (tag, attributes)
    assert re.search(r"https?:|url\((?!#)|@import|//[a-z]+\.", page.source.replace(REVIEW, "")) is None
    curves = page.source.partition('<figure class="drawn" id="figure-coverage">')[2].partition("</figure>")[0]
    assert all(text in curves for text in ("Cover radius", "Mean distance", "this selection", "number of picks"))
    for text in ("diversity", "toy", "6 frames", "clouds", "Versions", "numpy", "data_sha256", "2 frames"):
        assert text in page.text


def test_numbers_equal_an_independent_computation(job):
    labelled = ["town/002", "road/004"]
    selection = job.pick(6, labelled=labelled)
    page = report_of(job)
    frames = Workspace.open(job.workspace).frames()
    ids = [frame_id for frame_id, usable in zip(frames.frame_ids, frames.usable, strict=True) if usable]
    values = job.values.astype(np.float64)
    known = [ids.index(frame_id) for frame_id in labelled]
    free = np.array([row for row in range(len(ids)) if row not in known])

    def measure(rows):
        nearest = cdist(values, values[[*known, *rows]]).min(axis=1)
        chosen = {ids[row] for row in rows}
        beside = 0
        for row in rows:
            sequence, number = ids[row].split("/")
            near = {f"{sequence}/{int(number) + step:03d}" for step in (-1, 1)}
            beside += bool(near & chosen)
        return nearest.max(), nearest.mean(), beside / len(rows)

    rng = np.random.default_rng(0)
    random = np.array([measure(rng.choice(free, size=6, replace=False)) for _ in range(20)])
    ours = measure([ids.index(frame_id) for frame_id in selection.frame_ids])
    measures = page.measures()
    for column, name in enumerate(("radius", "mean", "redundant")):
        expected = [ours[column], random[:, column].mean(), random[:, column].std(ddof=1)]
        assert measures[name] == pytest.approx(expected, rel=1e-9)
        assert page.numbers()[name] == pytest.approx(ours[column], rel=1e-9)
    assert page.numbers()["labelled"] == 2

    drawn = page.map()
    assert drawn["frame_ids"] == ids
    assert [i for i, flag in zip(drawn["frame_ids"], drawn["labelled"], strict=True) if flag] == labelled[::-1]
    ranked = sorted((rank, i) for rank, i in zip(drawn["rank"], ids, strict=True) if rank)
    assert [i for _, i in ranked] == list(selection.frame_ids)
    nearest = cdist(values, values[[*known, *(ids.index(i) for i in selection.frame_ids)]]).min(axis=1)
    assert drawn["distance"] == pytest.approx(nearest, rel=6e-3, abs=1e-9)


def test_the_same_workspace_gives_the_same_bytes(job, tmp_path):
    job.pick(6)
    first = write_report(job.workspace, "diversity", tmp_path / "a.html")
    again = write_report(job.workspace, "diversity", tmp_path / "folder")  # gets its name, and uses the kept map
    assert again == tmp_path / "folder" / "report.html"
    assert first.read_bytes() == again.read_bytes()


def test_pictures_of_the_picks_are_inside(job):
    selection = job.pick(6)
    page = report_of(job)
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert [picture["alt"] for picture in pictures] == [f"Frame {i} from above" for i in selection.frame_ids]
    image = Image.open(io.BytesIO(base64.b64decode(pictures[0]["src"].partition(",")[2])))
    assert image.size == (int(pictures[0]["width"]), int(pictures[0]["height"]))
    assert len(image.convert("RGB").getcolors()) > 5
    assert "the start: nothing was chosen before" in page.text
    assert f"{selection.nearest_selected[1]} (#1)" in page.text


@pytest.mark.skipif("sys.platform == 'win32'", reason="file names cannot hold these letters")
def test_text_from_the_data_is_never_markup(make_job):
    evil = "<img src=x onerror=alert(1)>&\"'{{ 7*7 }}"
    made = make_job({evil: 5, "b": 3}, broken=[f"{evil}/<b>bad</b>.bin"])
    made.embed()
    made.pick(4)
    page = report_of(made)
    assert not [a for tag, a in page.tags if "onerror" in a or (tag == "img" and not a["src"].startswith("data:"))]
    assert "<b>bad" not in page.source
    assert evil in page.text
    assert f"{evil}/000" in page.map()["frame_ids"]
    assert all("<" not in script for script in page.scripts if script.lstrip().startswith("{"))


def test_frames_set_aside_are_listed_with_their_reason(job):
    job.pick(3)
    page = report_of(job)
    assert page.numbers()["set_aside"] == 2
    assert "road/empty1" in page.text
    assert "road/empty2" in page.text


def test_a_frame_that_cannot_be_read_any_more_is_a_placeholder(job):
    selection = job.pick(4)
    (job.clouds / f"{selection.frame_ids[1]}.bin").write_bytes(b"12345")
    page = report_of(job)
    assert page.text.count("Cannot be read any more") == 1
    assert sum(tag == "img" for tag, _ in page.tags) == 3
    job.clouds.rename(job.clouds.with_name("gone"))
    page = report_of(job)
    assert "The frames cannot be drawn" in page.text
    assert not any(tag == "img" for tag, _ in page.tags)


def test_progress_adds_up(job):
    job.pick(4)
    for name in ("diversity", "diversity"):
        steps: list[int] = []
        write_report(job.workspace, name, job.workspace / "report.html", advance=steps.append)
        assert sum(steps) == STEPS


def test_one_frame(make_job):
    made = make_job({"a": 1})
    made.embed()
    made.pick(1)
    page = report_of(made)
    assert page.numbers()["radius"] == 0
    assert list(page.map()["maps"]) == ["PCA"]
    assert "redundant" not in page.measures()


def test_budget_is_the_whole_pool(job):
    job.pick(23)
    page = report_of(job)
    assert page.numbers()["radius"] == 0
    assert page.measures()["redundant"] == [1, 1, 0]
    assert "n/a" in page.text


def test_constant_embeddings(job):
    job.embed(np.full((23, 4), 2.5))
    job.pick(3)
    page = report_of(job)
    assert page.measures()["radius"] == [0, 0, 0]
    assert list(page.map()["maps"]) == ["PCA"]


def test_random_selection_without_any_embedding(make_job):
    made = make_job({"a": 6})
    made.pick(3, "random", embeddings=())
    page = report_of(made, "random")
    assert page.map() is None
    assert list(page.measures()) == ["redundant"]
    assert "scanpick embed" in page.text
    made.embed()  # now there is one to measure a selection in that was made without
    assert report_of(made, "random").numbers()["radius"] > 0


def test_frames_without_sequences(make_job):
    made = make_job({f"s{number}": 1 for number in range(6)})
    made.embed()
    made.pick(3)
    page = report_of(made)
    assert "every frame is a sequence of its own" in page.text
    assert "redundant" not in page.measures()


def test_nothing_was_picked(job):
    opened = Workspace.open(job.workspace)
    nothing = Selection("diversity", (), np.zeros(0), (), np.zeros(0), np.zeros(0))
    save_selection(opened, "none", nothing, pool_of(opened, ["toy"]))
    page = report_of(job, "none")
    assert page.numbers()["picked"] == 0
    assert "Nothing was picked" in page.text
    assert set(page.map()["distance"]) == {None}


def test_cosine_distances_are_between_unit_vectors(job):
    selection = job.pick(5, metric="cosine")
    page = report_of(job)
    unit = job.values / np.linalg.norm(job.values, axis=1, keepdims=True)
    ids = page.map()["frame_ids"]
    expected = cdist(unit, unit[[ids.index(i) for i in selection.frame_ids]]).min(axis=1).max()
    assert page.numbers()["radius"] == pytest.approx(expected, rel=1e-6)


def test_a_picked_frame_without_a_vector_is_told(job):
    opened = Workspace.open(job.workspace)
    job.pick(3)
    full = opened.embedding("toy")
    keep = [row for row, i in enumerate(full.frame_ids) if i != opened.frames().frame_ids[0]]
    from scanpick.workspace.embedding_files import write_embedding

    ids = [full.frame_ids[row] for row in keep]
    write_embedding(opened.embedding_folder("partial"), ids, [""] * len(ids), [full.values[keep]], 5, {"set_aside": {}})
    pool = pool_of(opened)
    everything = tuple(pool.frame_ids)
    nan = np.full(len(everything), np.nan)
    summary = {"options": {"embedding": "partial"}}
    all_picked = Selection("mine", everything, nan, ("",) * len(nan), nan, np.ones(len(nan)), summary=summary)
    save_selection(opened, "mine", all_picked, pool)
    page = report_of(job, "mine")
    assert "1 of the picked frames have no vector" in page.text
    assert page.map() is None


def test_an_unknown_selection_is_an_error(job):
    job.pick(3)
    with pytest.raises(ScanpickError, match=r"Unknown selection 'diversty'\. Did you mean 'diversity'"):
        write_report(job.workspace, "diversty", job.workspace / "report.html")
