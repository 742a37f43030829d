"""One number of threads in a process of its own: `python -m benchmarks.one_thread_count JOB RESULT`.

The job is {"work", "steps"}; the result {"seconds"}: of a training step, or of one round of the point kernels.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

WARM_STEPS = 5
SCALE = 30.0


def run_job(job: dict[str, Any]) -> dict[str, Any]:
    """Measure one piece of work."""
    seconds = kernels(job["steps"]) if job["work"] == "kernels" else training(job["work"], job["steps"])
    return {"seconds": seconds}


def training(detector: str, steps: int) -> float:
    """Seconds of a step of training, with all that belongs to it."""
    from benchmarks.one_detector import read_frames
    from scanpick.detectors.saved import build_detector
    from scanpick.detectors.training import train
    from scanpick.networks.training import TrainingSettings

    ended: list[float] = []
    model = build_detector(detector, ("Car",), seed=0)
    settings = TrainingSettings(iterations=WARM_STEPS + steps)
    with tempfile.TemporaryDirectory() as folder:
        train(model, read_frames(8), settings, Path(folder), advance=lambda _: ended.append(time.perf_counter()))
    return (ended[-1] - ended[WARM_STEPS]) / steps


def kernels(rounds: int) -> float:
    """Seconds of sampling, a ball query and nearest neighbours in a batch of two clouds."""
    from scanpick.geometry.ball_query import Ring, ball_query
    from scanpick.geometry.farthest_point_sampling import farthest_point_sampling_batch
    from scanpick.geometry.nearest_neighbours import nearest_neighbours

    clouds = np.random.default_rng(0).normal(0, [SCALE, SCALE, 1.0], (2, 16384, 3)).astype(np.float32)

    def run() -> None:
        farthest_point_sampling_batch(clouds, 2048)
        for cloud in clouds:
            ball_query(cloud, cloud[:2048], [Ring(0.0, 1.0, 16)])
            nearest_neighbours(cloud, cloud[:2048], 8)

    run()
    started = time.perf_counter()
    for _ in range(rounds):
        run()
    return (time.perf_counter() - started) / rounds


def main() -> None:
    """Read the job, write the result."""
    job = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps(run_job(job)))


if __name__ == "__main__":
    main()
