"""Masks hide the promised number of patches; a block is the patches nearest to one of them."""

from __future__ import annotations

import numpy as np
import pytest

from scanpick.encoders.recon.pretraining import block_mask, random_mask


@pytest.mark.parametrize(("groups", "share"), [(64, 0.6), (512, 0.6), (7, 0.5), (5, 0.99), (9, 0.1)])
def test_counts(groups: int, share: float) -> None:
    rng = np.random.default_rng(0)
    for mask in (random_mask(groups, share, rng), block_mask(rng.random((groups, 3)), share, rng)):
        assert mask.shape == (groups,)
        assert mask.dtype == bool
        assert mask.sum() == int(share * groups)


def test_every_patch_is_hidden_as_often() -> None:
    rng = np.random.default_rng(0)
    often = np.mean([random_mask(20, 0.6, rng) for _ in range(4000)], axis=0)
    np.testing.assert_allclose(often, 0.6, atol=0.04)


def test_a_block_is_a_ball_around_a_random_patch() -> None:
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((40, 3))
    distance = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    found = set()
    for _ in range(200):
        mask = block_mask(centres, 0.6, rng)
        balls = [row for row in range(40) if distance[row, mask].max() <= distance[row, ~mask].min()]
        assert balls
        found |= set(balls)
    assert len(found) > 30


def test_equal_centres_are_no_trouble() -> None:
    assert block_mask(np.zeros((10, 3)), 0.6, np.random.default_rng(0)).sum() == 6
