"""Files of the scene encoder's weights: half precision, read without running anything that is in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from scanpick.encoders.ssl.network import NetworkConfig
from scanpick.encoders.ssl.objectives import Pretraining
from scanpick.errors import ScanpickError
from scanpick.networks.weights import read_weights_file, write_weights_file
from scanpick.options import build_checked_dataclass

SHIPPED = Path(__file__).parent / "scanpick-ssl.pt"
"""The weights that come with scanpick; docs/model-card-scanpick-ssl.md says how they were made."""

MOST_CHANNELS = 4096
"""More than this in a file is damage, not a network: it is not allocated."""


def save_pretraining(path: Path, network: Pretraining, told: Mapping[str, Any]) -> None:
    """Write the network with its heads, so that its training can go on. Matrices are stored in half precision."""
    state = {name: _narrowed(value.detach().cpu()) for name, value in network.state_dict().items()}
    described = {"network": asdict(network.network.config), "vocabulary": len(network.words)}
    plain = json.loads(json.dumps(dict(told)))  # nothing that is more than it looks, such as torch's version
    write_weights_file(path, {"encoder": "scanpick-ssl", **described, "state": state, "told": plain})


def load_pretraining(path: Path) -> Pretraining:
    """The network that a file of `save_pretraining` holds, in single precision and evaluation mode.

    Raises:
        ScanpickError: The file cannot be read, holds anything but tensors and plain values, or does not fit.
    """
    content = read_weights_file(path)
    if not isinstance(content, dict) or content.get("encoder") != "scanpick-ssl":
        raise ScanpickError(
            f"{path}: expected weights of 'scanpick-ssl', as 'scanpick adapt --encoder scanpick-ssl' writes them."
        )
    given, words, state = content.get("network"), content.get("vocabulary"), content.get("state")
    if not isinstance(given, dict) or not isinstance(words, int) or not isinstance(state, dict):
        raise ScanpickError(f"{path}: expected 'network', 'vocabulary' and 'state', as 'scanpick adapt' writes them.")
    config = build_checked_dataclass(NetworkConfig, NetworkConfig(), given, f"the network in {path}")
    if not all(1 <= size <= MOST_CHANNELS for size in (*config.channels, config.outputs, words)):
        raise ScanpickError(f"{path}: expected sizes from 1 to {MOST_CHANNELS}, got {given} and {words} words.")
    network = Pretraining(config, words)
    _take(network, state, str(path))
    return network.eval()


def _narrowed(value: Tensor) -> Tensor:
    return value.half() if value.is_floating_point() and value.dim() > 1 else value


def _take(network: Pretraining, state: Mapping[str, Any], source: str) -> None:
    expected = network.state_dict()
    missing, left_over = sorted(expected.keys() - state.keys()), sorted(state.keys() - expected.keys())
    wrong = [
        name
        for name in expected.keys() & state.keys()
        if not isinstance(state[name], Tensor) or state[name].shape != expected[name].shape
    ]
    if missing or left_over or wrong:
        raise ScanpickError(
            f"{source}: does not fit the scene encoder: {len(missing)} parameters are missing ({_some(missing)}), "
            f"{len(left_over)} are left over ({_some(left_over)}), {len(wrong)} have another shape "
            f"({_some(sorted(wrong))})."
        )
    bad = [name for name, value in state.items() if value.is_floating_point() and not torch.isfinite(value).all()]
    if bad:
        raise ScanpickError(f"{source}: expected finite weights, got NaN or infinity in {_some(bad)}.")
    network.load_state_dict({name: value.to(expected[name].dtype) for name, value in state.items()})


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "") if names else "none"
