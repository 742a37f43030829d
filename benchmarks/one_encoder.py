"""One encoder in a process of its own: `python -m benchmarks.one_encoder JOB RESULT`.

The job is {"encoder", "options", "cloud_points", "frames", "batch", "repeats"}; the result holds seconds a frame (wall
and processor), the share of each stage and peak memory, and for ReCon the time of a cloud in a batch. Frames are
simulated, cut to a camera's field of view.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from benchmarks.measuring import memory_in_use, peak_memory, reset_peak, timed
from benchmarks.stages import StageClock
from scanpick.datasets import open_dataset
from scanpick.encoders import ENCODERS, Encoder, scan_context, statistics
from scanpick.encoders.recon import encoder as recon
from scanpick.encoders.recon import inference, parts
from scanpick.encoders.recon.config import ReConConfig
from scanpick.encoders.recon.encoder import ReConOptions, ReConScene
from scanpick.structures import Frame


def run_job(job: dict[str, Any]) -> dict[str, Any]:
    """Measure one encoder."""
    frames = read_frames(job["frames"], job["cloud_points"])
    before = memory_in_use()
    encoder = ENCODERS.make(job["encoder"], job["options"])
    if encoder.in_workers:
        torch.set_num_threads(1)  # it runs in worker processes, one thread each
    encoder.encode(frames)  # compiles, and loads weights
    reset_peak()
    wall, cpu = least(lambda: [encoder.encode([frame]) for frame in frames], job["repeats"])
    result = {
        "encoder": job["encoder"],
        "dimension": encoder.dimension,
        "points_a_frame": float(np.mean([len(frame.points) for frame in frames])),
        "seconds_a_frame": wall / len(frames),
        "core_seconds_a_frame": cpu / len(frames),
        "peak_memory_mb": (peak_memory() - before) / 2**20,
    }
    if isinstance(encoder, ReConScene):
        wall, cpu = least(lambda: encode_together(encoder, frames, job["batch"]), job["repeats"])
        result |= {
            "batched_seconds_a_cloud": wall / job["batch"],
            "batched_core_seconds_a_cloud": cpu / job["batch"],
            "multiply_adds_a_cloud": multiply_adds(encoder.network.config, encoder.groups),
            "multiply_adds_a_core_second": products_per_core_second(encoder.precision),
        }
    return result | {"shares": stage_shares(encoder, frames)}


def read_frames(count: int, cloud_points: int | None) -> list[Frame]:
    """Frames of simulated drives; thinned at random to clouds of so many points where that is asked for."""
    dataset = open_dataset("simulated:demo")
    frames = [dataset.read(record.frame_id) for record in dataset.records[:: len(dataset.records) // count][:count]]
    if cloud_points is None:
        return frames
    rng = np.random.default_rng(0)
    return [
        Frame(frame.record, frame.points[np.sort(rng.choice(len(frame.points), cloud_points, replace=False))])
        for frame in frames
    ]


def least(run: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Seconds and seconds of processor time, of the quickest run each."""
    times = [timed(run)[1:] for _ in range(repeats)]
    return min(wall for wall, _ in times), min(cpu for _, cpu in times)


def encode_together(encoder: ReConScene, frames: list[Frame], batch: int) -> None:
    """A batch of clouds, each sampled and grouped, through the network at once."""
    size = encoder.network.config.group_size
    clouds = [frames[place % len(frames)].points[:, :3] for place in range(batch)]
    groups = [recon.scene_groups(cloud, encoder.points, encoder.groups, size, encoder.up) for cloud in clouds]
    neighbourhoods, centres = (np.stack(arrays) for arrays in zip(*groups, strict=True))
    encoder.features(neighbourhoods, centres)


def multiply_adds(config: ReConConfig, groups: int) -> int:
    """In the matrix products and the attention of one cloud: what no arrangement of steps can do without."""
    width, points = config.width, groups * config.group_size
    patches = points * (3 * 128 + 128 * 256 + 256 * 512 + 512 * width) + groups * 256 * 512
    position = groups * (3 * 128 + 128 * width)
    of_patches = groups * (5 + 1 + 8) * width * width + 2 * groups * groups * width  # q, k, v twice k, v; proj; MLP
    of_special = 3 * (1 + 1 + 8) * width * width + 2 * 3 * groups * width
    return patches + position + config.depth * (of_patches + of_special)


def products_per_core_second(precision: str) -> float:
    """Multiply-adds of the widest product of a block, on weights in the quickest order."""
    layer = nn.Linear(384, 1536)
    product = inference._Linear(layer.weight, layer.bias, cast(inference.Precision, precision), "none")
    rows = torch.randn(512, 384)
    with torch.inference_mode():
        _, cpu = least(lambda: [product(rows) for _ in range(20)], 10)
    return 20 * 512 * 384 * 1536 / cpu


def stage_shares(encoder: Encoder, frames: list[Frame]) -> dict[str, float]:
    """Share of each stage."""
    clock = StageClock()
    if isinstance(encoder, ReConOptions):
        clock.around(recon, "farthest_point_sampling", "sampling")
        clock.around(recon, "nearest_neighbours", "neighbours")
        clock.around(parts, "cut_into_parts", "cutting")
        clock.around(inference._Patches, "__call__", "patches")
        clock.around(inference._Block, "__call__", "products of blocks")
        clock.around(torch.nn.LayerNorm, "forward", "norms")
        clock.around(inference.F, "scaled_dot_product_attention", "attention")
    for module, name, stage in (
        (scan_context, "height_map", "map"),
        (scan_context, "smoothed", "smoothing"),
        (statistics, "_count", "points"),
        (statistics, "_count_cells", "cells"),
    ):
        clock.around(module, name, stage)
    with clock.stage("rest"):
        for frame in frames:
            encoder.encode([frame])
    clock.remove()
    return clock.shares()


def main() -> None:
    """Read the job, write the result."""
    job = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps(run_job(job)))


if __name__ == "__main__":
    main()
