"""From numbers to a cloud: columns, named fields, values that are not finite."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.point_files.cloud import (
    BAD_FURTHER,
    BAD_INTENSITY,
    NO_INTENSITY,
    NO_RETURN,
    NOT_FINITE,
    check_size,
    cloud_from_fields,
    cloud_from_table,
    intensity_name,
    most_unpacked,
)
from scanpick.errors import FrameError

PATH = Path("1.pcd")


def test_points_without_a_place_are_dropped_and_other_values_become_0_and_all_is_counted() -> None:
    nan, inf = np.nan, np.inf
    table = np.array(
        [[1, 2, 3, 4, 5], [nan, 2, 3, 4, 5], [0, 0, 0, 9, 9], [1, 2, 3, inf, 5], [1, 2, 3, 4, nan], [0, -inf, 0, 1, 1]]
    )
    cloud = cloud_from_table(table, PATH)
    np.testing.assert_array_equal(cloud.points, [[1, 2, 3, 4, 5], [1, 2, 3, 0, 5], [1, 2, 3, 4, 0]])
    assert cloud.notes == {NOT_FINITE: 2, NO_RETURN: 1, BAD_INTENSITY: 1, BAD_FURTHER: 1}
    assert np.isinf(table[3, 3]), "the table itself stays as it was"
    with pytest.raises(FrameError, match="every point holds NaN") as caught:
        cloud_from_table(table[[1, 2, 5]], PATH, keeps_gaps=True)
    assert caught.value.kind == "empty"


def test_points_with_a_zero_in_some_coordinates_stay() -> None:
    table = np.array([[0, 0, 3, 4], [0, 2, 0, 4], [1, 0, 0, 4], [1, 2, -0.0, 0]])
    assert cloud_from_table(table, PATH).notes == {}


def test_many_points_without_a_place_are_refused_where_the_format_keeps_no_gaps() -> None:
    table = np.ones((5, 4))
    table[:3, 1] = np.nan
    assert len(cloud_from_table(table, PATH, keeps_gaps=True).points) == 2
    with pytest.raises(FrameError, match="3 of 5 points hold NaN or infinity in x, y or z") as caught:
        cloud_from_table(table, PATH)
    assert caught.value.kind == "not finite"
    table[:, :3] = 0  # but beams without a return, at the origin, are common
    table[0, 0] = 1
    assert cloud_from_table(table, PATH).notes == {NO_RETURN: 4}


def test_intensities_none_of_which_is_finite_are_no_intensity() -> None:
    table = np.array([[1, 2, 3, np.nan, 7], [4, 5, 6, np.inf, 8]])
    cloud = cloud_from_table(table, PATH)
    np.testing.assert_array_equal(cloud.points, [[1, 2, 3, 0, 7], [4, 5, 6, 0, 8]])
    assert cloud.notes == {NO_INTENSITY: 2}


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


@pytest.mark.parametrize(
    "name",
    [
        *("INTENSITY", "scalar_Intensity", "intensities", "scalar_Reflectivity", "Reflectance", "remission", "I"),
        *("scalar_i", "Amplitude", "Texture32", "scalar_field", "Scalar field", "scalar_Scalar_field", "signal"),
    ],
)
def test_intensities_are_found_under_the_names_that_others_use(name: str) -> None:
    assert intensity_name(["x", "ring", name, "scalar_timestamp"]) == name


def test_the_surest_of_several_names_of_an_intensity_counts() -> None:
    names = ["scalar_field", "i", "Reflectivity", "scalar_Intensity", "intensity"]
    assert intensity_name(names) == "scalar_Intensity"
    assert intensity_name(names[:3]) == "Reflectivity"
    assert intensity_name(["intensity_time", "ring", "_", "scalar_", "field"]) is None


def test_missing_coordinates_are_told() -> None:
    with pytest.raises(FrameError, match="expected the fields x, y and z, got x, rgb"):
        cloud_from_fields({"x": np.ones(3), "rgb": np.ones(3)}, PATH)


def test_sizes_are_checked_before_memory_is_taken() -> None:
    check_size(PATH, "points", 10, 16, 160)
    for count in (11, 10**30, -1, 10**4299):
        with pytest.raises(FrameError, match="the header promises"):
            check_size(PATH, "points", count, 16, 160)


def test_packed_points_may_become_ten_times_and_no_bomb() -> None:
    assert most_unpacked(1000) == 1 << 26
    assert most_unpacked(10_000_000) == 1_000_000_000
    assert most_unpacked(1 << 30) == 1 << 30
