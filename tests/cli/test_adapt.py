"""``scanpick adapt`` on a folder of frames, and its weights in ``scanpick embed``."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from scanpick.encoders.recon.config import ReConConfig
from scanpick.encoders.recon.pretraining import ReConPretraining
from tests.cli.running import error_of, run, run_json
from tests.detectors.scenes import car_scene

pytestmark = pytest.mark.slow

SMALL = [f"--encoder-option={text}" for text in ("points=64", "groups=16", "crop_points=64", "crop_groups=8")]


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Two drives of three frames, and one frame of two points."""
    for drive in range(2):
        (tmp_path / f"frames/drive{drive}").mkdir(parents=True)
        for index in range(3):
            car_scene(3 * drive + index).points[::20].tofile(tmp_path / f"frames/drive{drive}/{index:03d}.bin")
    car_scene(9).points[:2].tofile(tmp_path / "frames/drive1/009.bin")
    return tmp_path / "frames"


@pytest.fixture
def start(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    torch.save({"base_model": ReConPretraining(ReConConfig(width=96, depth=1)).state_dict()}, tmp_path / "start.pt")
    return tmp_path / "start.pt"


def test_adapted_weights_embed(frames: Path, start: Path, tmp_path: Path) -> None:
    out = tmp_path / "adapted"
    given = [frames, "--columns", 4, "--weights", start, *SMALL, "--iterations", 2, "--batch-size", 2, "--out", out]
    told = run_json("adapt", *given)
    assert told["set_aside"] == 1
    assert told["frames"] == 6
    assert f"--weights {out / 'weights.pt'}" in told["embed_with"]
    shown = run("adapt", *given).output
    assert "drive1/009" in shown
    assert "has 2 points" in shown
    run("index", frames, "--columns", 4, "--out", tmp_path / "pool")
    embedded = run_json("embed", tmp_path / "pool", *told["embed_with"].split())
    assert embedded["dimension"] == 192
    assert embedded["frames"] == 6


def test_what_does_not_fit_is_told_before_frames_are_read(frames: Path, start: Path, tmp_path: Path) -> None:
    out = ["--out", tmp_path / "out"]
    assert "Did you mean 'recon'" in error_of("adapt", frames, "--encoder", "recom", *out)
    assert "needs either --weights" in error_of("adapt", frames, *out)
    assert "Did you mean 'views'" in error_of("adapt", frames, "--encoder-option", "view=1", *out)
    assert "not both" in error_of("adapt", frames, "--weights", start, "--iterations", 1, "--minutes", 1, *out)
    assert not (tmp_path / "out").exists()
