"""``simulated:NAME``: drives from our own LiDAR simulator."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from scanpick.datasets.listed import ListedDataset
from scanpick.datasets.options import whole_number
from scanpick.datasets.simulated.annotate import CAMERA
from scanpick.datasets.simulated.route import Route, Visit, plan_route
from scanpick.datasets.simulated.sets import RATE_HZ, SETS, Drive, drives_of
from scanpick.datasets.simulated.simulation import SimulatedFrame, simulate
from scanpick.datasets.simulated.streets import build_world
from scanpick.datasets.simulated.world import World
from scanpick.structures import Calibration, Frame, FrameRecord, Labels

EPOCH_NS = 1_600_000_000_000_000_000
"""Time of the first drive's first sweep; drives are an hour apart."""

SIMULATOR_VERSION = 1
"""Grows with every change that changes frames."""

MOST_FRAMES = 1_000_000

STREET_APART_M = 10_000.0
"""Between the shared streets of a set."""


class SimulatedDrives(ListedDataset):
    """A named set of simulated drives.

    A frame depends on the set, the seed, its drive and its place in it alone: neither on the order of reading nor on
    threads nor on how many frames are asked for.

    Args:
        name: ``demo``, ``drives`` or ``fleet``.
        frames: How many frames in all; the set's own number where not given.
        seed: Another seed gives other drives.
        full: The whole turn instead of what the front camera sees.

    Raises:
        ScanpickError: The set is unknown, or an option is out of range.

    Example:
        >>> drives = SimulatedDrives("demo", frames=24)
        >>> drives.records[0].frame_id
        'drive_00/000000'
    """

    def __init__(self, name: str, *, frames: int | None = None, seed: int = 0, full: bool = False) -> None:
        count = None if frames is None else whole_number("frames", frames, least=1, most=MOST_FRAMES)
        self._set, self._seed = name, whole_number("seed", seed, least=0, most=2**32 - 1)
        self._full = full
        self._options = {"frames": count, "seed": self._seed, "full": self._full}
        drives = drives_of(name, frames=count, seed=self._seed)
        self._drives = {drive.number: drive for drive in drives}
        # The values that were wanted last. Threads may both make one; it is the same.
        self._route = lru_cache(4096)(self._plan_route)
        self._world = lru_cache(64)(self._build_world)
        self._simulated = lru_cache(4)(self._simulate)
        records = [record for drive in drives for record in self._records_of(drive)]
        view = "360 degrees" if self._full else "the camera's field of view"
        described = f"{len(records)} frames of {len(drives)} simulated drives, seed {self._seed}, {view}"
        super().__init__(f"simulated:{name}", described, records)

    def __reduce__(self) -> tuple[Any, ...]:
        return _open, (self._set, self._options)

    @property
    def settings(self) -> dict[str, str | int | bool]:
        """Everything its frames depend on."""
        return {
            "set": self._set,
            "seed": self._seed,
            "frames": len(self.records),
            "full": self._full,
            "simulator": SIMULATOR_VERSION,
        }

    def read(self, frame_id: str) -> Frame:
        """The points of one frame. See `Dataset.read`."""
        return Frame(self.record(frame_id), self._simulated(frame_id).points, CAMERA)

    def labels(self, frame_id: str) -> Labels:
        """The labels of one frame."""
        return self._simulated(frame_id).labels

    def has_labels(self, frame_id: str) -> bool:
        """Every frame has; nothing is simulated for it."""
        return self.record(frame_id) is not None

    def calibration(self, frame_id: str) -> Calibration:
        """The calibration, the same for all frames."""
        self.record(frame_id)
        return CAMERA

    def _records_of(self, drive: Drive) -> list[FrameRecord]:
        route = self._route(drive.number)
        # Every street begins at the origin of a world of its own: where several drives share them, they lie apart.
        corner_x, corner_y = (0.0, 0.0) if drive.street is None else (STREET_APART_M * drive.street, 0.0)
        records = []
        for index in range(0, drive.frames * drive.stride, drive.stride):
            x, y, _ = route.ego.at(index / RATE_HZ)
            x, y = x + corner_x, y + corner_y
            metadata: dict[str, str | int | float | bool] = {
                **{"split": drive.split, "scenario": drive.scenario},
                **{"position_x_m": round(x, 3), "position_y_m": round(y, 3)},
            }
            stamp = EPOCH_NS + drive.number * 3_600_000_000_000 + index * (1_000_000_000 // RATE_HZ)
            records.append(FrameRecord(drive.frame_id(index), drive.sequence, index, stamp, None, metadata))
        return records

    def _simulate(self, frame_id: str) -> SimulatedFrame:
        index = self.record(frame_id).index_in_sequence
        number = int(frame_id.split("/")[0].removeprefix("drive_"))
        noise = np.random.SeedSequence([*self._key(number), 3, index]).generate_state(1, np.uint64)
        return simulate(self._world(number), index / RATE_HZ, int(noise[0]), full=self._full)

    def _plan_route(self, number: int) -> Route:
        drive = self._drives[number]
        rng, visit_rng = self._generators(drive, 1)
        visit = None if visit_rng is None else Visit(visit_rng, drive.longest / RATE_HZ)
        return plan_route(drive.scenario, drive.horizon / RATE_HZ, rng, visit)

    def _build_world(self, number: int) -> World:
        return build_world(self._route(number), *self._generators(self._drives[number], 2))

    def _generators(self, drive: Drive, purpose: int) -> tuple[np.random.Generator, np.random.Generator | None]:
        """What draws a drive's street, and where several drives share it, what draws this drive."""
        own = np.random.default_rng([*self._key(drive.number), purpose])
        if drive.street is None:
            return own, None
        return np.random.default_rng([*self._key(drive.street), purpose, 1]), own

    def _key(self, number: int) -> tuple[int, int, int]:
        return (SETS[self._set].key, self._seed, number)


def _open(name: str, options: dict[str, Any]) -> SimulatedDrives:
    """Open again what was pickled: records and worlds are made anew."""
    return SimulatedDrives(name, **options)
