"""One pool of threads for kernels that release Python's lock."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numba

Item = TypeVar("Item")
Result = TypeVar("Result")

_pool: ThreadPoolExecutor | None = None


def map_over_threads(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """``[function(item) for item in items]``, over numba's number of threads; `function` must release the lock.

    What a call returns does not depend on the number of threads. Do not call it from within `function`.
    """
    if len(items) < 2 or numba.get_num_threads() < 2:
        return [function(item) for item in items]
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(numba.get_num_threads() - 1, thread_name_prefix="scanpick")
    # The calling thread works too: it takes every item that no other thread has begun.
    futures = [_pool.submit(function, item) for item in items[1:]]
    results = [function(items[0])]
    for item, future in zip(items[1:], futures, strict=True):
        results.append(function(item) if future.cancel() else future.result())
    return results


def _forget_pool() -> None:
    global _pool
    _pool = None  # a forked process has none of its parent's threads


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_forget_pool)
