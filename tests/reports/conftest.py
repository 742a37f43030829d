"""Small workspaces, made by scanpick's own steps from clouds written on the spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from scanpick.formats.frame_ids import read_frame_ids
from scanpick.reports import projection
from scanpick.selection import select
from scanpick.structures import EmbeddingTable, Selection
from scanpick.workspace import Workspace, pool_of, save_selection
from scanpick.workspace.embed import import_embedding
from scanpick.workspace.index import index


@dataclass
class Job:
    """A workspace with what it was made from."""

    workspace: Path
    clouds: Path

    def embed(self, values: np.ndarray | None = None, *, name: str = "toy", dimension: int = 5) -> np.ndarray:
        """Give every usable frame a vector: the given ones, or seeded random ones."""
        opened = Workspace.open(self.workspace)
        frames = opened.frames()
        ids = [frame_id for frame_id, usable in zip(frames.frame_ids, frames.usable, strict=True) if usable]
        if values is None:
            values = np.random.default_rng(5).normal(size=(len(ids), dimension))
        import_embedding(opened, EmbeddingTable(name, tuple(ids), values.astype(np.float32), {"encoder": "by hand"}))
        return values.astype(np.float32)

    def pick(
        self, budget: int, strategy: str = "diversity", *, labelled: Sequence[str] = (), embeddings=("toy",), **options
    ) -> Selection:
        """Select, and keep the selection under its strategy's name."""
        opened = Workspace.open(self.workspace)
        path = self.workspace.parent / "labelled.txt"
        path.write_text("".join(f"{frame_id}\n" for frame_id in labelled))
        pool = pool_of(opened, embeddings, path if read_frame_ids_safely(path) else None)
        return save_selection(opened, strategy, select(pool, strategy, budget, options=options), pool)


def read_frame_ids_safely(path: Path) -> bool:
    return bool(path.read_text()) and bool(read_frame_ids(path))


def write_cloud(path: Path, seed: int, count: int = 300) -> None:
    """A flat ground with a wall, as .bin of four columns."""
    rng = np.random.default_rng(seed)
    points = rng.uniform((-30, -30, -1.8, 0), (30, 30, -1.6, 1), size=(count, 4))
    points[: count // 4, 0] = rng.uniform(5, 20)
    points[: count // 4, 2] = rng.uniform(-1.5, 2, size=count // 4)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(points.astype("<f4").tobytes())


@pytest.fixture
def make_job(tmp_path):
    """Make a workspace: sequence name -> number of frames, and names of files that hold no points."""

    def make(sequences: Mapping[str, int], *, broken: Sequence[str] = ()) -> Job:
        clouds = tmp_path / "clouds"
        for place, (name, count) in enumerate(sequences.items()):
            for number in range(count):
                write_cloud(clouds / name / f"{number:03d}.bin", 100 * place + number)
        for name in broken:
            (clouds / name).parent.mkdir(parents=True, exist_ok=True)
            (clouds / name).write_bytes(b"")
        index(str(clouds), tmp_path / "pool", workers=1)
        return Job(tmp_path / "pool", clouds)

    return make


@pytest.fixture
def quick_umap(monkeypatch):
    """A map that costs nothing, where a test is not about UMAP (whose compiler takes many seconds)."""
    monkeypatch.setattr(projection, "_umap", lambda values, start: np.asarray(start * 2, dtype=np.float32))
