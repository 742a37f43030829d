"""`embed`: what is there and still true is kept, everything else is done, and the bytes are always the same."""

import json
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.errors import ScanpickError
from scanpick.structures import EmbeddingTable
from scanpick.workspace import Workspace, pool_of
from scanpick.workspace.embed import embed, import_embedding
from scanpick.workspace.index import index
from tests.workspace.drives import Toy, cloud, encoded, files_of, write_drives


@pytest.fixture
def drives(tmp_path: Path) -> Path:
    return write_drives(tmp_path / "drives", frames=70)


@pytest.fixture
def pool(tmp_path: Path, drives: Path) -> Workspace:
    return index(str(drives), tmp_path / "pool", workers=1)


def test_vectors_in_the_order_of_the_frames(pool: Workspace, drives: Path) -> None:
    table = embed(pool, Toy(), workers=1)
    dataset = open_dataset(str(drives))
    assert table.frame_ids == tuple(record.frame_id for record in dataset.records)
    expected = [dataset.read(frame_id).points[:, :3].mean(axis=0) for frame_id in table.frame_ids]
    np.testing.assert_array_equal(table.values, np.array(expected, dtype=np.float32))
    assert table.values.dtype == np.float32
    meta = json.loads((pool.embedding_folder("toy") / "meta.json").read_text())
    assert (meta["encoder"], meta["settings"], meta["frames"], meta["dimension"]) == ("toy", {"factor": 1.0}, 70, 3)


def test_done_is_done(pool: Workspace, tmp_path: Path) -> None:
    embed(pool, Toy(), workers=1)
    before = files_of(pool.path)
    embed(pool, Toy(log=tmp_path / "log"), workers=1)
    assert encoded(tmp_path / "log") == []
    assert files_of(pool.path) == before


@pytest.mark.parametrize("name", ["embeddings.npy", "frame_ids.parquet", "meta.json"])
@pytest.mark.parametrize("damage", ["cut off", "changed", "missing"])
def test_damaged_output_is_noticed_and_made_again(pool: Workspace, name: str, damage: str) -> None:
    embed(pool, Toy(), workers=1)
    before = files_of(pool.path)
    path = pool.embedding_folder("toy") / name
    content = path.read_bytes()
    if damage == "cut off":
        path.write_bytes(content[:-20])
    elif damage == "changed":
        path.write_bytes(content[:-20] + bytes(20))
    else:
        path.unlink()
    with pytest.raises(ScanpickError, match="embed"):
        pool.embedding("toy")
    embed(pool, Toy(), workers=1)
    assert files_of(pool.path) == before


def test_other_settings_replace_or_stand_beside(pool: Workspace, tmp_path: Path) -> None:
    first = embed(pool, Toy(), workers=1).values.copy()
    beside = embed(pool, Toy(factor=2.0), name="twice", workers=1)
    np.testing.assert_array_equal(beside.values, first * 2)
    replaced = embed(pool, Toy(factor=3.0), workers=1)
    np.testing.assert_allclose(replaced.values, first * 3, rtol=1e-6)
    assert pool.embedding_names() == ["toy", "twice"]


def test_changed_data_encodes_what_changed(pool: Workspace, drives: Path, tmp_path: Path) -> None:
    """A changed, a new and a removed frame: two are encoded, and the result is that of a fresh run."""
    embed(pool, Toy(), workers=1)
    (drives / "drive_0" / "000003.bin").write_bytes(cloud(999).tobytes())
    (drives / "drive_1" / "000070.bin").write_bytes(cloud(1000).tobytes())
    (drives / "drive_0" / "000000.bin").unlink()
    (drives / "drive_0" / "000001.bin").touch()  # read again, but its points are the same
    index(str(drives), pool.path, workers=1)
    with pytest.raises(ScanpickError, match="before the frames changed"):
        pool_of(pool, ["toy"])
    embed(pool, Toy(log=tmp_path / "log"), workers=1)
    assert encoded(tmp_path / "log") == ["drive_0/000003", "drive_1/000070"]
    fresh = index(str(drives), tmp_path / "fresh", workers=1)
    embed(fresh, Toy(), workers=1)
    assert files_of(pool.path) == files_of(fresh.path)


def test_frames_changed_behind_the_index(pool: Workspace, drives: Path) -> None:
    (drives / "drive_0" / "000003.bin").write_bytes(cloud(999).tobytes())
    with pytest.raises(ScanpickError, match=r"1 frames changed .*drive_0/000003\. Run again: `scanpick.index"):
        embed(pool, Toy(), workers=1)
    assert pool.embedding_names() == []
    index(str(drives), pool.path, workers=1)
    assert len(embed(pool, Toy(), workers=1)) == 70


