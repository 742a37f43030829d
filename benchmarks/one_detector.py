"""One detector in a process of its own: `python -m benchmarks.one_detector JOB RESULT`.

The job is {"detector", "frames", "repeats"}; the result holds seconds a frame, the share of each stage, points a second
and peak memory. Frames are simulated.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.measuring import memory_in_use, peak_memory, reset_peak
from benchmarks.stages import StageClock
from scanpick.datasets import open_dataset
from scanpick.detectors.detector import DetectorModel
from scanpick.detectors.saved import build_detector
from scanpick.detectors.ssd3d import backbone
from scanpick.detectors.ssd3d.network import Ssd3dNetwork
from scanpick.networks import set_abstraction
from scanpick.training.scenes import read_scenes

CPU = torch.device("cpu")


def run_job(job: dict[str, Any]) -> dict[str, Any]:
    """Measure one detector."""
    model = build_detector(job["detector"], ("Car",), seed=0)
    frames = read_frames(job["frames"])
    rng = np.random.default_rng(0)
    samples = [model.sample(scene, rng, training=True) for scene in frames]
    training, predicting = step(model, samples), prediction(model, samples)
    predicting()
    training()
    reset_peak()
    before = memory_in_use()
    seconds = {
        "sample": per_frame(lambda: [model.sample(s, rng, training=True) for s in frames], len(frames), job["repeats"]),
        "predict": per_frame(predicting, len(frames), job["repeats"]),
        "forward_and_backward": per_frame(training, len(frames), job["repeats"]),
    }
    points = model.settings.get("points") or float(np.mean([len(scene.points) for scene in frames]))
    return {
        "detector": job["detector"],
        "parameters": sum(parameter.numel() for parameter in model.network.parameters()),
        "frames_of_a_batch": len(frames),
        "seconds_a_frame": seconds,
        "points_a_second": points / seconds["predict"],
        "peak_memory_mb": (peak_memory() - before) / 2**20,
        "shares": stage_shares(model, samples),
    }


def read_frames(count: int) -> list[Any]:
    """Labelled frames of simulated drives."""
    dataset = open_dataset("simulated:demo")
    records = dataset.records[:: max(1, len(dataset.records) // count)][:count]
    return read_scenes(dataset, [record.frame_id for record in records], need_labels=True).scenes


def step(model: DetectorModel, samples: list[Any]) -> Callable[[], None]:
    """Forward, losses and backward of a batch."""

    def run() -> None:
        model.network.train()
        model.network.zero_grad(set_to_none=True)
        torch.stack(list(model.losses(model.batch(samples, CPU)).values())).sum().backward()

    return run


def prediction(model: DetectorModel, samples: list[Any]) -> Callable[[], None]:
    """Detections of each frame on its own."""

    def run() -> None:
        model.network.eval()
        with torch.inference_mode():
            for sample in samples:
                model.detections(model.batch([sample], CPU))

    return run


def per_frame(run: Callable[[], object], frames: int, repeats: int) -> float:
    """Least seconds a frame."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times) / frames


def stage_shares(model: DetectorModel, samples: list[Any]) -> dict[str, float]:
    """Share of each stage in a training step."""
    clock = StageClock()
    network = model.network
    if isinstance(network, Ssd3dNetwork):
        clock.around(backbone, "draw_points", "sampling")
        clock.around(set_abstraction, "ball_query", "ball queries")
        for level, abstraction in enumerate(network.backbone.SA_modules):
            clock.around(abstraction, "forward", f"set abstraction {level + 1}")
        for condense in network.backbone.aggregation_mlps:
            clock.around(condense, "forward", "aggregation")
        clock.around(network.bbox_head.vote_module, "forward", "votes")
        clock.around(network.bbox_head.vote_aggregation, "forward", "around the votes")
        clock.around(network.bbox_head.conv_pred, "forward", "class and box")
        if network.second_look is not None:
            clock.around(network.second_look, "forward", "second look")
            clock.around(network.second_look, "losses", "second look")
    else:
        for name, child in network.named_children():
            parts = list(child) if isinstance(child, nn.ModuleList) else [child]
            for number, part in enumerate(parts, start=1):
                clock.around(part, "forward", f"{name} {number}" if len(parts) > 1 else name)
    network.train()
    with clock.stage("targets, losses and the rest"):
        total = torch.stack(list(model.losses(model.batch(samples, CPU)).values())).sum()
        with clock.stage("backward"):
            total.backward()
    return clock.shares()


def main() -> None:
    """Read the job, write the result."""
    job = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps(run_job(job)))


if __name__ == "__main__":
    main()
