"""PandaSet's layout, with tables pickled as pandas 1.5 and 2 do, without pandas."""

import gzip
import json
import pickle
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.datasets.dataset import ego_pose, licence
from scanpick.errors import FrameError
from tests.datasets.samples import sweep

MODULES = {
    "pandas.core.frame": "DataFrame",
    "pandas.core.internals.managers": "BlockManager",
    "pandas.core.indexes.base": "Index",
}


class _Reduced:
    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __reduce__(self) -> Any:
        return self.parts


def write_table(path: Path, columns: dict[str, np.ndarray]) -> None:
    """A table as ``DataFrame.to_pickle`` writes it: each column a block of its own."""
    modules = {name: ModuleType(name) for name in ("pandas", *MODULES, "pandas._libs.internals")}
    for name, kind in MODULES.items():
        setattr(modules[name], kind, type(kind, (), {"__module__": name}))

    def function(module: str, name: str) -> Any:
        def made(*args: Any) -> None: ...

        made.__module__, made.__qualname__, made.__name__ = module, name, name
        setattr(modules[module], name, made)
        return made

    block = function("pandas._libs.internals", "_unpickle_block")
    new_index = function("pandas.core.indexes.base", "_new_Index")
    frame, manager, index = (getattr(modules[name], kind) for name, kind in MODULES.items())
    blocks = tuple(
        _Reduced(block, (np.asarray(values)[None], slice(at, at + 1, 1), 2))
        for at, values in enumerate(columns.values())
    )
    names = _Reduced(new_index, (index, {"data": np.array(list(columns), dtype=object), "name": None}))
    table = _Reduced(frame, (), {"_mgr": _Reduced(manager, (blocks, [names])), "attrs": {}})
    path.parent.mkdir(parents=True, exist_ok=True)
    with mock.patch.dict(sys.modules, modules):
        path.write_bytes(gzip.compress(pickle.dumps(table, 4)))


def write_pandaset(root: Path, sequences: dict[str, int]) -> Path:
    """Sequences that drive 1 m a frame along the world's y, which the LiDAR's y points along."""
    for name, frames in sequences.items():
        poses = [
            {"position": {"x": 5, "y": place, "z": 2}, "heading": {"w": 1, "x": 0, "y": 0, "z": 0}}
            for place in range(frames)
        ]
        lidar = root / name / "lidar"
        for place in range(frames):
            points = sweep(place)
            world = np.stack([-points[:, 1] + 5, points[:, 0] + place, points[:, 2] + 2], axis=1).astype(np.float64)
            columns = {axis: world[:, at] for at, axis in enumerate("xyz")}
            others = {"i": np.round(points[:, 3] * 255.0), "t": np.zeros(len(points)), "d": np.arange(len(points)) % 2}
            write_table(lidar / f"{place:02d}.pkl.gz", columns | others)
            box = {"position.x": [5.0], "position.y": [10.0 + place], "position.z": [2.5], "yaw": [0.0]}
            sizes = {"dimensions.x": [2.0], "dimensions.y": [4.0], "dimensions.z": [1.5], "cuboids.sensor_id": [-1]}
            texts = {"uuid": np.array(["a"], dtype=object), "label": np.array(["Car"], dtype=object)}
            write_table(
                root / name / "annotations" / "cuboids" / f"{place:02d}.pkl.gz",
                {key: np.array(value) for key, value in {**box, **sizes, **texts}.items()},
            )
        (lidar / "poses.json").write_text(json.dumps(poses))
        (lidar / "timestamps.json").write_text(json.dumps([1557539924.5 + 0.1 * place for place in range(frames)]))
    return root


def test_points_boxes_and_poses(tmp_path: Path) -> None:
    dataset = open_dataset(str(write_pandaset(tmp_path, {"001": 3, "002": 1})))
    assert [record.frame_id for record in dataset.records] == ["001/00", "001/01", "001/02", "002/00"]
    assert "commercial use is allowed" in licence(dataset)
    record = dataset.records[1]
    assert record.timestamp_ns == 1557539924600000000
    assert record.metadata["speed"] == pytest.approx(10, abs=0.01)
    np.testing.assert_allclose(dataset.read("001/01").points, sweep(1)[::2], atol=0.003)
    assert len(open_dataset(str(tmp_path), lidar="both").read("001/01").points) == len(sweep(1))
    labels = dataset.labels("001/01")
    assert labels is not None
    np.testing.assert_allclose(labels.boxes.array, [[10, 0, 0.5, 4, 2, 1.5, 0]], atol=1e-9)
    pose = ego_pose(dataset, "001/01")
    assert pose is not None
    np.testing.assert_allclose(pose @ [10, 0, 0, 1], [5, 11, 2, 1], atol=1e-9)


def test_damage_is_a_bad_frame(tmp_path: Path) -> None:
    root = write_pandaset(tmp_path, {"001": 2})
    path = root / "001" / "lidar" / "01.pkl.gz"
    content = path.read_bytes()
    for broken in (b"", content[:40], content[: len(content) // 2], gzip.compress(b"cos\nsystem\n(S'ls'\ntR.")):
        path.write_bytes(broken)
        with pytest.raises(FrameError, match=r"01\.pkl\.gz"):
            open_dataset(str(root)).read("001/01")


def test_tables_that_pandas_wrote(test_data: Path, tmp_path: Path) -> None:
    root = write_pandaset(tmp_path, {"001": 1})
    for version in ("1.0.5", "2.3"):
        source = test_data / "formats/pandaset/synthetic_pickles"
        shutil.copyfile(source / f"l_{version}_4.pkl.gz", root / "001/lidar/00.pkl.gz")
        shutil.copyfile(source / f"c_{version}_4.pkl.gz", root / "001/annotations/cuboids/00.pkl.gz")
        dataset = open_dataset(f"pandaset:{root}", lidar="both")
        with np.load(source / f"gold_{version}.npz") as gold:
            expected = np.stack([gold["y"], 5 - gold["x"], gold["z"] - 2], axis=1)
        np.testing.assert_allclose(dataset.read("001/00").points[:, :3], expected, atol=1e-5)
        labels = dataset.labels("001/00")
        assert labels is not None
        assert "Car" in labels.boxes.class_names
