"""How many threads a piece of work uses: part of what makes two runs agree to the last digit."""

from collections.abc import Iterator
from contextlib import contextmanager

import numba
import torch
from threadpoolctl import threadpool_limits


@contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """Let torch, numba and linear algebra use so many threads within the block."""
    torch_before, numba_before = torch.get_num_threads(), numba.get_num_threads()
    torch.set_num_threads(count)
    numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]
    try:
        with threadpool_limits(count):
            yield
    finally:
        torch.set_num_threads(torch_before)
        numba.set_num_threads(numba_before)
