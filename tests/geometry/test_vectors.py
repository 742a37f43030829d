"""Rows of one length and principal directions, checked by hand and by what defines them."""

import numpy as np
import pytest

from scanpick.geometry import vectors
from scanpick.geometry.vectors import principal_directions, unit_rows


def test_unit_rows_keep_their_direction_and_zeros():
    np.testing.assert_allclose(unit_rows(np.array([[3.0, -4.0], [0.0, 0.0]])), [[0.6, -0.8], [0, 0]])


@pytest.mark.parametrize("shape", [(50, 6), (6, 50), (8, 8)])
def test_directions_are_orthonormal_and_spread_is_theirs(shape, monkeypatch):
    """By more rows than a block, too."""
    monkeypatch.setattr(vectors, "BLOCK_ROWS", 16)
    values = np.random.default_rng(0).normal(3, np.arange(1, shape[1] + 1), size=shape).astype(np.float32)
    mean = values.mean(axis=0, dtype=np.float64)
    directions, spread = principal_directions(values, mean)
    np.testing.assert_allclose(directions.T @ directions, np.eye(min(shape)), atol=1e-9)
    np.testing.assert_allclose(np.sqrt((((values - mean) @ directions) ** 2).mean(axis=0)), spread, atol=1e-6)
    assert (np.diff(spread) <= 0).all()
    assert (directions[np.abs(directions).argmax(axis=0), np.arange(min(shape))] > 0).all()
