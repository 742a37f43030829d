"""All probes together: what is known scores high, what is not scores nothing, and everything is reproducible."""

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from scanpick.errors import ScanpickError
from scanpick.evaluation.probes import ProbeSettings, Vectors, difference, probe
from tests.evaluation.probes.made_up import changed_slightly, drives, probe_frames

SETTINGS = ProbeSettings(near_s=0.2, apart_s=0.5, gap_s=0.3, replicates=100)


def _known(count=8, frames=8, seed=0):
    """Frames whose first two targets are in the vectors, and vectors without them."""
    sequences, times, values = drives(count, frames, seed=seed)
    rng = np.random.default_rng(seed + 1)
    columns = {"linear": values @ rng.normal(size=values.shape[1]), "other": values[:, 0] + values[:, 1]}
    return probe_frames(sequences, times, columns), values, rng.normal(size=values.shape)


def test_vectors_that_know_the_targets_win():
    frames, values, nonsense = _known()
    result = probe(frames, [changed_slightly("good", values), Vectors("nonsense", nonsense)], SETTINGS)
    key = ("detection", "mean of ridge", "r2")
    good, bad = result.score("good", key), result.score("nonsense", key)
    assert good.value > 0.9
    assert abs(bad.value) < 0.2
    assert difference(good, bad).interval[0] > 0
    assert result.score("good", ("retrieval", "same drive", "precision")).value > 0.9
    assert result.score("nonsense", ("retrieval", "same drive", "precision")).value < 0.3
    assert result.score("good", ("robustness", "mean", "auc")).value > 0.95
    assert result.score("nonsense", ("robustness", "mean", "auc")) is None
    assert "no changed frames" in result.left_out["robustness of nonsense"]


def test_the_mean_is_over_targets_and_predictors():
    frames, values, _ = _known()
    result = probe(frames, [Vectors("one", values)], SETTINGS)
    each = [score.value for score in result.scores["one"] if score.probe in ("knn", "ridge")]
    assert len(each) == 4
    assert result.score("one", ("detection", "mean", "r2")).value == pytest.approx(np.mean(each))


def test_the_same_seed_gives_the_same_on_any_number_of_threads():
    frames, values, _ = _known()
    runs = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            runs.append(probe(frames, [changed_slightly("one", values)], SETTINGS).scores["one"])
    for one, two in zip(*runs, strict=True):
        assert one.value == two.value
        np.testing.assert_array_equal(one.replicates, two.replicates)
    other = probe(frames, [changed_slightly("one", values)], replace(SETTINGS, seed=1)).scores["one"]
    assert not np.array_equal(other[0].replicates, runs[0][0].replicates)


def test_frames_without_a_value_change_nothing_for_other_targets():
    frames, values, _ = _known()
    alone = probe(frames, [Vectors("one", values)], SETTINGS)
    gaps = frames.targets.values[:, :1].copy()
    gaps[::3] = np.nan
    targets = replace(
        frames.targets, names=("linear", "other", "gaps"), values=np.hstack([frames.targets.values, gaps])
    )
    both = probe(replace(frames, targets=targets), [Vectors("one", values)], SETTINGS)
    key = ("ridge", "linear", "r2")
    assert both.score("one", key).value == alone.score("one", key).value
    assert both.score("one", ("ridge", "gaps", "r2")).frames == np.isfinite(gaps).sum()


def test_one_drive_is_cut_into_blocks_which_is_said():
    sequences, times, values = drives(1, 80, dimension=3)
    walk = np.cumsum(values, axis=0)  # so that neighbours in time resemble each other
    result = probe(probe_frames(sequences, times, {"place": walk[:, 0]}), [changed_slightly("one", walk)], SETTINGS)
    assert any("8 blocks of consecutive frames" in note for note in result.notes)
    assert "retrieval of the same drive" in result.left_out
    assert result.score("one", ("redundancy", "near in time", "average precision")).value > 0.2
    assert result.score("one", ("ridge", "place", "r2")).value > 0.9


def test_without_any_label_the_other_probes_go_on():
    frames, values, _ = _known()
    empty = replace(frames.targets, values=np.full_like(frames.targets.values, np.nan))
    result = probe(replace(frames, targets=empty), [Vectors("one", values)], SETTINGS)
    assert set(result.left_out) >= {"linear", "other"}
    assert {score.probe for score in result.scores["one"]} == {"retrieval", "redundancy"}


def test_drives_of_one_frame_each_are_said_to_leak():
    frames, values, _ = _known(count=20, frames=1)
    result = probe(frames, [Vectors("one", values)], SETTINGS)
    assert any("a drive of its own" in note for note in result.notes)
    assert "retrieval near in time, redundancy" in result.left_out


def test_held_out_frames_alone_are_scored():
    frames, values, _ = _known()
    held_out = frames.sequences == "drive_3"
    result = probe(replace(frames, held_out=held_out), [Vectors("one", values)], SETTINGS)
    assert result.score("one", ("ridge", "linear", "r2")).frames == held_out.sum()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: [Vectors("one", v[:-1])], "expected 64 vectors, got shape"),
        (lambda v: [Vectors("one", np.where(v > 1, np.nan, v))], "NaN or infinity"),
        (lambda v: [Vectors("one", v), Vectors("one", v)], "different names"),
        (lambda v: [], "different names, got: none"),
    ],
)
def test_what_does_not_fit_is_told(change, message):
    frames, values, _ = _known()
    with pytest.raises(ScanpickError, match=message):
        probe(frames, change(values), SETTINGS)


def test_constant_vectors_score_nothing_and_fail_nowhere():
    frames, values, _ = _known()
    result = probe(frames, [changed_slightly("one", np.ones_like(values))], SETTINGS)
    assert result.score("one", ("detection", "mean of ridge", "r2")).value == pytest.approx(0.0, abs=1e-9)
