"""Rings: shares add up and change gradually; a scene is what stands in it."""

import numpy as np

from scanpick.encoders.ssl.pooling import RINGS_M, ring_shares


def test_ring_shares_by_hand() -> None:
    np.testing.assert_allclose(
        ring_shares(np.array([0.0, 10.0, 17.5, 25.0, 40.0, 45.0, 80.0])),
        [[1, 0, 0], [1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [0, 0.25, 0.75], [0, 0, 1], [0, 0, 1]],
    )
    assert RINGS_M == (10.0, 25.0, 45.0)


def test_ring_shares_change_gradually() -> None:
    shares = ring_shares(np.arange(0, 90, 0.01))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert np.abs(np.diff(shares, axis=0)).max() < 0.001
