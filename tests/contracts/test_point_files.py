"""What every registered point file format keeps to; a new one needs a sample here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scanpick.datasets.point_files import POINT_FILES
from scanpick.errors import FrameError
from tests.datasets.point_files import files

TABLE = np.arange(1, 161, dtype=np.float32).reshape(40, 4)
FIELDS = dict(zip(("x", "y", "z", "intensity"), TABLE.T, strict=True))

SAMPLES: dict[str, Callable[[], Any]] = {
    "las": lambda: files.las(TABLE, compressed=False),
    "laz": lambda: files.las(TABLE, compressed=True),
    "npy": lambda: files.npy(TABLE),
    "npz": lambda: files.npz(points=TABLE),
    "pcd": lambda: files.pcd(FIELDS, "binary"),
    "ply": lambda: files.ply(FIELDS, "binary_little_endian"),
}
"""Suffix -> the bytes of a file that holds `TABLE`."""


NOT_WRITTEN = {"e57"}
"""Formats that nothing here writes: `tests/datasets/point_files` reads what others wrote."""


@pytest.fixture(params=[name for name in POINT_FILES.names() if name not in NOT_WRITTEN])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    assert request.param in SAMPLES, "a new format needs a sample here"
    path = tmp_path / f"cloud.{request.param}"
    path.write_bytes(SAMPLES[request.param]())
    return path


def test_gives_the_points_as_float32(path: Path) -> None:
    points = POINT_FILES.load(path.suffix[1:])(path).points
    assert points.dtype == np.float32
    np.testing.assert_allclose(points[:, :3], TABLE[:, :3], atol=0.01)
    assert points.shape[1] >= 4


@pytest.mark.parametrize("left", [0, 0.5])
def test_a_torn_file_is_a_bad_frame(path: Path, left: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * left)])
    with pytest.raises(FrameError):
        POINT_FILES.load(path.suffix[1:])(path)
    path.unlink()
    with pytest.raises(FrameError):
        POINT_FILES.load(path.suffix[1:])(path)
