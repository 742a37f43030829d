"""What a user can cause is told in one line, with exit status 1 or 2, and never as a traceback."""

import signal
import sys
from pathlib import Path

import pytest

from scanpick.cli import app as module
from tests.cli.running import run


def status_of(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit status of ``scanpick`` with these arguments, as the installed program gives it."""
    monkeypatch.setattr(sys, "argv", ["scanpick", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        module.run()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_place_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A file where a folder is to be made is the system's error, not ours: its message names the file."""
    (tmp_path / "file").write_text("mine")
    assert status_of(monkeypatch, "index", "simulated:demo", "--out", tmp_path / "file" / "pool") == 1
    told = capfd.readouterr().err
    assert "Error:" in told
    assert str(tmp_path / "file") in told.replace("\n", "")
    assert "Traceback" not in told
    assert (tmp_path / "file").read_text() == "mine"


def test_wrong_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of(monkeypatch, "doctor", tmp_path / "nowhere") == 1
    assert "no such folder" in capfd.readouterr().err


def test_interrupted(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    """Ctrl-C says so and how to go on, whether a verb was running or not."""

    def interrupted() -> None:
        signal.raise_signal(signal.SIGINT)

    # A shell starts programs in the background deaf to it, and Python leaves it so.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    for app in (interrupted, lambda: sys.exit(module.INTERRUPTED)):
        monkeypatch.setattr(module, "app", app)
        assert status_of(monkeypatch) == 130
        assert "Interrupted. Run the same command again to go on." in capfd.readouterr().err


@pytest.mark.parametrize("verb", [("pick", "x", "--budget", 1, "--out", "y"), ("simulate", "y"), ("demo",)])
def test_negative_seed(verb: tuple[object, ...]) -> None:
    result = run(*verb, "--seed", -1)
    assert result.exit_code == 2
    assert "greater than or equal to 0" in result.output
