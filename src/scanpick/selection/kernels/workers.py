"""Threads for blocks of work, each with its own buffers and a single BLAS thread.

Work is cut into blocks that write to rows of their own, so that results do not depend on the number of threads, and
the threads meet once per batch of blocks, not once per pick: a meeting in every iteration costs more than it gains.
"""

from __future__ import annotations

import functools
import math
import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import LibController, ThreadpoolController

from scanpick.arrays import Float32Array, Float64Array, Int32Array, Int64Array
from scanpick.errors import ScanpickError

Result = TypeVar("Result")


class Scratch:
    """Buffers of one thread, made when first asked for and kept."""

    def __init__(self) -> None:
        self._buffers: dict[tuple[str, type], Any] = {}

    def float32(self, name: str, *shape: int) -> Float32Array:
        """A C-ordered array of this shape; its content is whatever was there."""
        return self._buffer(name, np.float32, shape)

    def float64(self, name: str, *shape: int) -> Float64Array:
        """The same in double precision."""
        return self._buffer(name, np.float64, shape)

    def int32(self, name: str, *shape: int) -> Int32Array:
        """The same for numbers of points."""
        return self._buffer(name, np.int32, shape)

    def _buffer(self, name: str, dtype: type, shape: tuple[int, ...]) -> Any:
        size = math.prod(shape)
        if (name, dtype) not in self._buffers or self._buffers[name, dtype].size < size:
            self._buffers[name, dtype] = np.empty(size, dtype=dtype)
        return self._buffers[name, dtype][:size].reshape(shape)


class Workers:
    """Runs tasks on a number of threads; one thread runs them in place.

    Example:
        >>> Workers(2).run([lambda scratch: 1, lambda scratch: 2])
        [1, 2]
    """

    def __init__(self, threads: int) -> None:
        if threads < 1:
            raise ScanpickError(f"threads: expected at least 1, got {threads}.")
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="kernel") if threads > 1 else None
        self._free: queue.SimpleQueue[Scratch] = queue.SimpleQueue()
        for _ in range(threads):
            self._free.put(Scratch())

    def run(self, tasks: Sequence[Callable[[Scratch], Result]]) -> list[Result]:
        """Results of all tasks, in their order; the first error of a task is raised."""
        if not tasks:
            return []
        with one_blas_thread():
            if self._executor is None or len(tasks) == 1:
                return [self._one(task) for task in tasks]
            return list(self._executor.map(self._one, tasks))

    def in_blocks(self, items: Int64Array, size: int, task: Callable[[Int64Array, Scratch], Result]) -> list[Result]:
        """Results of a task for every `size` of some items, in their order."""
        parts = np.split(items, range(size, len(items), size)) if len(items) else []
        return self.run([functools.partial(task, part) for part in parts])

    def _one(self, task: Callable[[Scratch], Result]) -> Result:
        scratch = self._free.get()
        try:
            # Products that overflow are expected: they rule nothing out.
            with np.errstate(over="ignore", invalid="ignore"):
                return task(scratch)
        finally:
            self._free.put(scratch)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Matrix products inside run on the calling thread only."""
    libraries = [(library, library.get_num_threads()) for library in _blas()]
    for library, _ in libraries:
        library.set_num_threads(1)
    try:
        yield
    finally:
        for library, threads in libraries:
            library.set_num_threads(threads)


@functools.cache
def _blas() -> list[LibController]:
    # Looking through the loaded libraries takes milliseconds: once is enough, as numpy's BLAS is there already.
    return list(ThreadpoolController().select(user_api="blas").lib_controllers)
