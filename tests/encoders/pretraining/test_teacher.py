"""Features of images: from files that are not trusted, and from the user's own function."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from scanpick.encoders.pretraining.teacher import load_teacher, read_features, teacher_features
from scanpick.errors import ScanpickError
from tests.encoders.pretraining.drives import Drives, frames_of

IDS = ["d0/0", "d1/2", "elsewhere"]
VALUES = np.arange(12.0).reshape(3, 4)

MODULE = """
import numpy as np
import torch
calls = []
def mean_colour(images):
    calls.append(len(images))
    assert all(image.dtype == np.uint8 and image.shape[2] == 3 for image in images)
    return torch.tensor(np.array([image.mean(axis=(0, 1)) for image in images]))
def of_other_length(images):
    return np.zeros((len(images) + 1, 3))
def not_finite(images):
    return np.full((len(images), 3), np.nan)
nothing = 3
"""


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    np.savez(tmp_path / "teacher.npz", frame_ids=np.array(IDS), features=VALUES)
    return tmp_path / "teacher.npz"


@pytest.fixture
def drives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Drives:
    """Drives with two images, one of them broken, and a module of teachers in the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")  # modules that are imported are forgotten with it
    (tmp_path / "my_teacher.py").write_text(MODULE)
    Image.new("L", (6, 4), 100).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"\x89PNG no more")
    return Drives(images={"d0/1": tmp_path / "good.png", "d2/0": tmp_path / "bad.png"})


def test_files_by_frame_id(npz: Path, tmp_path: Path) -> None:
    table = pyarrow.table({"frame_id": IDS, "feature": list(VALUES)})
    pyarrow.parquet.write_table(table, tmp_path / "teacher.parquet")
    for path in (npz, tmp_path / "teacher.parquet"):
        found = teacher_features(str(path), frames_of(Drives()), tmp_path / "kept.npz")
        assert found.values.keys() == {"d0/0", "d1/2"}
        np.testing.assert_array_equal(found.values["d1/2"], VALUES[1])
        assert found.dimension == 4
    assert not (tmp_path / "kept.npz").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"frame_ids": np.array(IDS)}, "features is not"),
        ({"frame_ids": np.array([1, 2, 3]), "features": VALUES}, "text 'frame_ids'"),
        ({"frame_ids": np.array(IDS), "features": VALUES[:, 0]}, "array of numbers"),
        ({"frame_ids": np.array(IDS), "features": VALUES[:2]}, "expected shape"),
        ({"frame_ids": np.array(IDS), "features": VALUES * np.nan}, "NaN"),
        ({"frame_ids": np.array(["a", "a", "b"]), "features": VALUES}, "a"),
        ({"frame_ids": np.array(IDS, dtype=object), "features": VALUES}, "allow_pickle=False"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "bad.npz", **content)
    with pytest.raises(ScanpickError, match=message):
        read_features(tmp_path / "bad.npz")


def test_a_truncated_file_is_refused(npz: Path) -> None:
    npz.write_bytes(npz.read_bytes()[:100])
    with pytest.raises(ScanpickError, match="File is not a zip file"):
        read_features(npz)


def test_features_of_no_frame_are_an_error(npz: Path, tmp_path: Path) -> None:
    drives = Drives(drives=1, length=2, broken=("d0/0",))
    with pytest.raises(ScanpickError, match="none of the 1 frames has an image feature"):
        teacher_features(str(npz), frames_of(drives), tmp_path / "kept.npz")
    with pytest.raises(ScanpickError, match="none of the 1 frames has an image feature"):
        teacher_features("numpy:mean", frames_of(drives), tmp_path / "kept.npz")  # no frame has an image


def test_a_function_is_given_images_once(drives: Drives, tmp_path: Path) -> None:
    frames, kept = frames_of(drives), tmp_path / "kept.npz"
    found = teacher_features("my_teacher:mean_colour", frames, kept)
    np.testing.assert_allclose(found.values["d0/1"], 100)
    assert found.values.keys() == {"d0/1"}
    assert "bad.png: cannot be read" in found.problems["d2/0"]
    again = teacher_features("no_longer_there:mean_colour", frames, kept)  # what was made is kept
    np.testing.assert_array_equal(again.values["d0/1"], found.values["d0/1"])


@pytest.mark.parametrize(
    ("teacher", "message"),
    [
        ("my_teacher:of_other_length", r"expected \(1, T\) features of 1 images"),
        ("my_teacher:not_finite", "NaN"),
        ("my_teacher:nothing", "expected a function"),
        ("my_teacher:missing", "cannot be imported"),
        ("no_such_module_anywhere:x", "cannot be imported"),
        ("features.csv", "expected a .npz or .parquet"),
    ],
)
def test_what_is_no_teacher_is_an_error(drives: Drives, tmp_path: Path, teacher: str, message: str) -> None:
    with pytest.raises(ScanpickError, match=message):
        teacher_features(teacher, frames_of(drives), tmp_path / "kept.npz")


def test_the_search_path_is_left_as_it_was(drives: Drives) -> None:
    import sys

    before = list(sys.path)
    load_teacher("my_teacher:mean_colour")
    assert sys.path == before
