"""From a data set to an adapted encoder on disk: what is written, what is set aside, how sure the change is."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from scanpick.encoders.recon.checkpoint import load_encoder
from scanpick.encoders.recon.config import ReConConfig
from scanpick.encoders.recon.pretraining import ReConPretraining
from scanpick.errors import ScanpickError
from scanpick.training.adapting import AdaptationRequest, adapt, change_of
from tests.encoders.pretraining.drives import Drives

pytestmark = pytest.mark.slow

OPTIONS = {"points": "64", "groups": "16", "crop_points": "64", "crop_groups": "8", "image_dimension": "3"}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a small ReCon."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("start") / "start.pt"
    torch.save({"base_model": ReConPretraining(ReConConfig(width=96, depth=1)).state_dict()}, path)
    return path


def _request(start: Path) -> AdaptationRequest:
    return AdaptationRequest("recon", weights=start, options=OPTIONS, iterations=3, batch_size=3)


def test_what_is_written(start: Path, tmp_path: Path) -> None:
    told = adapt(Drives(broken=("d1/2",)), None, _request(start), tmp_path)
    described = json.loads((tmp_path / "adapted.json").read_text())
    assert described.pop("seal").startswith("scanpick-sha256:")
    assert described == json.loads(json.dumps(told))
    assert described["set_aside"] == {"d1/2": "d1/2 is broken"}
    assert described["frames"] == 11
    assert described["embed_options"] == {"points": 64, "groups": 16, "up": "y"}
    assert load_encoder(tmp_path / described["weights"]).config.width == 96
    rows = list(csv.DictReader((tmp_path / "held_out.csv").open()))
    held_out = described["held_out"]
    assert held_out["frames"] == len(rows) == 11 - described["trained_on"]
    np.testing.assert_allclose(held_out["after"], np.mean([float(row["after"]) for row in rows]))
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 4
    again = adapt(Drives(broken=("d1/2",)), None, _request(start), tmp_path)
    assert again == told  # nothing is left to be done
    with pytest.raises(ScanpickError, match="other settings"):
        adapt(Drives(), None, _request(start), tmp_path)


def test_only_the_frames_asked_for_are_read(start: Path, tmp_path: Path) -> None:
    drives = Drives()
    told = adapt(drives, ["d2/1", "d0/0", "d0/1"], _request(start), tmp_path)
    assert told["frames"] == 3
    assert set(drives.reads) == {"d0/0", "d0/1", "d2/1"}
    with pytest.raises(ScanpickError, match=r"1 of 2 frames are not in the data set: .*nowhere"):
        adapt(drives, ["d0/0", "nowhere"], _request(start), tmp_path)


def test_a_teacher_and_the_weight_of_its_loss_go_together(start: Path, tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match=r"need both `teacher"):
        adapt(Drives(), None, replace(_request(start), teacher="a.npz"), tmp_path)
    with pytest.raises(ScanpickError, match=r"need both `teacher"):
        adapt(Drives(), None, replace(_request(start), options=OPTIONS | {"image": "1"}), tmp_path)


def test_features_of_images_are_learnt_from(start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "colours_of_images.py").write_text(
        "import numpy as np\ndef mean(images):\n    return np.array([i.mean(axis=(0, 1)) / 255 for i in images])\n"
    )
    ids = [record.frame_id for record in Drives().records]
    for row, frame_id in enumerate(ids):
        Image.new("RGB", (4, 4), (row * 20, 0, 255)).save(tmp_path / f"{frame_id.replace('/', '-')}.png")
    drives = Drives(images={frame_id: tmp_path / f"{frame_id.replace('/', '-')}.png" for frame_id in ids})
    request = replace(_request(start), options=OPTIONS | {"image": "1"}, teacher="colours_of_images:mean")
    told = adapt(drives, None, request, tmp_path / "out")
    assert told["with_image_feature"] == 12
    rows = list(csv.DictReader((tmp_path / "out/log.csv").open()))
    assert all(float(row["image"]) > 0 for row in rows)


def test_iterations_and_minutes_exclude_each_other(start: Path, tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match="not both"):
        adapt(Drives(), None, replace(_request(start), minutes=1), tmp_path)


def test_the_interval_of_a_change_is_paired_and_by_sequence() -> None:
    rng = np.random.default_rng(0)
    before = rng.uniform(1, 9, 60)
    same = change_of(before, before * 0.8, [f"s{i % 6}" for i in range(60)])
    np.testing.assert_allclose([same.relative, *same.interval], -0.2)
    of_drives = np.repeat(rng.uniform(0.4, 1.2, 6), 10)
    by_drive = change_of(before, before * of_drives, [f"s{i // 10}" for i in range(60)])
    by_frame = change_of(before, before * of_drives, ["s"] * 60)
    assert by_drive.interval[0] < by_drive.relative < by_drive.interval[1]
    assert np.ptp(by_drive.interval) > 1.5 * np.ptp(by_frame.interval)
    assert (by_drive.frames, by_drive.sequences, by_frame.sequences) == (60, 6, 1)
