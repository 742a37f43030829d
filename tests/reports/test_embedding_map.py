"""The map holds every frame, or of a large pool the picks and an even share of the rest."""

import json

import numpy as np
import pytest

from scanpick.reports import embedding_map
from scanpick.reports.embedding_map import draw_map, shown_rows
from scanpick.structures import FrameRecord

pytestmark = pytest.mark.usefixtures("quick_umap")


def test_small_pools_are_drawn_whole():
    assert shown_rows(np.array([3, 1]), np.arange(6) == 5).tolist() == list(range(6))


def test_large_pools_show_all_picks_and_an_even_share_of_the_others(monkeypatch):
    monkeypatch.setattr(embedding_map, "MOST_POINTS", 100)
    labelled = np.zeros(5000, dtype=bool)
    labelled[::10] = True
    picks = np.array([17, 4999, 2503])
    shown = shown_rows(picks, labelled)
    assert len(shown) == 100
    assert set(picks) <= set(shown)
    assert labelled[shown].sum() == 48
    others = np.setdiff1d(shown[~labelled[shown]], picks)
    assert np.diff(others).max() < 2 * np.diff(others).mean()
    assert len(shown_rows(np.arange(500), labelled)) == 100
    assert shown_rows(np.arange(500), labelled).tolist() == list(range(100))
    few = np.arange(5000) == 7
    assert 7 in shown_rows(picks, few)


def test_positions_keep_proportions_and_everything_is_json(tmp_path):
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.uniform(0, 8, 40), rng.uniform(0, 2, 40)]).astype(np.float32)
    records = [FrameRecord(f"f{k}", "s" if k < 30 else "t", k) for k in range(40)]
    picks = np.array([5, 35])
    drawn = draw_map(records, values, picks, np.arange(40) == 9, np.full(40, np.inf), tmp_path)
    assert json.loads(json.dumps(drawn, allow_nan=False)) == drawn
    across, up = (np.array(axis) for axis in drawn["maps"]["PCA"])
    assert np.ptp(across) == 9999
    assert np.ptp(up) / np.ptp(across) == pytest.approx(np.ptp(values[:, 1]) / np.ptp(values[:, 0]), rel=0.2)
    assert drawn["rank"][5] == 1
    assert drawn["rank"][35] == 2
    assert sum(drawn["rank"]) == 3
    assert drawn["sequences"] == ["s", "t"]
    assert drawn["labelled"][9] == 1
    assert set(drawn["distance"]) == {None}
