"""What every strategy is: checked options, and a picker that names the best frame again and again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from scanpick.arrays import Float64Array, Int64Array
from scanpick.errors import ScanpickError, unknown_name
from scanpick.registry import Registry
from scanpick.selection.pool import Pool

Model = TypeVar("Model", bound=BaseModel)


class Picker(Protocol):
    """The state of a greedy choice over the N frames of a pool."""

    def best(self) -> tuple[int, float] | None:
        """The allowed frame of largest gain times weight with its gain, ties to the lowest index; None: none left."""

    def take(self, index: int) -> None:
        """Choose this frame."""

    def forbid(self, indices: Int64Array) -> None:
        """Never return these frames from `best` again; they still count as frames to be covered."""

    def gains(self) -> Float64Array:
        """(N,) the gain of every frame now."""


@dataclass(frozen=True, eq=False)
class Request:
    """What a strategy is told besides the pool and its own options.

    Attributes:
        allowed: (N,) bool: frames that may be picked.
        count: About how many frames will be picked. Only strategies that make clusters need to know.
        weights: (N,) float64 > 0 that gains are multiplied with where a budget counts objects or cost (one over the
            cost), or None.
        rng: The only source of chance.
        threads: How many threads may be used, or None for all.
    """

    allowed: Any
    count: int
    weights: Float64Array | None
    rng: np.random.Generator
    threads: int | None = None


class Strategy(BaseModel, ABC):
    """Base of all strategies. Its fields are its options; unknown ones fail.

    The pool that it gets is sorted by frame id and holds no excluded frame, so that the order of the user's frames
    does not matter and ties go to the lowest frame id.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    gain_means: ClassVar[str] = "gain"
    """What the gain of a pick is, in words, for reports."""

    keeps_prefix: ClassVar[bool] = True
    """Whether a smaller budget of frames gives the first picks of a larger one."""

    @abstractmethod
    def picker(self, pool: Pool, request: Request) -> Picker:
        """Start on a pool: labelled frames are taken already, and neither they nor others not allowed come up."""

    def notes(self) -> Iterable[str]:
        """What went another way than asked, once the selection has ended."""
        return ()


STRATEGIES: Registry[type[Strategy]] = Registry(
    "strategy",
    {
        "random": "scanpick.selection.random:Random",
        "diversity": "scanpick.selection.diversity:Diversity",
        "k_center": "scanpick.selection.diversity:Diversity",
    },
    group="scanpick.strategies",
)
"""Name -> strategy. `k_center` is another name of `diversity`."""


def make_strategy(name: str, options: Mapping[str, Any]) -> Strategy:
    """The strategy of this name with its options checked.

    Raises:
        ScanpickError: The name or an option is unknown, or a value does not fit.
    """
    return checked(STRATEGIES.load(name), options, f"strategy '{name}'")


def checked(model: type[Model], values: Mapping[str, Any], where: str) -> Model:
    """Build a pydantic model from untrusted values; `where` names it in messages.

    Raises:
        ScanpickError: A key is unknown (with the nearest known one), or a value does not fit.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
            raise unknown_name(f"option of {where}", path, model.model_fields) from None
        raise ScanpickError(f"Option '{path}' of {where}: {first['msg']}, got {first['input']!r}.") from None
