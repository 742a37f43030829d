"""How alike picks are, against counts by hand and brute force; and the map of the pool."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from scanpick.reports.study.folder import START, Arm, Pick, read_study
from scanpick.reports.study.pool import StudyPool, read_pool
from scanpick.reports.study.pool_map import MOST_POINTS, draw_pool_map
from scanpick.reports.study.redundancy import nearest_other, redundancy_of
from scanpick.reports.study.scoreboard import Scoreboard
from scanpick.structures import FrameRecord

NAN = float("nan")


def pick(frame_id, *, seed=0, number=1, arm="diversity", rank=1, fold="", boxes=4.0, **options):
    values = {"gain": NAN, "cost": 1.0, "score": NAN, "nearest_selected": ""} | options
    return Pick(seed, fold, number, Arm(arm), rank, frame_id, "", boxes=boxes, **values)


def pool_of(drives, frames, *, seed=0, evaluated=None):
    records = tuple(FrameRecord(f"d{d}/{i}", f"d{d}", i) for d in range(drives) for i in range(frames))
    values = np.random.default_rng(seed).normal(size=(len(records), 4)).astype(np.float32)
    return StudyPool(records, values, "toy", evaluated or {})


def folder_of(picks, fake_study):
    study = read_study(fake_study())
    return type(study)(**{**vars(study), "picks": tuple(picks)})


def test_by_hand(fake_study):
    """Two neighbours in time and one alone, in two of three drives; rounds after the one shown do not count."""
    picks = [pick("d0/0", boxes=2), pick("d0/1", rank=2, boxes=4), pick("d1/3", number=2, boxes=9)]
    picks += [pick("d2/0", number=3), pick("d0/4", arm=START, number=0), pick("d1/0", arm="random")]
    pool = pool_of(3, 5)
    found = redundancy_of(folder_of(picks, fake_study), pool, [Arm("diversity"), Arm("typiclust")], 2)
    assert [one.arm for one in found] == [Arm("diversity")]
    measures = {name: one.value for name, one in found[0].measures.items()}
    assert measures["neighbours"] == pytest.approx(2 / 3)
    assert measures["drives"] == pytest.approx(2 / 3)
    assert measures["objects"] == 5
    rows = [0, 1, 8]
    distances = cdist(pool.values[rows], pool.values[rows]) + np.diag([np.inf] * 3)
    assert measures["nearest"] == pytest.approx(distances.min(axis=1).mean(), rel=1e-6)
    chosen = [4, *rows]
    assert measures["covered"] == pytest.approx(cdist(pool.values, pool.values[chosen]).min(axis=1).mean(), rel=1e-6)


def test_folds_are_averaged_before_seeds(fake_study):
    """And the drive that a fold evaluates is none that could have been picked."""
    evaluated = {"1": frozenset(f"d0/{i}" for i in range(5)), "2": frozenset(f"d1/{i}" for i in range(5))}
    picks = [pick("d1/0", fold="1", boxes=1), pick("d0/0", fold="2", boxes=3)]
    picks += [pick("d1/0", seed=1, fold="1", boxes=6), pick("d0/0", seed=1, fold="2", boxes=6)]
    found = redundancy_of(folder_of(picks, fake_study), pool_of(3, 5, evaluated=evaluated), [Arm("diversity")], 1)
    measures = found[0].measures
    assert measures["objects"].value == 4  # (2 + 6) / 2
    assert measures["objects"].seeds == 2
    assert measures["drives"].value == 0.5


def test_without_frames_objects_are_known_all_the_same(fake_study):
    picks = [pick("unknown", boxes=3)]
    found = redundancy_of(folder_of(picks, fake_study), StudyPool(()), [Arm("diversity")], 1)
    values = {name: one.value for name, one in found[0].measures.items()}
    assert values == {"neighbours": None, "nearest": None, "covered": None, "drives": None, "objects": 3.0}


def test_nearest_other_edges():
    assert np.isnan(nearest_other(np.zeros((1, 3), np.float32)))
    assert nearest_other(np.zeros((2, 3), np.float32)) == 0


def test_pool_of_a_folder_that_holds_none(fake_study):
    pool = read_pool(read_study(fake_study()))
    assert pool.records == ()
    assert "The frames of the pool are not known" in pool.missing[0]


@pytest.mark.usefixtures("quick_umap")
def test_map_shows_all_picks_on_the_same_places(fake_study):
    """Of a large pool some frames are left out, but never a pick or a frame of the start."""
    pool = pool_of(50, 100)
    picks = [pick(f"d{d}/99", rank=d + 1) for d in range(50)]
    picks += [pick("d3/7", arm="random"), pick("d4/8", arm=START, number=0)]
    study = folder_of(picks, fake_study)
    drawn = draw_pool_map(study, pool, Scoreboard(study))
    assert drawn.frames == 5000
    assert MOST_POINTS <= drawn.shown <= MOST_POINTS + 52
    assert {str(arm): len(rows) for arm, rows in drawn.picked.items()} == {"diversity": 50, "random": 1}
    assert len(drawn.start) == 1
    assert len(drawn.positions) == drawn.shown
    assert (drawn.seed, drawn.fold, drawn.kind) == (0, "", "UMAP")


def test_few_frames_are_drawn_by_pca(fake_study):
    study = folder_of([pick("d0/0")], fake_study)
    assert draw_pool_map(study, pool_of(1, 3), Scoreboard(study)).kind == "PCA"
    assert draw_pool_map(study, StudyPool(()), Scoreboard(study)) is None
