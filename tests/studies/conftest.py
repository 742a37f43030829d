"""A small data set, and a detector that is installed for the time of a test."""

from pathlib import Path

import pytest

from tests.studies.toys import DETECTORS, write_toy_kitti


@pytest.fixture(scope="session")
def toy_kitti(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A KITTI folder of 56 small frames from 8 drives, three of which cannot be used."""
    return write_toy_kitti(tmp_path_factory.mktemp("toy") / "kitti")


@pytest.fixture
def toy_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the detector 'toy' known, here and in processes that are started from here."""
    monkeypatch.syspath_prepend(str(DETECTORS))
