"""A pool holds the usable frames that have vectors; labelled ids are checked."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection import select
from scanpick.workspace import Workspace, load_selection, pool_of, save_selection
from scanpick.workspace.embed import embed
from scanpick.workspace.index import index
from scanpick.workspace.pool import _positions
from scanpick.workspace.selections import write_lists
from tests.workspace.drives import Toy, write_drives


@pytest.fixture
def pool(tmp_path: Path) -> Workspace:
    drives = write_drives(tmp_path / "drives", frames=20)
    (drives / "drive_0" / "000003.bin").write_bytes(b"")
    workspace = index(str(drives), tmp_path / "pool", workers=1)
    embed(workspace, Toy(refuses=frozenset(["drive_1/000011"])), workers=1)
    return workspace


def test_usable_frames_with_vectors(pool: Workspace) -> None:
    seen = pool_of(pool, ["toy"])
    assert len(seen) == 18
    assert not {"drive_0/000003", "drive_1/000011"} & set(seen.frame_ids)
    assert seen.sequences is not None
    assert seen.sequences.tolist() == [frame_id.split("/")[0] for frame_id in seen.frame_ids]
    np.testing.assert_array_equal(seen.embeddings["toy"], pool.embedding("toy").values)
    assert not seen.labelled.any()
    assert set(seen.metadata["num_points"].tolist()) == {400}
    assert len(pool_of(pool)) == 19, "without an embedding, frames without a vector are in"


def test_labelled_frames(pool: Workspace, tmp_path: Path) -> None:
    """A labelled frame that was set aside is known, and simply not there."""
    path = tmp_path / "labelled.txt"
    path.write_text("drive_0/000000\ndrive_0/000003\n")
    seen = pool_of(pool, ["toy"], path)
    assert [frame_id for frame_id, yes in zip(seen.frame_ids, seen.labelled, strict=True) if yes] == ["drive_0/000000"]
    path.write_text("drive_0/000000\nother\n")
    with pytest.raises(ScanpickError, match=r"1 of 2 labelled frames are not in the data set: other\. Expected ids"):
        pool_of(pool, ["toy"], path)


def test_missing_embeddings_are_told(pool: Workspace) -> None:
    with pytest.raises(ScanpickError, match=r"Unknown embedding 'toi'. Did you mean 'toy'"):
        pool_of(pool, ["toi"])
    for path in pool.embedding_folder("toy").iterdir():
        path.unlink()
    with pytest.raises(ScanpickError, match=r"has no embeddings yet. Make some with: `scanpick.embed"):
        pool_of(pool, ["toy"])


def test_selections_are_kept(pool: Workspace, tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match="no selection yet"):
        load_selection(pool)
    path = tmp_path / "labelled.txt"
    path.write_text("drive_0/000000\n")
    seen = pool_of(pool, ["toy"], path)
    selection = save_selection(pool, "first", select(seen, "diversity", 5), seen)
    name, back = load_selection(pool)
    assert (name, back.frame_ids) == ("first", selection.frame_ids)
    assert back.summary["embeddings"] == ["toy"]
    assert back.summary["labelled_ids"] == ["drive_0/000000"]
    assert back.summary["data_sha256"] == pool.frames().data_sha256
    assert (
        (pool.path / "selections" / "first.csv").read_text().splitlines()[0].startswith("rank,frame_id,sequence,gain")
    )
    save_selection(pool, "second", selection, seen)
    with pytest.raises(ScanpickError, match=r"has 2 selections: first, second. Name one"):
        load_selection(pool)
    with pytest.raises(ScanpickError, match="Did you mean 'first'"):
        load_selection(pool, "frist")
    write_lists(pool, selection, tmp_path / "out")
    assert (tmp_path / "out" / "frames.txt").read_text().split() == list(selection.frame_ids)
    assert (tmp_path / "out" / "selection.csv").read_text().splitlines()[1].endswith(".bin")


def test_positions_of_the_vehicle() -> None:
    """A data set that says where the vehicle was lets a selection keep a gap on the way."""
    metadata = {"position_x_m": np.array([1.0, 2.0]), "position_y_m": np.array([3.0, np.nan]), "speed": np.ones(2)}
    np.testing.assert_array_equal(_positions(metadata), [[1, 3], [2, np.nan]])
    assert _positions({"position_x_m": np.ones(2)}) is None
