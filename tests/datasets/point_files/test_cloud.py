"""From numbers to a cloud: columns, named fields, values that are not finite."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.point_files.cloud import (
    NO_INTENSITY,
    NO_RETURN,
    check_size,
    cloud_from_fields,
    cloud_from_table,
)
from scanpick.errors import FrameError

PATH = Path("1.pcd")


def test_points_that_are_not_finite_can_be_dropped_and_are_counted() -> None:
    table = np.array([[1, 2, 3, 4], [np.nan, 2, 3, 4], [1, 2, 3, np.inf]])
    cloud = cloud_from_table(table, PATH, drop_non_finite=True)
    np.testing.assert_array_equal(cloud.points, [[1, 2, 3, 4]])
    assert cloud.notes == {NO_RETURN: 2}
    with pytest.raises(FrameError, match="every point holds NaN") as caught:
        cloud_from_table(table[1:], PATH, drop_non_finite=True)
    assert caught.value.kind == "empty"


def test_numbers_too_large_for_float32_are_not_finite() -> None:
    with pytest.raises(FrameError, match="1 of 1 points hold NaN or infinity"):
        cloud_from_table(np.array([[1e300, 0, 0, 0]]), PATH)


@pytest.mark.parametrize("shape", [(5,), (5, 2), (5, 4, 1), ()])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(FrameError, match="expected points as rows") as caught:
        cloud_from_table(np.zeros(shape), PATH)
    assert caught.value.kind == "wrong columns"


def test_fields_are_found_in_any_case_and_order() -> None:
    fields = {
        "Ring": np.arange(2),
        "Z": np.full(2, 3.0),
        "Intensity": np.array([7, 8]),
        "y": np.ones(2),
        "X": np.zeros(2),
    }
    cloud = cloud_from_fields(fields, PATH)
    np.testing.assert_array_equal(cloud.points, [[0, 1, 3, 7], [0, 1, 3, 8]])


def test_without_intensity_it_is_zero_and_noted() -> None:
    cloud = cloud_from_fields({name: np.ones(3) for name in "xyz"}, PATH)
    np.testing.assert_array_equal(cloud.points[:, 3], 0)
    assert cloud.notes == {NO_INTENSITY: 3}


def test_missing_coordinates_are_told() -> None:
    with pytest.raises(FrameError, match="expected the fields x, y and z, got x, rgb"):
        cloud_from_fields({"x": np.ones(3), "rgb": np.ones(3)}, PATH)


def test_sizes_are_checked_before_memory_is_taken() -> None:
    check_size(PATH, "points", 10, 16, 160)
    for count in (11, 10**30, -1):
        with pytest.raises(FrameError, match="the header promises"):
            check_size(PATH, "points", count, 16, 160)
