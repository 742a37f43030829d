"""What killed runs left in a workspace goes with the next run that may write; nothing else does."""

from pathlib import Path

import numpy as np

from scanpick.workspace.embedding_files import write_embedding
from scanpick.workspace.readings import ReadingStore
from scanpick.workspace.workspace import Workspace


def test_half_an_embedding_and_temporary_files_are_removed(tmp_path: Path) -> None:
    for name in ("whole", "half", "somebodys"):
        folder = tmp_path / "embeddings" / name
        write_embedding(folder, ["a"], ["b"], [np.ones((1, 3), dtype=np.float32)], 3, {})
        if name != "whole":
            (folder / "meta.json").unlink()
    (tmp_path / "embeddings" / "somebodys" / "notes.txt").write_text("mine")
    (tmp_path / "selections").mkdir()
    (tmp_path / "selections" / ".picks-abcd1234.tmp.csv").write_text("half")
    with Workspace(tmp_path).write_lock():
        found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    whole = [f"embeddings/whole/{name}" for name in ("embeddings.npy", "frame_ids.parquet", "meta.json")]
    assert found == [".lock", "embeddings/somebodys/notes.txt", *whole]


def test_stores_of_other_settings_are_removed(tmp_path: Path) -> None:
    for name in ("mine", "other"):
        (tmp_path / ".readings" / name).mkdir(parents=True)
    mine = ReadingStore(tmp_path / ".readings" / "mine")
    mine.clear_others([mine])
    assert [path.name for path in (tmp_path / ".readings").iterdir()] == ["mine"]
