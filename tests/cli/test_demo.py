"""``scanpick demo``: a pick, then a study, each in a folder of its own."""

from pathlib import Path
from typing import Any

import pytest

from scanpick.studies.config import StudyConfig
from scanpick.studies.presets import read_preset
from tests.cli.running import run


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """What the two verbs are called with; both have tests of their own."""
    calls: dict[str, dict[str, Any]] = {}
    for verb in ("pick", "study"):
        monkeypatch.setattr(f"scanpick.cli.{verb}.command", lambda verb=verb, **options: calls.update({verb: options}))
    return calls


def test_a_study_follows_the_pick(called: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    result = run("demo", "--out", tmp_path / "out", "--seed", 3, "--workers", 1)
    assert result.exit_code == 0
    assert called["pick"]["out"] == tmp_path / "out"
    assert called["study"] == {"preset": "demo", "out": tmp_path / "out" / "study", "seeds": "3-3", "jobs": 1}
    assert str(tmp_path / "out" / "study" / "report.html") in result.stdout


def test_the_study_can_be_left_out(called: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    result = run("demo", "--out", tmp_path / "out", "--no-study")
    assert result.exit_code == 0
    assert set(called) == {"pick"}
    assert "Now a small study" not in result.stdout


def test_it_is_small() -> None:
    config = StudyConfig.of(read_preset("demo", {}))
    assert len(config.strategies) == 2
    assert len(config.seeds) == 1
    assert config.detector.name == "pillar-pico"
    assert config.detector.iterations == 300
