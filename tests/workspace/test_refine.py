"""Refined embeddings stand beside their source, say what was done, and follow it."""

import json
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from scanpick.encoders.whitening import Keep, fit_whitening, unit_length
from scanpick.errors import ScanpickError
from scanpick.workspace import Workspace, pool_of
from scanpick.workspace.embed import embed
from scanpick.workspace.index import index
from scanpick.workspace.refine import Refinement, refine
from tests.cli.running import error_of, run_json
from tests.workspace.drives import Toy, cloud, files_of, write_drives

BOTH = Refinement(Keep(number=2), l2=True)


@pytest.fixture
def drives(tmp_path: Path) -> Path:
    return write_drives(tmp_path / "drives", frames=12)


@pytest.fixture
def pool(tmp_path: Path, drives: Path) -> Workspace:
    workspace = index(str(drives), tmp_path / "pool", workers=1)
    embed(workspace, Toy(), workers=1)
    return workspace


def test_beside_its_source_with_all_that_was_done(pool: Workspace) -> None:
    source = pool.embedding("toy")
    before = files_of(pool.embedding_folder("toy"))
    table = refine(pool, "toy", BOTH)
    assert table.name == "toy+whiten2+l2"
    assert table.frame_ids == source.frame_ids
    fitted = fit_whitening(source.values, Keep(number=2))
    np.testing.assert_array_equal(table.values, unit_length(fitted.of(source.values)))
    meta = json.loads((pool.embedding_folder(table.name) / "meta.json").read_text())
    assert meta["settings"] == {"factor": 1.0, "whiten": "2", "l2": True}
    assert meta["made_of"] == {"embedding": "toy", "embeddings_sha256": source.meta["embeddings_sha256"]}
    assert meta["whitening"]["kept"] == 2
    assert set(meta["learned"]) == {"whitening_mean", "whitening_matrix"}
    np.testing.assert_array_equal(np.load(pool.embedding_folder(table.name) / "whitening_mean.npy"), fitted.mean)
    assert files_of(pool.embedding_folder("toy")) == before
    np.testing.assert_array_equal(pool_of(pool, [table.name]).embeddings[table.name], table.values)


def test_names() -> None:
    assert Refinement(l2=True).suffix == "+l2"
    assert Refinement(Keep()).suffix == "+whiten"
    assert Refinement(Keep.parse("95%"), l2=True).suffix == "+whiten95%+l2"
    assert not Refinement()


def test_done_is_done_and_damage_is_mended(pool: Workspace) -> None:
    folder = pool.embedding_folder(refine(pool, "toy", BOTH).name)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    refine(pool, "toy", BOTH)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    whole = files_of(folder)
    (folder / "whitening_matrix.npy").write_bytes(b"")
    with pytest.raises(ScanpickError, match=r"whitening_matrix\.npy: missing, cut off or changed"):
        pool.embedding(folder.name)
    refine(pool, "toy", BOTH)
    assert files_of(folder) == whole


def test_it_follows_its_source(pool: Workspace, drives: Path) -> None:
    before = refine(pool, "toy", BOTH).values.copy()
    (drives / "drive_0" / "000003.bin").write_bytes(cloud(999).tobytes())
    index(str(drives), pool.path, workers=1)
    with pytest.raises(ScanpickError, match="before the frames changed"):
        pool_of(pool, ["toy+whiten2+l2"])
    embed(pool, Toy(), workers=1)
    assert not np.array_equal(refine(pool, "toy", BOTH).values, before)
    pool_of(pool, ["toy+whiten2+l2"])


def test_same_bytes_on_one_thread_or_two(pool: Workspace, drives: Path, tmp_path: Path) -> None:
    other = index(str(drives), tmp_path / "other", workers=1)
    embed(other, Toy(), workers=1)
    with threadpool_limits(1):
        refine(pool, "toy", BOTH)
    with threadpool_limits(2):
        refine(other, "toy", BOTH)
    assert files_of(pool.path) == files_of(other.path)


def test_what_cannot_be_refined(pool: Workspace) -> None:
    with pytest.raises(ScanpickError, match="differ in 3 directions, got `whiten=4`"):
        refine(pool, "toy", Refinement(Keep(number=4)))
    assert pool.embedding_names() == ["toy"]
    with pytest.raises(ScanpickError, match="Unknown embedding 'toi'"):
        refine(pool, "toi", BOTH)
    with pytest.raises(ScanpickError, match="ask for whitening"):
        refine(pool, "toy", Refinement())


def test_flags_of_embed_and_pick(pool: Workspace, drives: Path, tmp_path: Path) -> None:
    facts = run_json("embed", pool.path, "--encoder", "statistics", "--whiten", "5", "--l2", "--workers", 1)
    assert (facts["embedding"], facts["dimension"]) == ("statistics+whiten5+l2", 5)
    assert facts["whitening"]["kept"] == 5
    assert "--whiten: expected" in error_of("embed", pool.path, "--whiten", "some")
    assert "got --whiten 99" in error_of("embed", pool.path, "--encoder", "statistics", "--whiten", "99")
    picked = run_json("pick", drives, "--budget", 3, "--out", tmp_path / "picks", "--whiten", "90%", "--no-report")
    assert len(picked["picks"]) == 3
    names = Workspace.open(tmp_path / "picks").embedding_names()
    assert len(names) == 2
    assert any(name.endswith("+whiten90%") for name in names)
