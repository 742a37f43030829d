"""Objects beside an embedding: whole, in the order of the frames, resumable, and what is learned is that of all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scanpick.arrays import Embeddings, Float32Array
from scanpick.encoders import PartEncoder
from scanpick.errors import FrameError, ScanpickError
from scanpick.formats.object_embeddings import read_object_embeddings
from scanpick.structures import Frame
from scanpick.structures.embedded_objects import EmbeddedObjects
from scanpick.workspace import Workspace
from scanpick.workspace.embed import embed
from scanpick.workspace.embedding_files import read_objects
from scanpick.workspace.index import index
from tests.workspace.drives import Toy, cloud, encoded, files_of, write_drives


@dataclass(frozen=True)
class Things:
    """A frame's objects are its first k points, k by its number; its vector is their mean less that of all objects."""

    log: Path | None = None
    refuses: frozenset[str] = frozenset()
    gives_nan: frozenset[str] = frozenset()
    mean: Float32Array | None = field(default=None, compare=False)
    name: str = "things"
    batch_size: int = 1
    in_workers: bool = True
    object_dimension: int = 3

    @property
    def settings(self) -> dict[str, Any]:
        return {}

    @property
    def dimension(self) -> int:
        return 3 if self.mean is None else 4

    @property
    def learned(self) -> Mapping[str, Float32Array]:
        return {} if self.mean is None else {"mean": self.mean}

    def encode(self, frames: Sequence[Frame]) -> Embeddings:
        return self.pooled(self.encode_objects(frames))

    def encode_objects(self, frames: Sequence[Frame]) -> EmbeddedObjects:
        parts = []
        for frame in frames:
            if frame.frame_id in self.refuses:
                raise FrameError("The encoder refuses it.")
            if self.log is not None:
                with self.log.open("a") as file:
                    file.write(f"{frame.frame_id}\n")
            count = int(frame.frame_id[-1]) % 4
            values = frame.points[:count, :3].copy()
            if frame.frame_id in self.gives_nan:
                values[:] = np.nan
            boxes = np.hstack([values, values]) if count else np.zeros((0, 6), np.float32)
            parts.append(EmbeddedObjects(np.array([count]), values, boxes, np.arange(count)))
        return EmbeddedObjects.joined(parts)

    def pooled(self, objects: EmbeddedObjects) -> Embeddings:
        rows = np.zeros((len(objects.counts), self.dimension), np.float32)
        for row in range(len(rows)):
            values = objects.of_frames([row]).values
            if len(values):
                rows[row, :3] = values.mean(axis=0)
            if self.mean is not None:
                rows[row, :3] -= self.mean
                rows[row, 3] = len(values)
        return rows

    def fitted(self, values: Embeddings) -> "Things":
        return Things(self.log, self.refuses, self.gives_nan, values.mean(axis=0, dtype=np.float64).astype(np.float32))


@pytest.fixture
def drives(tmp_path: Path) -> Path:
    return write_drives(tmp_path / "drives", frames=70)


@pytest.fixture
def pool(tmp_path: Path, drives: Path) -> Workspace:
    return index(str(drives), tmp_path / "pool", workers=1)


def test_objects_and_what_was_learned_are_kept(pool: Workspace) -> None:
    assert isinstance(Things(), PartEncoder)
    table = embed(pool, Things(), workers=1)
    folder = pool.embedding_folder("things")
    objects, frame_ids = read_objects(folder)
    dataset = pool.dataset()
    expected = Things().encode_objects([dataset.read(frame_id) for frame_id in table.frame_ids])
    for name, array in vars(expected).items():
        np.testing.assert_array_equal(getattr(objects, name), array, err_msg=name)
    assert frame_ids == [frame_id for frame_id in table.frame_ids for _ in range(int(frame_id[-1]) % 4)]
    values, ids = read_object_embeddings(folder / "objects.npz")
    np.testing.assert_array_equal(values, expected.values)
    assert ids == frame_ids
    mean = np.load(folder / "mean.npy", allow_pickle=False)
    np.testing.assert_allclose(mean, expected.values.mean(axis=0), rtol=1e-6)
    assert table.values.shape == (70, 4)
    np.testing.assert_array_equal(table.values[:, 3], expected.counts)
    assert table.meta["objects"] == len(values)
    assert set(table.meta["learned"]) == {"mean"}


