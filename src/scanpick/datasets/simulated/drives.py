"""``simulated:NAME``: drives from our own LiDAR simulator."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property
from threading import Lock
from typing import Any, Generic, TypeVar

import numpy as np

from scanpick.datasets.options import one_of, whole_number
from scanpick.datasets.simulated.route import Route, Visit, plan_route
from scanpick.datasets.simulated.sets import RATE_HZ, SETS, Drive, drives_of
from scanpick.datasets.simulated.simulation import CAMERA, SimulatedFrame, simulate
from scanpick.datasets.simulated.streets import build_world
from scanpick.datasets.simulated.world import World
from scanpick.errors import unknown_name
from scanpick.structures import Calibration, Frame, FrameRecord, Labels

EPOCH_NS = 1_600_000_000_000_000_000
"""Time of the first drive's first sweep; drives are an hour apart."""

SIMULATOR_VERSION = 1
"""Grows with every change that changes frames."""

MOST_FRAMES = 1_000_000

STREET_APART_M = 10_000.0
"""Between the shared streets of a set."""

V = TypeVar("V")


class SimulatedDrives:
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

    def __init__(
        self, name: str, *, frames: int | str | None = None, seed: int | str | None = None, full: bool | str = False
    ) -> None:
        self._set = name
        self._frames = None if frames is None else whole_number("frames", frames, least=1, most=MOST_FRAMES)
        self._seed = 0 if seed is None else whole_number("seed", seed, least=0, most=2**32 - 1)
        self._full = one_of("full", str(full).lower(), ("true", "false")) == "true"
        self._drives = drives_of(name, frames=self._frames, seed=self._seed)
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        return {key: self.__dict__[key] for key in ("_set", "_frames", "_seed", "_full", "_drives")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    @property
    def name(self) -> str:
        """``simulated:NAME``."""
        return f"simulated:{self._set}"

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

    @property
    def description(self) -> str:
        """What the set holds."""
        view = "360 degrees" if self._full else "the camera's field of view"
        return f"{len(self.records)} frames of {len(self._drives)} simulated drives, seed {self._seed}, {view}"

    @cached_property
    def records(self) -> Sequence[FrameRecord]:
        """Every frame, drive by drive; nothing is simulated for it."""
        return [record for drive in self._drives for record in self._records_of(drive)]

    def read(self, frame_id: str) -> Frame:
        """The points of one frame.

        Raises:
            ScanpickError: There is no such frame.
        """
        return Frame(self._record(frame_id), self._simulated(frame_id).points, CAMERA)

    def labels(self, frame_id: str) -> Labels:
        """The labels of one frame."""
        return self._simulated(frame_id).labels

    def has_labels(self, frame_id: str) -> bool:
        """Every frame has; nothing is simulated for it."""
        self._record(frame_id)
        return True

    def calibration(self, frame_id: str) -> Calibration:
        """The calibration, the same for all frames."""
        self._record(frame_id)
        return CAMERA

    def _records_of(self, drive: Drive) -> list[FrameRecord]:
        route = self._route(drive.number)
        # Every street begins at the origin of a world of its own: where several drives share them, they lie apart.
        corner_x, corner_y = (0.0, 0.0) if drive.street is None else (STREET_APART_M * drive.street, 0.0)
        records = []
        for index in range(0, drive.frames * drive.stride, drive.stride):
            time = index / RATE_HZ
            x, y, _ = route.ego.at(time)
            x, y = x + corner_x, y + corner_y
            metadata: dict[str, str | int | float | bool] = {
                **{"split": drive.split, "scenario": drive.scenario},
                **{"position_x_m": round(x, 3), "position_y_m": round(y, 3)},
            }
            stamp = EPOCH_NS + drive.number * 3_600_000_000_000 + index * (1_000_000_000 // RATE_HZ)
            records.append(FrameRecord(drive.frame_id(index), drive.sequence, index, stamp, None, metadata))
        return records

    @cached_property
    def _by_id(self) -> dict[str, FrameRecord]:
        return {record.frame_id: record for record in self.records}

    def _record(self, frame_id: str) -> FrameRecord:
        if frame_id not in self._by_id:
            raise unknown_name("frame", frame_id, self._by_id)
        return self._by_id[frame_id]

    def _simulated(self, frame_id: str) -> SimulatedFrame:
        record = self._record(frame_id)
        drive = int(frame_id.split("/")[0].removeprefix("drive_"))
        index = record.index_in_sequence

        def make() -> SimulatedFrame:
            noise = np.random.SeedSequence([*self._key(drive), 3, index]).generate_state(1, np.uint64)
            return simulate(self._world(drive), index / RATE_HZ, int(noise[0]), full=self._full)

        return self._latest.get(frame_id, make)

    def _route(self, number: int) -> Route:
        drive = self._by_number[number]

        def make() -> Route:
            rng, visit_rng = self._generators(drive, 1)
            visit = None if visit_rng is None else Visit(visit_rng, drive.longest / RATE_HZ)
            return plan_route(drive.scenario, drive.horizon / RATE_HZ, rng, visit)

        return self._routes.get(number, make)

    def _world(self, number: int) -> World:
        def make() -> World:
            return build_world(self._route(number), *self._generators(self._by_number[number], 2))

        return self._worlds.get(number, make)

    def _generators(self, drive: Drive, purpose: int) -> tuple[np.random.Generator, np.random.Generator | None]:
        """What draws a drive's street, and where several drives share it, what draws this drive."""
        own = np.random.default_rng([*self._key(drive.number), purpose])
        if drive.street is None:
            return own, None
        return np.random.default_rng([*self._key(drive.street), purpose, 1]), own

    @cached_property
    def _by_number(self) -> dict[int, Drive]:
        return {drive.number: drive for drive in self._drives}

    def _key(self, number: int) -> tuple[int, int, int]:
        return (SETS[self._set].key, self._seed, number)

    def _forget(self) -> None:
        self._routes: _Latest[int, Route] = _Latest(4096)
        self._worlds: _Latest[int, World] = _Latest(64)
        self._latest: _Latest[str, SimulatedFrame] = _Latest(4)


K = TypeVar("K")


class _Latest(Generic[K, V]):
    """The values that were wanted last. Threads may both make one; it is the same."""

    def __init__(self, size: int) -> None:
        self._size, self._values, self._lock = size, OrderedDict[K, V](), Lock()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of this key, made where it is not at hand."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._size:
                self._values.popitem(last=False)
        return value
