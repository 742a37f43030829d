"""The picture of an adaptation shows every loss and every held-out frame, and comes from its folder alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from scanpick.errors import ScanpickError
from scanpick.reports.adapting import draw_adaptation

LOG = "iteration,learning_rate,gradient_norm,scenes,views\n" + "".join(
    f"{i},0.001,1.0,{1 / i},{0.2 / i}\n" for i in range(1, 101)
)
HELD_OUT = "frame_id,sequence,before,after\na,s,1.0,0.5\nb,t,3.0,0.5\n"


def _write(folder: Path, log: str = LOG, held_out: str = HELD_OUT) -> Path:
    (folder / "log.csv").write_text(log)
    (folder / "held_out.csv").write_text(held_out)
    return folder


def test_what_is_drawn(tmp_path: Path) -> None:
    png, svg = draw_adaptation(_write(tmp_path))
    with Image.open(png) as image:
        assert image.width > 1000
    drawn = svg.read_text()
    assert all(f">{text}<" in drawn for text in ("scenes", "views", "2 frames kept out: -75.0%"))
    assert ">gradient_norm<" not in drawn


def test_one_step_and_a_loss_of_zero_can_be_drawn(tmp_path: Path) -> None:
    log = "iteration,learning_rate,gradient_norm,neighbours\n1,0.1,0.0,0.0\n"
    png, svg = draw_adaptation(_write(tmp_path, log))
    assert ">neighbours<" in svg.read_text()
    with Image.open(png) as image:
        assert image.width > 1000


@pytest.mark.parametrize(
    ("log", "held_out"),
    [
        ("", HELD_OUT),
        (LOG, "frame_id,sequence\na,s\n"),
        ("iteration,scenes\n1,x\n", HELD_OUT),
        ("a,b\n1,2\n", HELD_OUT),
    ],
)
def test_other_tables_are_refused(tmp_path: Path, log: str, held_out: str) -> None:
    with pytest.raises(ScanpickError, match=r"expected|cannot be read"):
        draw_adaptation(_write(tmp_path, log, held_out))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match=r"log\.csv"):
        draw_adaptation(tmp_path)
