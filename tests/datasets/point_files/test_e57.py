from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.point_files.e57 import read
from scanpick.errors import FrameError


def test_poses_are_applied_and_torn_files_are_bad_frames(test_data: Path, tmp_path: Path) -> None:
    path = test_data / "formats/e57/pye57/translationWithoutRotation.e57"
    np.testing.assert_array_equal(read(path).points[:, :3], [[4, 5, 6], [5, 5, 6], [4, 6, 6], [5, 6, 6]])
    content = path.read_bytes()
    for size in (0, 20, 100, len(content) // 2):
        (tmp_path / "a.e57").write_bytes(content[:size])
        with pytest.raises(FrameError, match="E57"):
            read(tmp_path / "a.e57")
