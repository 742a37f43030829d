"""How the numbers of .bin files are cut into points: found from values, said, and refused where it stays open."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.arrays import Points
from scanpick.datasets.point_files.bin_columns import Cut, contradicting_cut, infer_cut, plausible_cuts, unevenness
from scanpick.errors import ScanpickError
from tests.datasets.samples import sweep, write_bin


def with_ring(points: Points) -> Points:
    """Five columns, as nuScenes has them: intensities to 255 and a ring number."""
    rings = np.arange(len(points)) % 32
    return np.column_stack([points[:, :3], points[:, 3] * 255, rings]).astype(np.float32)


def beside(points: Points, kind: str) -> Points:
    """A sweep with the columns that converters of other data sets write."""
    count, rng = len(points), np.random.default_rng(1)
    xyz, nothing = points[:, :3], np.zeros((count, 1))
    kinds = {
        "xyz": xyz,
        "intensity": points,
        "255": np.column_stack([xyz, points[:, 3] * 255]),
        "65535": np.column_stack([xyz, points[:, 3] * 65535]),
        "ring": with_ring(points),
        "time": np.column_stack([points, np.linspace(0, 0.1, count)]),
        "since 1970": np.column_stack([points, 1.5e9 + np.linspace(0, 0.1, count)]),
        "elongation": np.column_stack([points, rng.exponential(0.1, count), nothing]),
        "zeros": np.column_stack([xyz, np.tanh(points[:, 3:]), nothing, nothing]),
        "colour": np.column_stack([xyz, rng.integers(0, 256, (count, 3))]),
        "speed": np.column_stack([xyz, rng.normal(0, 5, (count, 3))]),
        "radar": np.column_stack([points, rng.normal(0, 5, (count, 2)), nothing]),
        "one-hot": np.column_stack([points, np.eye(4)[np.arange(count) % 4]]),
        "scores": np.column_stack([points, rng.dirichlet([0.3] * 4, count)]),
    }
    return kinds[kind].astype(np.float32)


KINDS = ("xyz", "intensity", "255", "65535", "ring", "time", "since 1970", "elongation", "zeros")
KINDS += ("colour", "speed", "radar", "one-hot", "scores")


def write_all(folder: Path, clouds: list[Points]) -> list[Path]:
    return [write_bin(folder / f"{place}.bin", cloud) for place, cloud in enumerate(clouds)]


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [*((kind, "float32") for kind in KINDS), *((kind, "float64") for kind in KINDS[:11])],  # of up to 6 columns
)
def test_columns_and_type_are_found_from_the_values(tmp_path: Path, kind: str, dtype: str) -> None:
    clouds = [beside(sweep(seed, 1201 + 7 * seed), kind) for seed in range(3)]
    cut = Cut(clouds[0].shape[1], dtype)
    paths = [tmp_path / f"{place}.bin" for place in range(3)]
    for path, cloud in zip(paths, clouds, strict=True):
        path.write_bytes(cloud.astype(cut.numpy_dtype).tobytes())
    found = infer_cut(paths)
    assert found.cut == cut
    assert found.reason == "inferred from the values of 3 of 3 files"
    assert contradicting_cut(paths[0].read_bytes(), cut) is None


@pytest.mark.parametrize("asked", range(3, 9))
@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_cut_is_contradicted(kind: str, asked: int) -> None:
    points = beside(sweep(0, 840), kind)
    found = contradicting_cut(points.tobytes(), Cut(asked))
    assert found == (None if asked == points.shape[1] else f"{points.shape[1]} columns")


def test_points_in_order_of_lasers_that_look_up_and_down_in_turns_are_not_taken_for_half_as_many() -> None:
    rng = np.random.default_rng(0)
    turn = np.linspace(-np.pi, np.pi, 2000)
    ranges = np.column_stack([rng.uniform(4, 12, 2000), rng.uniform(20, 60, 2000)])
    heights = np.column_stack([np.full(2000, -1.7), rng.uniform(0, 6, 2000)])
    columns = [ranges * np.cos(turn)[:, None], ranges * np.sin(turn)[:, None], heights, rng.random((2000, 2))]
    points = np.stack(columns, axis=2).reshape(-1, 4)
    assert plausible_cuts(points.astype(np.float32).tobytes()) == ((Cut(4),), True)


def test_values_overrule_sizes_and_files_that_are_cut_off_do_not_mislead(tmp_path: Path) -> None:
    paths = write_all(tmp_path, [with_ring(sweep(seed)) for seed in range(4)])
    paths[0].write_bytes(paths[0].read_bytes()[:-7])
    paths[1].write_bytes(b"")
    assert infer_cut([*paths, tmp_path / "missing.bin"]).cut == Cut(5)
    cut_off = write_bin(tmp_path / "cut_off.bin", sweep())
    cut_off.write_bytes(cut_off.read_bytes()[:-20])  # now whole points of 5 columns, not of 4
    assert infer_cut([cut_off]).cut == Cut(4)


def test_most_files_decide_and_where_neither_kind_is_clearly_more_it_is_an_error(tmp_path: Path) -> None:
    four, five = [sweep(seed) for seed in range(4)], [with_ring(sweep(seed)) for seed in range(4)]
    found = infer_cut(write_all(tmp_path, [*four[:2], *five]))
    assert (found.cut, found.reason) == (Cut(5), "inferred from the values of 4 of 6 files")
    with pytest.raises(ScanpickError, match=r"4 of 8 look like 4 columns, 4 of 8 look like 5 columns.*columns=4"):
        infer_cut(write_all(tmp_path, [*four, *five]))


def test_few_points_are_taken_together_then_the_usual_columns_are_assumed(tmp_path: Path) -> None:
    together = [sweep(seed)[20 * seed : 1200 : 20] for seed in range(4)]
    assert "of 4 files" in infer_cut(write_all(tmp_path, together)).reason
    assert infer_cut(write_all(tmp_path, [sweep()[:3]])).cut == Cut(4)
    assert "assumed" in infer_cut(write_all(tmp_path, [sweep()[:3]])).reason
    assert infer_cut([]).cut == Cut(4)
    five = [with_ring(sweep())[:3], with_ring(sweep())[:7]]
    assert infer_cut(write_all(tmp_path, five)).cut == Cut(5)
    with pytest.raises(ScanpickError, match=r"suit points of 3 columns, 6 columns.*columns=3 or columns=6"):
        infer_cut(write_all(tmp_path, [np.ones((6, 3), np.float32), np.ones((2, 3), np.float32)]))


def test_values_that_suit_two_cuts_are_an_error_that_names_the_option(tmp_path: Path) -> None:
    """A part of the file has 4 columns, another 5; noise has no columns at all."""
    half = np.concatenate([sweep(0, 840).reshape(-1), with_ring(sweep(1, 504)).reshape(-1)])
    noise = np.random.default_rng(0).uniform(-40, 40, 4000).astype(np.float32)
    for values in (half, noise):
        path = tmp_path / "1.bin"
        path.write_bytes(values.tobytes())
        assert plausible_cuts(path.read_bytes()) == ((), True)
        with pytest.raises(ScanpickError, match=r"do not tell how many columns.*columns="):
            infer_cut([path])
        assert infer_cut([path], [Cut(4)]).reason == "as asked"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint32, np.int64])
def test_labels_are_no_coordinates(dtype: type) -> None:
    labels = np.random.default_rng(0).integers(0, 31, 1200).astype(dtype).tobytes()
    assert plausible_cuts(labels) == ((), False)
    assert "no coordinates" in str(contradicting_cut(labels, Cut(4)))


def test_unevenness_is_large_in_the_right_and_about_zero_in_the_wrong_number_of_columns() -> None:
    four, five = sweep().reshape(-1), with_ring(sweep()).reshape(-1)
    assert unevenness(four, 4) > 0.2 > 0.02 > unevenness(four, 5)
    assert unevenness(five, 5) > 0.2 > 0.02 > unevenness(five, 4)
    assert unevenness(four[:300], 4) == 0.0  # too few to tell
    returned = sweep()
    returned[::2] = 0  # points that stand for no return
    assert unevenness(returned.reshape(-1), 4) == unevenness(sweep()[1::2].reshape(-1), 4)


def test_real_sweeps_are_told_apart(test_data: Path) -> None:
    for path in sorted(test_data.glob("**/velodyne*/**/*.bin"))[::40]:
        if "formats" in path.parts:
            continue
        points = np.fromfile(path, dtype="<f4").reshape(-1, 4)
        points = points / np.float32([1, 1, 1, max(1, points[:, 3].max())])
        for kind in KINDS:
            cloud = beside(points, kind)
            assert plausible_cuts(cloud.tobytes()) == ((Cut(cloud.shape[1]),), True), (path, kind)
