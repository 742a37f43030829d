"""Time the encoders: frames a second on all threads and on one core, the share of each stage, peak memory.

python -m benchmarks.encoders [--threads 2] [--frames 4] [--only NAME ...] [--weights FILE] [--json FILE]

NAME is a case below or the name of an encoder with its defaults. ReCon has random weights unless some are given: its
speed does not depend on them. "core" is processor time over all cores; "floor" is that of a cloud's matrix products
alone, at the rate that they have here. Memory is that of one process, weights among it, less what it needs to start.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.measuring import in_own_process, machine, versions
from scanpick.encoders import ENCODERS

RECON: dict[str, dict[str, Any]] = {
    "recon 1024/64": {"points": 1024, "groups": 64},
    "recon 1024/64 bfloat16": {"points": 1024, "groups": 64, "precision": "bfloat16"},
    "recon 8192/512": {"points": 8192, "groups": 512},
    "recon 8192/512 bfloat16": {"points": 8192, "groups": 512, "precision": "bfloat16"},
}
"""Sizes that were trained (clouds of 1024 points) and that scenes are embedded with."""

LIMITS_S = {"recon 1024/64": 0.040, "recon 8192/512": 0.400}
"""A cloud may take so long on two cores, farthest-point sampling included."""


def cases(weights: str | None) -> dict[str, dict[str, Any]]:
    """Case -> job: every registered encoder, ReCon in its sizes."""
    source = {"random_weights": "base"} if weights is None else {"weights": weights}
    jobs: dict[str, dict[str, Any]] = {}
    for name in ENCODERS.names():
        if name == "recon":
            for case, options in RECON.items():
                # A cloud of as many points as are kept, as in training; a whole frame is thinned to 8192 points.
                cloud_points = 1024 if options["points"] == 1024 else None
                jobs[case] = {"encoder": name, "options": source | options, "cloud_points": cloud_points}
        else:
            jobs[name] = {"encoder": name, "options": source if name == "recon-parts" else {}, "cloud_points": None}
    return jobs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--frames", type=int, default=4, help="simulated frames, cut to a camera's field of view")
    parser.add_argument("--batch", type=int, default=8, help="clouds of a batch, for ReCon's network on its own")
    parser.add_argument("--repeats", type=int, default=5, help="the quickest run counts")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="which cases; all by default")
    parser.add_argument("--weights", help="a checkpoint of ReCon")
    parser.add_argument("--json", type=Path, help="write the numbers here")
    arguments = parser.parse_args()
    jobs = cases(arguments.weights)
    for name in set(arguments.only or ()) - set(jobs):
        parser.error(f"no such case: '{name}'. There are: {', '.join(jobs)}")
    found = []
    print("| encoder | ms a frame | frames/s | frames/s a core | batched, ms | peak MB | shares |")
    print("|---|---|---|---|---|---|---|")
    for case in arguments.only or jobs:
        job = jobs[case] | {"frames": arguments.frames, "batch": arguments.batch, "repeats": arguments.repeats}
        result = {"case": case} | in_own_process("benchmarks.one_encoder", job, arguments.threads)
        found.append(result)
        print(_row(result), flush=True)
    if arguments.json:
        numbers = {"machine": machine(), "versions": versions(["torch", "numba", "numpy"])}
        numbers |= {"threads": arguments.threads, "frames": arguments.frames, "encoders": found}
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(numbers, indent=1) + "\n")


def _row(result: dict[str, Any]) -> str:
    if "error" in result:
        return f"| {result['case']} | {result['error']} | | | | | |"
    wall, cpu = result["seconds_a_frame"], result["core_seconds_a_frame"]
    shares = ", ".join(f"{name} {share:.0%}" for name, share in result["shares"].items())
    batched = f"{result['batched_seconds_a_cloud'] * 1e3:.1f}" if "batched_seconds_a_cloud" in result else ""
    if batched:
        at_least = result["multiply_adds_a_cloud"] / result["multiply_adds_a_core_second"]
        limit = f", limit {LIMITS_S[result['case']] * 1e3:.0f}" if result["case"] in LIMITS_S else ""
        batched += f" ({result['batched_core_seconds_a_cloud'] * 1e3:.0f} core, floor {at_least * 1e3:.0f} core{limit})"
    columns = [f"{wall * 1e3:.1f}", f"{1 / wall:.1f}", f"{1 / cpu:.1f}", batched, f"{result['peak_memory_mb']:.0f}"]
    return f"| {result['case']} | {' | '.join(columns)} | {shares} |"


if __name__ == "__main__":
    main()
