"""scanpick.toml comes back as it was written; another file is an error that says what to do."""

from pathlib import Path

import pytest

from scanpick.errors import ScanpickError
from scanpick.workspace.manifest import (
    DatasetSource,
    FrameSummary,
    Manifest,
    current_versions,
    read_manifest,
    write_manifest,
)

MANIFEST = Manifest(
    DatasetSource('/data/käse "x"', {"columns": 5, "split": "train"}, "folder", "12 frames"),
    FrameSummary(12, 11, "ab", "cd"),
    {"pick": {"budget": "5%", "seed": 0, "options": {"start": "first"}}},
    current_versions(),
)


def test_round_trip(tmp_path: Path) -> None:
    write_manifest(tmp_path / "scanpick.toml", MANIFEST)
    assert read_manifest(tmp_path / "scanpick.toml") == MANIFEST


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("format = 99", "expected a workspace of format 1, got 99"),
        ("[dataset]", "expected a workspace of format 1, got None"),
        ("format = 1", "expected the entries of a workspace: 'dataset'"),
        ("format = 1\n[dataset]\nunknown = 1\n[frames]", "expected the entries of a workspace"),
        ("not toml", "expected TOML"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "scanpick.toml"
    path.write_text(text)
    with pytest.raises(ScanpickError, match=message):
        read_manifest(path)
