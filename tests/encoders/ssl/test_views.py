"""Views: the same chance, the same view; what is hidden is told and gone."""

import numpy as np
import pytest

from scanpick.encoders.ssl.cells import CELL_M, REACH_M, make_cells
from scanpick.encoders.ssl.views import ViewSettings, changed, hide, look_at
from tests.encoders.ssl.made_up import scene_points


def test_a_view_depends_on_chance_alone() -> None:
    look = look_at(scene_points(0))
    before = look.points.copy()
    one, again, other = (changed(look, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.points, again.points)
    assert one.points.shape != other.points.shape or not np.array_equal(one.points, other.points)
    np.testing.assert_array_equal(look.points, before)


def test_a_view_without_changes_is_the_scene() -> None:
    look = look_at(scene_points(0))
    still = ViewSettings(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    views = [changed(look, np.random.default_rng(seed), still).points for seed in range(8)]
    np.testing.assert_allclose(np.abs(views[0]), np.abs(look.points), atol=1e-6)
    mirrored = {bool(np.allclose(view[:, 1], -look.points[:, 1])) for view in views}
    assert mirrored == {True, False}, "left and right are exchanged in some"


@pytest.mark.parametrize("share", [0.4, 0.999])
def test_hidden_cells_are_told_and_gone(share: float) -> None:
    look = look_at(scene_points(2))
    rest, cells, hidden = hide(look, share, np.random.default_rng(0))
    whole = make_cells(look.points, look.above)
    coarse = whole.levels[4]
    assert 0 < hidden.hidden.sum() < len(coarse)
    np.testing.assert_array_equal(cells.levels[4].cells, coarse.cells[~hidden.hidden])
    assert len(rest.points) == len(rest.thing_of_point) < len(look.points)
    places = np.floor((look.points[:, :2].astype(np.float64) + REACH_M) / (2 * CELL_M)).astype(np.int64)
    rows = whole.rows_at(4)
    for number, row in enumerate(np.flatnonzero(hidden.hidden)[:20]):
        mine = rows == row
        expected = np.zeros((8, 8, 3), bool)
        for (i, j), above in zip(places[mine] % 8, look.above[mine], strict=True):
            expected[i, j] |= [True, 0.3 <= above < 2.4, above >= 2.4]
        np.testing.assert_array_equal(hidden.content[number].reshape(8, 8, 3), expected)
