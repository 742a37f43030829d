"""What every registered objective keeps to; a new one is tested by being registered."""

from typing import Any

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection import select
from scanpick.selection.objectives import OBJECTIVES, make_objective
from scanpick.selection.strategy import Request
from tests.selection.pools import driving_pool

OPTIONS: dict[str, dict[str, Any]] = {
    "similarity": {"frames": ["00/000003"]},
    "weight": {"column": "entropy"},
}
"""Name -> options, for an objective that cannot do without."""


@pytest.fixture(params=OBJECTIVES.names())
def description(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"type": request.param, **OPTIONS.get(request.param, {})}


def test_bounds_hold_at_every_step(description: dict[str, Any]) -> None:
    """No frame is worth more than its bound, as long as `take` does not say that bounds may have risen."""
    pool = driving_pool(60, labelled=5)
    free = ~pool.labelled
    values = make_objective(description).values(pool, Request(free, None, 10, None, np.random.default_rng(0)))
    bounds = values.bounds().copy()
    for taken in np.flatnonzero(free)[::9]:
        rows = np.flatnonzero(free)
        worth = values.at(rows)
        assert worth.dtype == np.float64
        assert (worth >= 0).all()
        assert np.isfinite(bounds[rows]).all()
        assert (bounds[rows] >= worth).all()
        np.testing.assert_array_equal(values.at(rows), worth)
        free[taken] = False
        if values.take(int(taken)):
            bounds = values.bounds().copy()


def test_it_can_be_selected_by(description: dict[str, Any]) -> None:
    pool = driving_pool(60, labelled=5)
    found = select(pool, "combined", 12, options={"objectives": [description, {"type": "diversity"}]})
    assert len(set(found.frame_ids)) == 12
    assert not np.isnan(found.gains).any()
    assert description["type"] in found.contributions


def test_unknown_options_are_errors(description: dict[str, Any]) -> None:
    with pytest.raises(ScanpickError, match=f"Unknown option of objective '{description['type']}', 'no_such_option'"):
        make_objective({**description, "no_such_option": 1})
