"""The examples of train, predict, score, adapt, evaluate, probe and study run, and give what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

import scanpick
from scanpick.structures import Detections

NAMES = {
    **{"train": "detectors", "predict": "detectors", "score": "detectors", "adapt": "adapting"},
    **{"evaluate": "evaluation", "probe": "probing", "study": "study"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_example_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for one, module in NAMES.items():
        function = getattr(importlib.import_module(f"scanpick.face.{module}"), one)
        monkeypatch.setattr(scanpick, one, function, raising=False)
    monkeypatch.setattr(scanpick, "Detections", Detections, raising=False)
    function = getattr(scanpick, name)
    (example,) = (test for test in doctest.DocTestFinder(recurse=False).find(function, name))
    printed: list[str] = []
    assert doctest.DocTestRunner().run(example, out=printed.append).failed == 0, "".join(printed)
    assert example.examples
