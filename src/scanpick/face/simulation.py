"""``sp.simulate``: write simulated drives as a KITTI folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scanpick.datasets.simulated import SimulatedDrives
from scanpick.datasets.simulated.writer import KittiWriter
from scanpick.workspace.reading import Progress, no_progress
from scanpick.workspace.worker_pool import available_cores, run_jobs


@dataclass(frozen=True)
class Simulated:
    """What was simulated.

    Attributes:
        folder: Where it was written.
        drives: The frames.
        written: How many of them were written now; the others were there.
    """

    folder: Path
    drives: SimulatedDrives
    written: int


def simulate(
    out: str | Path,
    frames: int | None = None,
    *,
    seed: int = 0,
    drives: str = "demo",
    full: bool = False,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Simulated:
    """Write simulated drives as a KITTI object folder: points, labels, calibrations, lists, drives.

    Killed and started again, it goes on where it stopped.

    Args:
        out: The folder to write: new, or begun by the same call.
        frames: How many; as many as the set has by default.
        seed: Seed of all chance.
        drives: Which set of drives: demo or drives.
        full: Points all around instead of those that the camera sees.
        workers: Processes; all cores by default.
        progress: Shows how far it is.

    Raises:
        ScanpickError: The folder holds something else.

    Example:
        >>> import scanpick as sp
        >>> sp.simulate("kitti-like", 4, seed=1).written
        4
    """
    made = SimulatedDrives(drives, frames=frames, seed=seed, full=full)
    writer = KittiWriter(made, Path(out))
    jobs = writer.prepare()
    to_do = sum(len(job) for job in jobs)
    with progress("Simulate", to_do) as advance:
        for _, written in run_jobs(writer, jobs, workers or available_cores()):
            advance(written)
    writer.finish()
    return Simulated(Path(out), made, to_do)
