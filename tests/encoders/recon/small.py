"""A ReCon small enough to be trained in a test."""

from __future__ import annotations

from typing import Any

import torch

from scanpick.encoders.recon.adapting import AdaptableReCon, AdaptingNetwork, ReConAdapting
from scanpick.encoders.recon.config import ReConConfig
from scanpick.encoders.recon.pretraining import ReConPretraining

CONFIG = ReConConfig(
    width=24, depth=2, heads=2, decoder_depth=1, decoder_heads=2, group_size=8, drop_path=0.1, image_dim=4
)
SIZES: dict[str, Any] = {"points": 64, "groups": 16, "crop_points": 64, "crop_groups": 8, "image_dimension": 4}


def small_recon(seed: int = 0, **options: Any) -> AdaptableReCon:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = AdaptingNetwork(ReConPretraining(CONFIG))
    return AdaptableReCon(ReConAdapting(**SIZES | options), network, fresh=("all",))
