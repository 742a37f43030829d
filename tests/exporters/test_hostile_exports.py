"""Exports of tools that are broken or meant to harm: labels, or an error in a sentence or two."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanpick.errors import ScanpickError
from scanpick.exporters import EXPORTERS, ReturnedLabels
from scanpick.exporters import returned as returned_module
from tests.exporters.hand_offs import Drive, hand_off, tool_export, write
from tests.exporters.test_round_trips import READERS

IDS = ["000000", "000001"]

HOSTILE: list[Any] = [
    *(None, True, "", "x", "1e400", -1, 0, 10**9, 10**30, 1e300, -1e300, float("nan"), float("inf")),
    *([], {}, [[]], [1, 2], {"x": 1}, "rejected", "../../etc/passwd", "\ud800", "a" * 2000),
]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, the inner ones too."""
    if path:
        yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from leaves(part, (*path, key))


def read_or_refuse(tool: str, path: Path, items: dict[str, str]) -> ReturnedLabels | None:
    said = ""
    try:
        return EXPORTERS.make(tool, {}).read(path, items)
    except ScanpickError as error:
        said = str(error)
    assert "\n" not in said
    assert len(said) < 700
    return None


Export = tuple[str, Path, dict[str, str]]
"""A tool, a folder with what it exported, and the items."""


@pytest.fixture(scope="module", params=READERS)
def export(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, dict[str, str]]:
    """A tool, a folder with what it exported, and the items."""
    folder = tmp_path_factory.mktemp(request.param)
    summary = write(request.param, hand_off(Drive(folder, IDS), IDS), folder / "out")
    path = tool_export(request.param, folder / "out", folder / "back")
    plain = folder / "plain"
    if zipfile.is_zipfile(path):
        zipfile.ZipFile(path).extractall(plain)
    elif path.is_file():
        plain.mkdir()
        shutil.copy(path, plain)
    else:
        shutil.copytree(path, plain)
    return request.param, plain, summary.items


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_any_value_in_any_place(export: Export, data: st.DataObject) -> None:
    tool, folder, items = export
    texts = sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".txt"))
    path = data.draw(st.sampled_from(texts))
    whole = path.read_text()
    if path.suffix == ".json":
        value = json.loads(whole)
        *above, last = data.draw(st.sampled_from([*leaves(value)]))
        part = value
        for key in above:
            part = part[key]
        part[last] = data.draw(st.sampled_from(HOSTILE))
        changed = json.dumps(value)
    else:
        words = whole.split(" ")
        place = data.draw(st.integers(0, len(words) - 1))
        words[place] = str(data.draw(st.sampled_from(HOSTILE))).encode(errors="replace").decode()
        changed = " ".join(words)
    try:
        path.write_text(changed)
        read_or_refuse(tool, folder, items)
    finally:
        path.write_text(whole)


@pytest.mark.parametrize("tool", READERS)
@pytest.mark.parametrize("text", ["", "[" * 100_000, "null", "[]", "{}", '{"items": 7}', "\x00", '"\\ud800"'])
def test_other_files(tool: str, text: str, tmp_path: Path) -> None:
    for name in ("annotations/default.json", "ann/a.pcd.json", "result/a.json", "label/a.json", "label_2/a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = read_or_refuse(tool, tmp_path, {"a": "a"})
    assert found is None or not any(len(labels) for labels in found.labels.values())


@pytest.mark.parametrize("name", ["../../evil.json", "/etc/evil.json", "..\\evil.json", "C:\\evil.json"])
@pytest.mark.parametrize("tool", READERS)
def test_a_zip_that_leads_out_is_refused(tool: str, name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "slip.zip", "w") as archive:
        archive.writestr(name, "{}")
    with pytest.raises(ScanpickError, match="would lie outside of it"):
        EXPORTERS.make(tool, {}).read(tmp_path / "slip.zip", {})
    assert [path.name for path in tmp_path.iterdir()] == ["slip.zip"]


def test_a_zip_bomb_is_refused_before_it_takes_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(returned_module, "MOST_BYTES", 1 << 20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("annotations/default.json", b" " * (1 << 22))
    with pytest.raises(ScanpickError, match="unpacks to more than 1048576 bytes"):
        EXPORTERS.make("cvat", {}).read(tmp_path / "bomb.zip", {})


def test_a_broken_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "whole.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("annotations/default.json", json.dumps({"items": list(range(1000))}))
    content = bytearray((tmp_path / "whole.zip").read_bytes())
    content[60:90] = bytes(30)
    (tmp_path / "broken.zip").write_bytes(content)
    assert read_or_refuse("cvat", tmp_path / "broken.zip", {}) is None


def test_nothing_is_read_through_links_that_lead_out(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "export" / "annotations").mkdir(parents=True)
    (tmp_path / "export" / "annotations" / "default.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(ScanpickError, match="found no files"):
        EXPORTERS.make("cvat", {}).read(tmp_path / "export", {})
