"""Time the detectors: a frame forward, a training step a frame, the share of each stage, points a second, memory.

python -m benchmarks.detectors [--threads 2] [--frames 2] [--only NAME ...] [--json FILE]
"""

import argparse
import json
from pathlib import Path

from benchmarks.measuring import in_own_process, machine, versions
from scanpick.detectors import DETECTORS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--frames", type=int, default=2, help="frames of a training batch")
    parser.add_argument("--repeats", type=int, default=5, help="the quickest run counts")
    parser.add_argument("--only", nargs="+", default=DETECTORS.names(), help="which detectors")
    parser.add_argument("--json", type=Path, help="write the numbers here")
    arguments = parser.parse_args()
    numbers = {"machine": machine(), "versions": versions(["torch", "numba", "numpy"]), "threads": arguments.threads}
    found = []
    for name in arguments.only:
        job = {"detector": name, "frames": arguments.frames, "repeats": arguments.repeats}
        found.append(in_own_process("benchmarks.one_detector", job, arguments.threads))
        print(json.dumps({"detector": name} | found[-1], indent=1), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers | {"detectors": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
