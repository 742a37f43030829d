"""The predictors are scikit-learn's, and never see the drive that they predict."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score as sklearn_r2
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from scanpick.evaluation.probes.prediction import (
    NEIGHBOURS,
    STRENGTHS,
    nearest_means,
    neighbours_predictor,
    predict,
    r2_score,
    ridge,
    ridge_predictor,
)
from scanpick.evaluation.probes.splits import group_frames, outer_splits
from tests.evaluation.probes.made_up import drives


@pytest.mark.parametrize("dimension", [5, 80])
def test_ridge_is_scikit_learns(dimension):
    """With more frames than numbers, and with fewer."""
    rng = np.random.default_rng(1)
    features, others = rng.normal(3, 5, (40, dimension)), rng.normal(3, 5, (11, dimension))
    targets = rng.normal(size=(40, 3))
    ours = ridge(features, targets, others)
    for strength, predicted in zip(STRENGTHS, ours, strict=True):
        twin = make_pipeline(StandardScaler(), Ridge(alpha=strength * max(40, dimension)))
        np.testing.assert_allclose(predicted, twin.fit(features, targets).predict(others), atol=1e-8)


def test_ridge_leaves_out_features_that_do_not_vary():
    """What is constant where it was learned cannot carry a prediction away, however it varies elsewhere."""
    rng = np.random.default_rng(2)
    features, targets, others = rng.normal(size=(20, 4)), rng.normal(size=(20, 1)), rng.normal(size=(5, 4))
    wider = np.hstack([features, np.full((20, 2), 0.7)])
    moved = np.hstack([others, 1e6 * rng.normal(size=(5, 2))])
    strengths = (1.0,)
    expected = ridge(features, targets, others, strengths)
    np.testing.assert_allclose(ridge(wider, targets, moved, strengths), expected, atol=1e-12)
    nothing = ridge(np.ones((20, 2)), targets, moved[:, :2])
    np.testing.assert_allclose(nothing, np.broadcast_to(targets.mean(), nothing.shape))


def test_nearest_means_are_scikit_learns():
    rng = np.random.default_rng(3)
    known, asked, targets = rng.normal(size=(30, 6)), rng.normal(size=(9, 6)), rng.normal(size=(30, 2))
    ours = nearest_means(cdist(asked, known, "sqeuclidean"), targets)
    for count, predicted in zip(NEIGHBOURS, ours, strict=True):
        twin = KNeighborsRegressor(min(count, 30)).fit(known, targets)
        np.testing.assert_allclose(predicted, twin.predict(asked), atol=1e-12)


@pytest.mark.parametrize("kind", ["ridge", "knn"])
def test_settings_are_chosen_on_other_drives_as_by_a_grid_search(kind):
    """The whole nested procedure, against scikit-learn's parts put together."""
    sequences, times, values = drives(4, 7, seed=4)
    rng = np.random.default_rng(5)
    truth = values[:, :1] ** 2 + 0.5 * rng.normal(size=(len(values), 1))
    grouping = group_frames(sequences, times, gap_s=2.0)
    outer = outer_splits(grouping, np.arange(len(values)), rng)
    predictor = ridge_predictor(values) if kind == "ridge" else neighbours_predictor(cdist(values, values))
    ours = predict(predictor, truth, outer, grouping, rng)
    for train, test in LeaveOneGroupOut().split(values, groups=sequences):
        errors = []
        settings = STRENGTHS if kind == "ridge" else NEIGHBOURS
        for setting in settings:
            error = 0.0
            for fit, check in LeaveOneGroupOut().split(train, groups=sequences[train]):
                predicted = _predicted(kind, setting, values, truth[:, 0], train[fit], train[check])
                error += ((predicted - truth[train[check], 0]) ** 2).sum()
            errors.append(error)
        expected = _predicted(kind, settings[int(np.argmin(errors))], values, truth[:, 0], train, test)
        np.testing.assert_allclose(ours.values[test, 0], expected, atol=1e-8)
        np.testing.assert_allclose(ours.means[test], truth[train].mean())


def _predicted(kind, setting, values, truth, train, test):
    """By scikit-learn, kept within the range of what was learned from."""
    if kind == "knn":
        model = KNeighborsRegressor(min(setting, len(train)))
    else:
        model = make_pipeline(StandardScaler(), Ridge(alpha=setting * max(len(train), values.shape[1])))
    return np.clip(model.fit(values[train], truth[train]).predict(values[test]), truth[train].min(), truth[train].max())


def test_a_frame_unlike_all_others_does_not_decide():
    """Its prediction stays within the range of what was learned from."""
    rng = np.random.default_rng(7)
    values, truth = rng.normal(size=(30, 4)), rng.normal(size=(30, 2))
    values[-1] *= 1e9
    made = ridge_predictor(values)(np.arange(20), np.arange(20, 30), truth)
    assert (made >= truth[:20].min(axis=0)).all()
    assert (made <= truth[:20].max(axis=0)).all()


def test_a_predicted_drive_is_never_learned_from():
    """Changing the targets of a drive changes the predictions of all others, and none of its own."""
    sequences, times, values = drives(5, 8)
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(len(values), 1))
    grouping = group_frames(sequences, times, gap_s=2.0)
    outer = outer_splits(grouping, np.arange(len(values)), rng)
    changed = truth.copy()
    changed[sequences == "drive_2"] += 100
    for predictor in (ridge_predictor(values), neighbours_predictor(cdist(values, values))):
        before = predict(predictor, truth, outer, grouping, rng).values
        after = predict(predictor, changed, outer, grouping, rng).values
        same = (before == after)[:, 0]
        assert same[sequences == "drive_2"].all()
        assert not same[sequences != "drive_2"].any()


def test_r2_is_scikit_learns_where_all_are_predicted_from_the_same_mean():
    """And a draw is the same as repeating its frames."""
    rng = np.random.default_rng(6)
    truth = rng.normal(size=30)
    predicted = truth + 0.4 * rng.normal(size=30)
    draws = rng.integers(0, 3, size=(4, 30))
    score = r2_score("ridge", "cars", truth, predicted, np.full(30, truth.mean()), draws)
    assert score.value == pytest.approx(sklearn_r2(truth, predicted))
    for draw, replicate in zip(draws, score.replicates, strict=True):
        t, p = truth.repeat(draw), predicted.repeat(draw)
        assert replicate == pytest.approx(1 - ((t - p) ** 2).sum() / ((t - truth.mean()) ** 2).sum())


def test_r2_of_nothing_is_undefined():
    empty = np.full(3, np.nan)
    score = r2_score("ridge", "cars", np.ones(3), empty, empty, np.ones((2, 3), dtype=np.int64))
    assert np.isnan([score.value, *score.replicates]).all()
    assert score.frames == 0
