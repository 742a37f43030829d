"""The set `fleet`: a few long drives and many short ones, streets that are driven again, vehicles that stand."""

from collections import Counter

import numpy as np
import pytest

from scanpick.datasets.simulated import SimulatedDrives
from scanpick.datasets.simulated.drives import STREET_APART_M
from scanpick.datasets.simulated.sets import KITTI_LENGTHS, drives_of
from scanpick.datasets.simulated.world import World


@pytest.fixture(scope="module")
def fleet() -> SimulatedDrives:
    return SimulatedDrives("fleet")


def pool_drives(seed: int = 0):
    return [drive for drive in drives_of("fleet", seed=seed) if drive.split == "pool"]


def test_the_lengths_of_drives_are_as_lopsided_as_kittis():
    assert (len(KITTI_LENGTHS), sum(KITTI_LENGTHS)) == (141, 7481)
    lengths = sorted((drive.frames for drive in pool_drives()), reverse=True)
    assert (len(lengths), sum(lengths)) == (141, 3000)
    kitti = sorted(KITTI_LENGTHS, reverse=True)
    for longest in (5, 20, 70):
        assert sum(lengths[:longest]) / 3000 == pytest.approx(sum(kitti[:longest]) / 7481, abs=0.02)


def test_a_few_streets_are_driven_most_and_natural_evaluation_frames_lie_on_some_of_them():
    drives = drives_of("fleet")
    visits = Counter(drive.street for drive in drives if drive.split == "pool")
    assert visits.most_common(1)[0][1] > 10
    assert sum(count == 1 for count in visits.values()) > 20
    shared = [drive for drive in drives if drive.split == "natural" and drive.street in visits]
    assert 0 < len(shared) < 60
    assert {drive.scenario for drive in drives if drive.street == 0} == {drives[0].scenario}


def test_balanced_evaluation_drives_are_of_one_length_on_streets_of_their_own():
    balanced = [drive for drive in drives_of("fleet") if drive.split == "balanced"]
    assert {drive.frames for drive in balanced} == {5}
    assert all(drive.street is None for drive in balanced)


def standing(world: World) -> set[tuple[float, ...]]:
    """Places of what stands and has no class: buildings, trees, fences."""
    scenery = [place for place, thing in enumerate(world.things[: len(world.standing)]) if not thing.class_name]
    return {tuple(row) for row in world.standing[scenery].round(6)}


def driving(world: World) -> set[tuple[float, ...]]:
    """Where the cars that drive are at the beginning."""
    moving = world.things[len(world.standing) :]
    return {mover.at(0.0) for mover, thing in zip(world.movers, moving, strict=True) if thing.class_name == "Car"}


def test_drives_on_one_street_see_the_same_scenery_and_other_traffic(fleet):
    first, second = [drive for drive in pool_drives() if drive.street == 0][:2]
    worlds = [fleet._world(drive.number) for drive in (first, second)]
    places = [standing(world) for world in worlds]
    assert len(places[0]) > 50
    assert len(places[0] & places[1]) > 0.9 * len(places[0])
    cars = [driving(world) for world in worlds]
    assert cars[0]
    assert not cars[0] & cars[1]
    assert np.array_equal(fleet._route(first.number).road.x, fleet._route(second.number).road.x)


def test_positions_tell_streets_apart(fleet):
    place = {record.sequence: record.metadata["position_x_m"] for record in fleet.records}
    for drive in pool_drives():
        if drive.street is not None:
            assert abs(place[drive.sequence] - STREET_APART_M * drive.street) < STREET_APART_M / 2


def test_a_part_of_the_frames_is_taken_standing(fleet):
    still = 0
    for before, after in zip(fleet.records, fleet.records[1:], strict=False):
        step = [after.metadata[f"position_{axis}_m"] - before.metadata[f"position_{axis}_m"] for axis in "xy"]
        still += before.sequence == after.sequence and np.hypot(*step) < 0.1
    assert 0.1 < still / len(fleet.records) < 0.5


def test_fewer_frames_are_the_same_frames(fleet):
    few = SimulatedDrives("fleet", frames=60)
    last = few.records[-1]
    assert len(few.records) == 60
    assert np.array_equal(few.read(last.frame_id).points, fleet.read(last.frame_id).points)
    pooled = next(record for record in few.records if record.metadata["split"] == "pool")
    assert np.array_equal(few.read(pooled.frame_id).points, fleet.read(pooled.frame_id).points)
