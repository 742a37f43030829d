"""`benchmarks.encoders` measures what it says, for every kind of encoder."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import encoders, one_encoder
from scanpick.encoders import ENCODERS
from scanpick.encoders.recon.config import CONFIGS
from scanpick.encoders.recon.network import ReConEncoder

SMALL = {"random_weights": "tiny", "points": 64, "groups": 8}


@pytest.mark.parametrize(
    ("name", "options", "stages"),
    [
        ("statistics", {}, {"points", "cells"}),
        ("scan_context", {}, {"map", "smoothing"}),
        ("recon", SMALL, {"sampling", "patches", "attention"}),
        ("recon-parts", SMALL | {"most": 3}, {"cutting", "patches"}),
    ],
)
def test_one_encoder(name: str, options: dict[str, object], stages: set[str]) -> None:
    job = {"encoder": name, "options": options, "cloud_points": None, "frames": 2, "batch": 3, "repeats": 1}
    result = one_encoder.run_job(job)
    assert result["core_seconds_a_frame"] > 0
    assert sum(result["shares"].values()) == pytest.approx(1)
    assert stages <= set(result["shares"])
    assert ("batched_seconds_a_cloud" in result) == (name == "recon")


def test_every_encoder_is_a_case() -> None:
    jobs = encoders.cases(weights=None)
    assert {job["encoder"] for job in jobs.values()} == set(ENCODERS.names())
    assert set(jobs) >= set(encoders.LIMITS_S)
    assert encoders.cases("file.pt")["recon-parts"]["options"] == {"weights": "file.pt"}


def test_multiply_adds_are_those_of_the_layers() -> None:
    """Counted by torch in a forward pass, special tokens' k and v among them."""
    config = CONFIGS["tiny"]
    batch = torch.zeros(1, 16, 32, 3), torch.zeros(1, 16, 3)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        ReConEncoder(config).eval()(*batch)
    assert one_encoder.multiply_adds(config, 16) == pytest.approx(counter.get_total_flops() / 2, rel=0.01)


def test_a_row_of_the_table() -> None:
    result = {"case": "recon 1024/64", "seconds_a_frame": 0.02, "core_seconds_a_frame": 0.04, "peak_memory_mb": 12.4}
    batched = {"batched_seconds_a_cloud": 0.025, "batched_core_seconds_a_cloud": 0.05}
    products = {"multiply_adds_a_cloud": 2e9, "multiply_adds_a_core_second": 5e10}
    row = encoders._row(result | {"shares": {"patches": 0.25}} | batched | products)
    cells = "20.0 | 50.0 | 25.0 | 25.0 (50 core, floor 40 core, limit 40) | 12 | patches 25%"
    assert row == f"| recon 1024/64 | {cells} |"
    assert "no memory" in encoders._row({"case": "x", "error": "no memory"})
