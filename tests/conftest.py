"""Where tests find real data and reference numbers."""

import os
from pathlib import Path

import pytest


def _folder(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        pytest.skip(f"{variable} is not set: it names the folder that this test reads.")
    path = Path(value).resolve()
    assert path.is_dir(), f"{variable} names {path}, which is not a folder."
    return path


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Real LiDAR frames, named by SCANPICK_TEST_DATA."""
    return _folder("SCANPICK_TEST_DATA")


@pytest.fixture(scope="session")
def golden() -> Path:
    """Reference numbers, named by SCANPICK_GOLDEN."""
    return _folder("SCANPICK_GOLDEN")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that must not skip anything (SCANPICK_FORBID_SKIPS) if it skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("SCANPICK_FORBID_SKIPS"):
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped and exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"SCANPICK_FORBID_SKIPS is set, but {len(skipped)} tests were skipped.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