@pytest.mark.parametrize("batch", [1, 8])
def test_refused_frames_are_left_out(pool: Workspace, batch: int) -> None:
    """A frame that cannot be encoded costs only itself, in a batch too."""
    ids = pool.frames().frame_ids
    refusing = Toy(refuses=frozenset(ids[3:4]), gives_nan=frozenset(ids[40:41]), batch=batch)
    table = embed(pool, refusing, workers=1)
    assert set(ids) - set(table.frame_ids) == {ids[3], ids[40]}
    assert list(table.meta["set_aside"]) == [ids[3], ids[40]]
    assert "refuses" in table.meta["set_aside"][ids[3]]
    assert "NaN" in table.meta["set_aside"][ids[40]]


def test_all_refused_is_an_error(pool: Workspace) -> None:
    with pytest.raises(ScanpickError, match=r"could encode none of the 70 frames. The first: unreadable: The toy"):
        embed(pool, Toy(refuses=frozenset(pool.frames().frame_ids)), workers=1)


def test_same_bytes_for_any_number_of_workers(tmp_path: Path, drives: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanpick.workspace.worker_pool.POOL_PAYS_AFTER_S", 0.0)
    for workers in (1, 2):
        embed(index(str(drives), tmp_path / f"by_{workers}", workers=1), Toy(), workers=workers)
    assert files_of(tmp_path / "by_1") == files_of(tmp_path / "by_2")


def test_encoders_that_want_the_whole_machine_run_here(pool: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks use all cores themselves; they are given batches in this process."""
    monkeypatch.setattr("scanpick.workspace.worker_pool.POOL_PAYS_AFTER_S", 0.0)
    monkeypatch.setattr("scanpick.workspace.worker_pool.ProcessPoolExecutor", None)
    batches: list[int] = []
    encode = Toy.encode
    monkeypatch.setattr(Toy, "encode", lambda self, frames: batches.append(len(frames)) or encode(self, frames))
    embed(pool, Toy(parallel=False, batch=8), workers=2)
    assert batches == [8] * 8 + [6], "blocks of 32, 32 and 6 frames"


def test_dead_worker_is_told(pool: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanpick.workspace.worker_pool.POOL_PAYS_AFTER_S", 0.0)
    with pytest.raises(ScanpickError, match=r"A worker process died; .* fewer workers"):
        embed(pool, Toy(dies_at=pool.frames().frame_ids[60]), workers=2)
    assert len(embed(pool, Toy(), workers=1)) == 70


def test_index_with_the_encoder_leaves_nothing_to_encode(tmp_path: Path, drives: Path, pool: Workspace) -> None:
    """`pick` reads each frame once for both, and ends with the same bytes as index, then embed."""
    embed(pool, Toy(), workers=1)
    both = index(str(drives), tmp_path / "both", encoder=Toy(), workers=1)
    embed(both, Toy(log=tmp_path / "log"), workers=1)
    assert encoded(tmp_path / "log") == []
    assert files_of(both.path) == files_of(pool.path)


def test_import(pool: Workspace) -> None:
    ids = pool.frames().frame_ids
    values = np.arange(140, dtype=np.float32).reshape(70, 2)
    mine = EmbeddingTable("mine", ids[::-1], values[::-1], {"encoder": "import", "settings": {}})
    table = import_embedding(pool, mine)
    assert table.frame_ids == ids
    np.testing.assert_array_equal(table.values, values)
    assert pool.embedding_names() == ["mine"]


def test_import_checks_ids(pool: Workspace) -> None:
    ids = pool.frames().frame_ids
    values = np.zeros((70, 2), dtype=np.float32)
    with pytest.raises(ScanpickError, match=r"1 of its 70 ids are not in the data set: other\."):
        import_embedding(pool, EmbeddingTable("mine", (*ids[1:], "other"), values))
    with pytest.raises(ScanpickError, match=rf"no row for 1 of 70 frames: {ids[0]}"):
        import_embedding(pool, EmbeddingTable("mine", ids[1:], values[1:]))
    more = EmbeddingTable("mine", (*ids, "other"), np.zeros((71, 2), dtype=np.float32))
    assert len(import_embedding(pool, more, allow_extra=True)) == 70


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a\\b", "a:b"])
def test_names_are_plain(pool: Workspace, name: str) -> None:
    with pytest.raises(ScanpickError, match="cannot be the name of a"):
        embed(pool, Toy(), name=name)
