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
