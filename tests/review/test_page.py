"""The page in a real browser: looked at, clicked and typed at. One browser and one server for all."""

import io
import os
import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

import scanpick as sp
from scanpick.face.viewing import View
from scanpick.workspace import Workspace
from scanpick.workspace.reviews import read_review
from tests.review.conftest import HOSTILE

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

CHROMIUM = os.environ.get("SCANPICK_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--no-first-run"]

PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def server(project: Workspace) -> Iterator[View]:
    with sp.view(project, port=0) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    if CHROMIUM is None:
        pytest.skip("There is no Chromium; SCANPICK_CHROMIUM names one.")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def tab(browser: Any, server: View) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1100, "height": 700}, color_scheme="dark")
    context.set_default_timeout(PATIENCE_MS)
    tab = context.new_page()
    tab.troubles = []
    tab.on("pageerror", lambda error: tab.troubles.append(str(error)))
    tab.on("dialog", lambda dialog: tab.troubles.append(dialog.message))
    ours = ("http://127.0.0.1:", "blob:", "about:")
    tab.on("request", lambda asked: asked.url.startswith(ours) or tab.troubles.append(asked.url))
    visit(tab, server.url)
    yield tab
    context.close()


@pytest.fixture(autouse=True)
def no_troubles(tab: Any) -> Iterator[None]:
    """No test leaves an error, a dialog or a request to elsewhere behind."""
    yield
    assert tab.troubles == []


def visit(tab: Any, url: str) -> None:
    tab.goto("about:blank")
    tab.goto(url)
    tab.wait_for_selector("body[data-ready]")


def open_first(tab: Any, text: str, name: str) -> None:
    """Look for a text, wait until the list shows what was found, and open its first frame."""
    tab.fill("#find", text)
    first = tab.locator("#list li .id").first
    expect(first).to_have_text(name)
    first.click()
    expect(tab.locator("#frame-id")).to_have_text(name)


def different_pixels(tab: Any, canvas: str) -> int:
    """How many pixels of a canvas differ from its corner, which is the stage."""
    picture = np.asarray(Image.open(io.BytesIO(tab.locator(canvas).screenshot())).convert("RGB"), np.int16)
    return int((np.abs(picture - picture[-1, -1]).max(axis=2) > 40).sum())


def test_map_cloud_and_boxes_are_drawn(tab: Any, project: Workspace) -> None:
    assert "token" not in tab.url
    assert different_pixels(tab, "#map") > 200
    with_boxes = different_pixels(tab, "#cloud")
    assert with_boxes > 2000
    # Boxes: one of two reaches the score; the other one from a lower one on
    expect(tab.locator("#box-sets label")).to_have_text("boxes 2")
    tab.keyboard.press("b")
    expect(tab.locator("#box-sets input")).not_to_be_checked()
    tab.wait_for_timeout(100)
    assert different_pixels(tab, "#cloud") < with_boxes
    for key, pressed in (("2", "Top"), ("3", "Driver"), ("1", "Orbit")):
        tab.keyboard.press(key)
        expect(tab.locator("#views [aria-pressed=true]")).to_have_text(pressed)
        tab.wait_for_timeout(100)
        assert different_pixels(tab, "#cloud") > 500


def test_names_are_text(tab: Any) -> None:
    open_first(tab, "<img", f"{HOSTILE}/000")
    assert tab.locator("main img").count() == 0
    assert tab.title().endswith("scanpick")


def test_lasso_then_a_frame_then_the_address_brings_it_back(tab: Any) -> None:
    tab.locator("#lasso").click()
    box = tab.locator("#map").bounding_box()
    tab.mouse.move(box["x"] + box["width"] * 0.02, box["y"] + box["height"] * 0.3)
    tab.mouse.down()
    for x, y in [(0.5, 0.12), (0.98, 0.3), (0.98, 0.9), (0.02, 0.9)]:
        tab.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=5)
    tab.mouse.up()
    lasso = tab.locator("#list-tabs [aria-selected=true]")
    expect(lasso).to_contain_text("Lasso")
    assert int(lasso.inner_text().split()[1]) > 2
    tab.locator("#list li").nth(1).click()
    wanted = tab.locator("#list li").nth(1).locator(".id").inner_text()
    expect(tab.locator("#frame-id")).to_have_text(wanted)
    tab.wait_for_function("(wanted) => new URLSearchParams(location.hash.slice(1)).get('frame') === wanted", arg=wanted)
    visit(tab, tab.url)
    expect(tab.locator("#frame-id")).to_have_text(wanted)


def test_reject_with_a_reason_and_a_tag_is_there_after_reloading(tab: Any, project: Workspace) -> None:
    tab.select_option("#selection", "other")
    tab.locator("#list-tabs button", has_text="Picks").click()
    tab.locator("#list li").first.click()
    picked = tab.locator("#list li .id").first.inner_text()
    expect(tab.locator("#frame-id")).to_have_text(picked)
    tab.keyboard.press("x")
    expect(tab.locator("#message")).to_have_text("Saved.")
    tab.fill("#reason", "standing <b>still</b>")
    tab.locator("#reason").press("Enter")
    tab.locator("#tags input").fill("parked")
    tab.locator("#tags input").press("Enter")
    expect(tab.locator("#tags button")).to_contain_text("parked")
    expect(tab.locator("#command")).to_contain_text("scanpick decide")
    own = read_review(project, "other")[picked]
    assert (own.decision, own.reason, own.tags) == ("reject", "standing <b>still</b>", ("parked",))
    visit(tab, tab.url)
    expect(tab.locator("[data-decision=reject]")).to_have_attribute("aria-pressed", "true")
    expect(tab.locator("#reason")).to_have_value("standing <b>still</b>")
    expect(tab.locator("#list li.reject")).to_have_count(1)


def test_two_selections_and_a_new_one(tab: Any, project: Workspace) -> None:
    left, right = (set(_picks(project, name)) for name in ("diversity-1", "other"))
    tab.select_option("#selection", "diversity-1")
    tab.select_option("#against", "other")
    both = len(left & right)
    expect(tab.locator("#overlap")).to_have_text(f"{both} in both · {6 - both} only left · {6 - both} only right")
    tab.keyboard.press("n")
    form = tab.locator("#select-form")
    form.locator("[name=strategy]").select_option("k_center")
    form.locator("[name=budget]").fill("3")
    form.locator("[value=preview]").click()
    expect(tab.locator("#message")).to_have_text("3 frames would be picked.")
    assert "mine" not in project.selection_names()
    tab.locator("#reselect").click()
    form.locator("[name=name]").fill("mine")
    form.locator("[value=save]").click()
    expect(tab.locator("#selection")).to_have_value("mine")
    expect(tab.locator("#command")).to_contain_text("--strategy k_center --budget 3")
    assert len(_picks(project, "mine")) == 3


def _picks(project: Workspace, name: str) -> list[str]:
    return project.selection_path(name).with_suffix(".txt").read_text().splitlines()


def test_play_goes_on_in_time(tab: Any) -> None:
    open_first(tab, "calm/000", "calm/000")
    tab.locator("#frame-id").click()
    tab.keyboard.press(" ")
    expect(tab.locator("#frame-id")).to_have_text("calm/011")
    tab.keyboard.press("ArrowLeft")
    expect(tab.locator("#frame-id")).to_have_text("calm/010")
    tab.keyboard.press("?")
    expect(tab.locator("#keys")).to_be_visible()


def test_a_wrong_token_shows_nothing(browser: Any, server: View) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(server.url[:-4] + "xxxx")
    expect(tab.locator("#locked")).to_contain_text("needs the link")
    context.close()
