"""Batches that are prepared in the background while the network works on others."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias

PreparedBatch: TypeAlias = tuple[list[Any], list[str]]
"""The samples of a batch, and the ids of their frames."""

Prepare: TypeAlias = Callable[[int], PreparedBatch]
"""Makes the batch of a number."""

PREFETCH = 4
"""Batches prepared ahead. What is in a batch depends on its number alone, never on the order of preparation."""


def prefetched(prepare: Prepare, first: int, stop: int) -> Iterator[PreparedBatch]:
    """The batches from number `first` up to `stop`, in order, prepared by one thread beside the caller's."""
    with ThreadPoolExecutor(1) as pool:
        waiting: list[Future[PreparedBatch]] = []
        upcoming = first
        try:
            while upcoming < stop or waiting:
                while upcoming < stop and len(waiting) < PREFETCH:
                    waiting.append(pool.submit(prepare, upcoming))
                    upcoming += 1
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()
