"""Where the vehicle was: a tree of coordinate frames that move against each other, asked for at the times of frames."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scanpick.arrays import Float64Array, Int64Array
from scanpick.datasets.recordings.messages import TransformMessage
from scanpick.geometry.transforms import invert

BASES = ("base_link", "base_footprint", "base", "ego_vehicle", "vehicle")
"""Names of the vehicle's own frame, the usual one (REP 105) first."""
_FARTHEST_NS = 5_000_000_000
"""From poses that are farther away in time, no pose of a frame is made."""
_STILL = 1e-9


class Motion:
    """One frame in another one over time."""

    def __init__(self, parent: str) -> None:
        self.parent = parent
        self._times, self._numbers = array("q"), array("d")

    def add(self, stamp_ns: int, matrix: Float64Array) -> None:
        """Where it was at a time."""
        self._times.append(stamp_ns)
        self._numbers.frombytes(np.ascontiguousarray(matrix[:3]).tobytes())

    def known(self) -> tuple[Int64Array, Float64Array]:
        """(N,) times in order, and (N, 3, 4) where it was."""
        times = np.array(self._times, dtype=np.int64)
        times, first = np.unique(times, return_index=True)
        return times, np.array(self._numbers).reshape(-1, 3, 4)[first]

    def at(self, times_ns: Int64Array) -> Float64Array:
        """(T, 4, 4) at these times; NaN where none is known around them. What never moved is the same at all times."""
        known, rows = self.known()
        found = np.tile(np.eye(4), (len(times_ns), 1, 1))
        if np.ptp(rows, axis=0).max() < _STILL:
            found[:, :3] = rows[0]
            return found
        after = np.clip(np.searchsorted(known, times_ns), 1, max(1, len(known) - 1))
        before = after - 1
        after = np.minimum(after, len(known) - 1)
        span = np.maximum(known[after] - known[before], 1)
        share = np.clip((times_ns - known[before]) / span, 0, 1)
        found[:, :3] = _between(rows[before], rows[after], share)
        nearest = np.minimum(abs(times_ns - known[before]), abs(times_ns - known[after]))
        found[nearest > _FARTHEST_NS] = np.nan
        return found


@dataclass(frozen=True)
class Place:
    """How a sensor is fixed to the vehicle, and what is known of the vehicle's way.

    Attributes:
        base: The vehicle's frame; "" where the sensor's own is taken for it.
        base_SE3_sensor: (4, 4).
        world: The fixed frame; "" where no pose is known.
        world_SE3_base: (T, 4, 4) at the times asked for, NaN where unknown; None where no pose is known.
    """

    base: str
    base_SE3_sensor: Float64Array
    world: str = ""
    world_SE3_base: Float64Array | None = None

    @property
    def frame_poses(self) -> Float64Array | None:
        """(T, 4, 4) from the vehicle's axes in the sensor's origin to the world."""
        if self.world_SE3_base is None:
            return None
        shift = np.eye(4)
        shift[:3, 3] = self.base_SE3_sensor[:3, 3]
        return self.world_SE3_base @ shift


class TransformTree:
    """Coordinate frames, each with the one that it is given in."""

    def __init__(self, transforms: Iterable[TransformMessage] = ()) -> None:
        self._motions: dict[str, Motion] = {}
        for transform in transforms:
            self.add(transform)

    def add(self, transform: TransformMessage) -> None:
        """One transform more. A frame that is given in two others stays with the first."""
        child, parent = transform.child.lstrip("/"), transform.parent.lstrip("/")
        motion = self._motions.setdefault(child, Motion(parent))
        if motion.parent == parent != child:
            motion.add(transform.stamp_ns, transform.parent_SE3_child)

    def above(self, frame: str) -> list[str]:
        """The frame, the one that it is given in, and so on; the last is given in none."""
        chain = [frame.lstrip("/")]
        while (
            (motion := self._motions.get(chain[-1])) is not None
            and motion.parent not in chain
            and len(motion.known()[0])
        ):
            chain.append(motion.parent)
        return chain

    def along(self, chain: Sequence[str], times_ns: Int64Array) -> Float64Array:
        """(T, 4, 4) from the first frame of a chain to its last."""
        found = np.tile(np.eye(4), (len(times_ns), 1, 1))
        for child in chain[:-1]:
            found = self._motions[child].at(times_ns) @ found
        return found

    def place(self, sensor: str, base: str, times_ns: Int64Array) -> Place:
        """Where the sensor is on the vehicle and the vehicle in the world.

        Args:
            sensor: The frame of the points.
            base: The vehicle's frame; "auto" takes the first of `BASES` that the sensor is given in.
            times_ns: (T,) times of frames.
        """
        chain = self.above(sensor)
        wanted = BASES if base == "auto" else (base.lstrip("/"),)
        found = next((name for name in wanted if name in chain), "")
        cut = chain.index(found) if found else 0
        fixed = self.along(chain[: cut + 1], times_ns[:1])[0]
        if np.isnan(fixed).any():  # moves against the vehicle: a turning mount is none of a LiDAR's of a vehicle
            return Place("", np.eye(4))
        way = chain[cut:]
        if len(way) == 1:
            return Place(found, fixed)
        return Place(found, fixed, way[-1], self.along(way, times_ns))


def with_odometry(
    place: Place, tree: TransformTree, messages: Sequence[TransformMessage], times_ns: Int64Array
) -> Place:
    """The place with the way that an odometry or pose topic tells.

    Its child frame is taken for the vehicle's where no transform says how it is fixed to that.
    """
    motion = Motion(messages[0].parent)
    for message in messages:
        motion.add(message.stamp_ns, message.parent_SE3_child)
    way = motion.at(times_ns)
    child = messages[0].child.lstrip("/")
    if place.base and child and place.base in (chain := tree.above(child)):
        base_SE3_child = tree.along(chain[: chain.index(place.base) + 1], times_ns[:1])[0]
        way = way @ invert(base_SE3_child)
    return replace(place, world=motion.parent, world_SE3_base=way)


def told(places: Mapping[str, Place]) -> str:
    """What was found for each sequence, in words."""
    bases = sorted({place.base for place in places.values() if place.base})
    worlds = sorted({place.world for place in places.values() if place.world_SE3_base is not None})
    axes = (
        f"axes of {', '.join(bases)} by its transforms" if bases else "axes as the sensor's (no transform tells others)"
    )
    poses = f"poses in {', '.join(worlds)}" if worlds else "no poses"
    return f"{axes}; {poses}"


def _between(first: Float64Array, second: Float64Array, share: Float64Array) -> Float64Array:
    """(T, 3, 4) between two poses: translations on a line, rotations about one axis."""
    from scipy.spatial.transform import Rotation  # half a second to import, for recordings with poses alone

    turn = Rotation.from_matrix(np.swapaxes(first[:, :, :3], 1, 2) @ second[:, :, :3]).as_rotvec()
    found = first.copy()
    found[:, :, :3] = first[:, :, :3] @ Rotation.from_rotvec(turn * share[:, None]).as_matrix()
    found[:, :, 3] += (second[:, :, 3] - first[:, :, 3]) * share[:, None]
    return found
