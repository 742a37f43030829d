"""Dropout in the heads of a trained detector: each pass is another plausible detector (Monte-Carlo dropout).

Gal and Ghahramani (ICML 2016, arXiv 1506.02142) train with the same dropout; here it is put into a network that was
trained without ("dropout injection", Ledda et al. 2023, arXiv 2302.02924), so that any weights will do, published ones
among them. The spread is then a measure to rank frames by, not a calibrated variance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from scanpick.errors import ScanpickError


@contextmanager
def dropout_after(layers: Sequence[nn.Module], rate: float, seed: int) -> Iterator[None]:
    """Within this block a random share of the outputs of these layers is 0, and the others make up for it.

    Args:
        layers: Each gives one tensor.
        rate: The share, 0 up to but not 1.
        seed: Of the masks: the same calls in the same order get the same ones.

    Raises:
        ScanpickError: The rate is none.
    """
    if not 0 <= rate < 1:
        raise ScanpickError(f"Dropout: expected a rate of at least 0 and less than 1, got {rate}.")
    generator = torch.Generator().manual_seed(seed)

    def drop(_layer: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        # Drawn on the CPU: the same masks on every device.
        kept = torch.rand(output.shape, generator=generator) >= rate
        return output * (kept.to(output) / (1 - rate))

    handles = [layer.register_forward_hook(drop) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
