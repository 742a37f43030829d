"""`benchmarks.encoders` measures what it says, for every kind of encoder."""

import pytest

from benchmarks import encoders, one_encoder
from scanpick.encoders import ENCODERS

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


def test_a_row_of_the_table() -> None:
    result = {"case": "recon 1024/64", "seconds_a_frame": 0.02, "core_seconds_a_frame": 0.04, "peak_memory_mb": 12.4}
    row = encoders._row(result | {"shares": {"patches": 0.25}, "batched_seconds_a_cloud": 0.025})
    assert row == "| recon 1024/64 | 20.0 | 50.0 | 25.0 | 25.0 (limit 40) | 12 | patches 25% |"
    assert "no memory" in encoders._row({"case": "x", "error": "no memory"})