def test_a_killed_run_goes_on_and_ends_the_same(pool: Workspace, tmp_path: Path, drives: Path) -> None:
    """Blocks of 32 frames that were done are not encoded again."""
    ids = pool.frames().frame_ids

    class KilledError(Exception):
        pass

    class Dies(Things):
        def encode_objects(self, frames: Sequence[Frame]) -> EmbeddedObjects:
            if frames[0].frame_id == ids[50]:
                raise KilledError
            return super().encode_objects(frames)

    with pytest.raises(KilledError):
        embed(pool, Dies(log=tmp_path / "first"), workers=1)
    embed(pool, Things(log=tmp_path / "second"), workers=1)
    assert encoded(tmp_path / "second") == list(ids[32:])
    fresh = index(str(drives), tmp_path / "fresh", workers=1)
    embed(fresh, Things(), workers=1)
    assert files_of(pool.path) == files_of(fresh.path)


def test_changed_data_gives_what_a_fresh_run_gives(pool: Workspace, tmp_path: Path, drives: Path) -> None:
    """One changed frame is encoded; what is learned changes the vectors of all."""
    before = embed(pool, Things(), workers=1).values.copy()
    (drives / "drive_0" / "000003.bin").write_bytes(cloud(999).tobytes())
    index(str(drives), pool.path, workers=1)
    after = embed(pool, Things(log=tmp_path / "log"), workers=1)
    assert encoded(tmp_path / "log") == ["drive_0/000003"]
    assert (after.values[:, :3] != before[:, :3]).all()
    fresh = index(str(drives), tmp_path / "fresh", workers=1)
    embed(fresh, Things(), workers=1)
    assert files_of(pool.path) == files_of(fresh.path)


def test_same_bytes_for_any_number_of_workers(tmp_path: Path, drives: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanpick.workspace.worker_pool.POOL_PAYS_AFTER_S", 0.0)
    for workers in (1, 2):
        embed(index(str(drives), tmp_path / f"by_{workers}", workers=1), Things(), workers=workers)
    assert files_of(tmp_path / "by_1") == files_of(tmp_path / "by_2")


def test_index_with_the_encoder_leaves_nothing_to_encode(tmp_path: Path, drives: Path, pool: Workspace) -> None:
    embed(pool, Things(), workers=1)
    both = index(str(drives), tmp_path / "both", encoder=Things(), workers=1)
    embed(both, Things(log=tmp_path / "log"), workers=1)
    assert encoded(tmp_path / "log") == []
    assert files_of(both.path) == files_of(pool.path)


@pytest.mark.parametrize("name", ["objects.npz", "mean.npy"])
def test_damage_is_noticed_and_made_again(pool: Workspace, name: str) -> None:
    embed(pool, Things(), workers=1)
    before = files_of(pool.path)
    path = pool.embedding_folder("things") / name
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ScanpickError, match=rf"{name}: missing, cut off or changed"):
        pool.embedding("things") if name == "mean.npy" else read_objects(path.parent)
    embed(pool, Things(), workers=1)
    assert files_of(pool.path) == before


def test_refused_frames_have_no_objects(pool: Workspace) -> None:
    ids = pool.frames().frame_ids
    table = embed(pool, Things(refuses=frozenset(ids[1:2]), gives_nan=frozenset(ids[5:6])), workers=1)
    assert set(ids) - set(table.frame_ids) == {ids[1], ids[5]}
    objects, frame_ids = read_objects(pool.embedding_folder("things"))
    assert not {ids[1], ids[5]} & set(frame_ids)
    assert np.isfinite(objects.values).all()


def test_another_encoder_leaves_nothing_of_it(pool: Workspace) -> None:
    embed(pool, Things(), name="mine", workers=1)
    embed(pool, Toy(), name="mine", workers=1)
    files = sorted(path.name for path in pool.embedding_folder("mine").iterdir())
    assert files == ["embeddings.npy", "frame_ids.parquet", "meta.json"]
    with pytest.raises(ScanpickError, match="has no embeddings of objects: its encoder 'toy' makes none"):
        read_objects(pool.embedding_folder("mine"))
