"""From frames to a selection by the diversity of their objects, through the command line."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.workspace import Workspace
from scanpick.workspace.embedding_files import read_objects
from tests.cli.running import error_of, run_json

SMALL = [f"--encoder-option={pair}" for pair in ("random_weights=tiny", "points=64", "groups=8", "most=6", "words=5")]


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames with up to four boxes on a plane, one of them empty."""
    folder = tmp_path_factory.mktemp("objects")
    rng = np.random.default_rng(0)
    for frame in range(10):
        plane = np.column_stack([rng.uniform(-25, 25, (3000, 2)), np.full(3000, -1.73)])
        things = [plane]
        for x in (8, 14, 20, -9)[: frame % 5]:
            size = rng.uniform(0.5, 4, 3)
            things.append(rng.uniform(-0.5, 0.5, (150, 3)) * size + (x, 3, size[2] / 2 - 1.73))
        xyz = np.concatenate(things)
        points = np.column_stack([xyz, np.zeros(len(xyz))]).astype(np.float32)
        (folder / "frames").mkdir(exist_ok=True)
        (folder / "frames" / f"{frame:03d}.bin").write_bytes(points.tobytes())
    run_json("index", folder / "frames", "--out", folder / "pool", "--workers", 1)
    run_json("embed", folder / "pool", "--encoder", "statistics", "--workers", 1)
    facts = run_json("embed", folder / "pool", "--encoder", "recon-parts", *SMALL)
    assert (facts["embedding"], facts["frames"], facts["dimension"]) == ("recon-parts", 10, 2 * 384 + 5)
    assert facts["objects"] == 20
    return folder / "pool"


def greedy(pool: Path, count: int) -> list[str]:
    """The picks by the plain definition: what a frame's objects add, summed; 1 each while none is chosen."""
    objects, names = read_objects(Workspace.open(pool).embedding_folder("recon-parts"))
    frames = list(Workspace.open(pool).frames().frame_ids)
    frame_of = np.array([frames.index(name) for name in names])
    nearest, picks = np.ones(len(objects)), []
    for _ in range(count):
        worth = np.bincount(frame_of, nearest, minlength=len(frames))
        worth[picks] = -1
        picks.append(int(worth.argmax()))
        chosen = objects.values[np.isin(frame_of, picks)].astype(float)
        nearest = np.sqrt(((objects.values[:, None] - chosen) ** 2).sum(axis=2)).min(axis=1)
    return [frames[pick] for pick in picks]


def test_select_by_objects_of_an_embedding(pool: Path) -> None:
    arguments = ("select", pool, "--budget", 6, "--objective", "objects", "--embedding", "recon-parts")
    facts = run_json(*arguments, "--objects", "recon-parts")
    assert facts["picks"] == greedy(pool, 6)
    by_file = run_json(*arguments, "--objects", pool / "embeddings" / "recon-parts" / "objects.npz", "--name", "file")
    assert by_file["picks"] == facts["picks"]


def test_objects_go_with_another_embedding_of_the_frames(pool: Path) -> None:
    arguments = ("select", pool, "--budget", 4, "--embedding", "statistics", "--objects", "recon-parts")
    facts = run_json(*arguments, "--objective", "diversity", "--objective", "objects:objects=recon-parts,pool_by=max")
    assert len(facts["picks"]) == 4


def test_objects_that_are_not_there(pool: Path) -> None:
    arguments = ("select", pool, "--budget", 4, "--objective", "objects", "--objects")
    message = error_of(*arguments, "statistics", "--embedding", "statistics")
    assert "'statistics' has no embeddings of objects" in message
    message = error_of(*arguments, "recon-part", "--embedding", "statistics")
    assert "Unknown file of objects (.npz) or embedding 'recon-part'. Did you mean 'recon-parts'?" in message
    assert "none.npz: cannot be read" in error_of(*arguments, pool / "none.npz", "--embedding", "statistics")
