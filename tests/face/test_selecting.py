"""``select`` takes arrays, a file of vectors, or the folder of a pool."""

from pathlib import Path

import numpy as np
import pytest

import scanpick as sp
from tests.workspace.drives import write_drives


def test_arrays_a_file_and_a_folder_agree(tmp_path: Path) -> None:
    pool = sp.index(write_drives(tmp_path / "drives", frames=10, drives=1), tmp_path / "pool", workers=1)
    table = sp.embed(pool, "statistics", workers=1)
    np.save(tmp_path / "vectors.npy", table.values)
    arrays = sp.select(sp.Pool(table.frame_ids, {"statistics": table.values}), "diversity", 4)
    folder = sp.select(tmp_path / "pool", "diversity", 4, name="mine")
    rows = sp.select(tmp_path / "vectors.npy", "diversity", 4)
    assert folder.frame_ids == arrays.frame_ids == tuple(table.frame_ids[int(row)] for row in rows.frame_ids)
    opened = sp.open_pool(tmp_path / "pool")
    held = "embeddings ['statistics'], selections ['mine']"
    assert repr(opened) == f"Workspace('{tmp_path / 'pool'}': 10 of 10 frames usable, {held})"
    assert repr(folder).startswith("Selection(4 frames by diversity: ")


def test_arguments_that_are_for_a_folder(tmp_path: Path) -> None:
    with pytest.raises(sp.ScanpickError, match="name are for the folder of a pool"):
        sp.select(sp.Pool(("a", "b"), {"toy": np.eye(2, dtype=np.float32)}), "diversity", 1, name="mine")
    with pytest.raises(sp.ScanpickError, match=r"is not a workspace.*Make one with: `scanpick\.index\('DATASET'"):
        sp.select(tmp_path, "diversity", 1)
