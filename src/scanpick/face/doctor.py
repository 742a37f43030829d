"""``sp.doctor``: open every frame of a data set and say what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scanpick.datasets import open_dataset
from scanpick.datasets.inspection import FrameInspector, Inspection, collect
from scanpick.workspace.reading import Progress, no_progress
from scanpick.workspace.worker_pool import available_cores, run_jobs

FRAMES_IN_A_JOB = 8


def doctor(
    data: str | Path,
    *,
    options: Mapping[str, Any] | None = None,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Inspection:
    """Open every frame of a data set and report what is there and what is wrong with it.

    Args:
        data: A folder of frames (KITTI or any point files), or ``NAME:ARGUMENT`` such as ``simulated:demo``.
        options: Options of the data set.
        workers: Processes; all cores by default.
        progress: Shows how far it is.

    Raises:
        ScanpickError: The data set cannot be opened.

    Example:
        >>> import scanpick as sp
        >>> sp.doctor("simulated:demo", options={"frames": 4}).summary()["frames"]
        4
    """
    dataset = open_dataset(str(data), **(options or {}))
    frame_ids = [record.frame_id for record in dataset.records]
    jobs = [frame_ids[start : start + FRAMES_IN_A_JOB] for start in range(0, len(frame_ids), FRAMES_IN_A_JOB)]
    inspected = []
    with progress("Opening frames", len(frame_ids)) as advance:
        for _, found in run_jobs(FrameInspector(dataset), jobs, workers or available_cores()):
            inspected += found
            advance(len(found))
    return collect(dataset, inspected)
