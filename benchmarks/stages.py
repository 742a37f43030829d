"""How the time of a run is spread over its stages."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class StageClock:
    """Time in each stage, less that in the stages within it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open: list[str] = []
        self._since = 0.0
        self._replaced: list[tuple[Any, str, Any]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time within the block for this stage."""
        self._settle()
        self._open.append(name)
        try:
            yield
        finally:
            self._settle()
            self._open.pop()

    def around(self, owner: Any, attribute: str, name: str) -> None:
        """Count what this function or method takes."""
        inner = getattr(owner, attribute)

        def timed(*args: Any, **options: Any) -> Any:
            with self.stage(name):
                return inner(*args, **options)

        self._replaced.append((owner, attribute, inner))
        setattr(owner, attribute, timed)

    def remove(self) -> None:
        """Let functions and methods be again what they were."""
        while self._replaced:
            setattr(*self._replaced.pop())

    def shares(self) -> dict[str, float]:
        """Stage -> its share of all."""
        whole = sum(self.seconds.values())
        return {name: seconds / whole for name, seconds in self.seconds.items()}

    def _settle(self) -> None:
        now = time.perf_counter()
        if self._open:
            self.seconds[self._open[-1]] = self.seconds.get(self._open[-1], 0.0) + now - self._since
        self._since = now
