"""Checks that structures run on the arrays they are built from. Each message says expected and got."""

from collections.abc import Collection, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from scanpick.errors import ScanpickError


def as_array(what: str, value: Any, dtype: DTypeLike, shape: Sequence[int | None]) -> NDArray[Any]:
    """Return `value` as a read-only, C-ordered array of `dtype`, of a shape in which None stands for any length.

    Raises:
        ScanpickError: The shape differs, or the values cannot be converted.
    """
    try:
        array = np.ascontiguousarray(value, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise ScanpickError(f"{what}: expected values of type {np.dtype(dtype)}, got {error}.") from error
    if array.size == 0 and array.ndim == 1 and len(shape) > 1:
        array = array.reshape([0 if length is None else length for length in shape])  # an empty list has no columns
    matches = array.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, array.shape, strict=True)
    )
    if not matches:
        expected = "(" + ", ".join("any" if length is None else str(length) for length in shape) + ")"
        raise ScanpickError(f"{what}: expected shape {expected}, got {array.shape}.")
    view = array.view()
    view.setflags(write=False)
    return view


def set_arrays(owner: Any, **kinds: tuple[DTypeLike, Sequence[int | None]]) -> None:
    """Check arrays of a frozen dataclass while it is built: field -> dtype and shape, see `as_array`. None stays None.

    Raises:
        ScanpickError: As `as_array`.
    """
    for name, (dtype, shape) in kinds.items():
        value = getattr(owner, name)
        if value is not None:
            object.__setattr__(owner, name, as_array(f"{type(owner).__name__}.{name}", value, dtype, shape))


def check_finite(what: str, array: NDArray[np.floating[Any]]) -> None:
    """Raise `ScanpickError` naming the first rows of `array` (rows, ...) that hold NaN or infinity."""
    if np.isfinite(array).all():
        return
    bad = ~np.isfinite(array).reshape(len(array), -1).all(axis=1)
    raise ScanpickError(f"{what}: expected finite numbers, got NaN or infinity in {name_some(np.flatnonzero(bad))}.")


def check_unique(what: str, names: Sequence[str]) -> None:
    """Raise `ScanpickError` naming the first duplicates among `names`."""
    if len(set(names)) == len(names):
        return
    seen: set[str] = set()
    repeated = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
    raise ScanpickError(f"{what}: expected each id once, got duplicates: {name_some(list(dict.fromkeys(repeated)))}.")


def check_known(
    what: str, ids: Sequence[str], known: Collection[str], *, source: str = "", where: str = "the data set"
) -> None:
    """Raise `ScanpickError` naming some `ids` that are not `known`, and some that are: both sides show what is wrong.

    Args:
        what: What the ids are of ("labelled frames").
        ids: What was given.
        known: What there is, in an order worth showing.
        source: Where the ids come from, put first ("list.txt: ").
        where: What does not have them.
    """
    unknown = [one for one in ids if one not in known]
    if unknown:
        raise ScanpickError(
            f"{source}{len(unknown)} of {len(ids)} {what} are not in {where}: {name_some(unknown)}. "
            f"Expected ids such as {name_some(list(islice(known, 3))) or '(there are none)'}."
        )


def name_some(items: Sequence[Any] | NDArray[Any], most: int = 5) -> str:
    """Name the first few of many items and count the rest: ``"3, 7, 9 and 12 more"``."""
    shown = ", ".join(str(item) for item in items[:most])
    rest = len(items) - most
    return f"{shown} and {rest} more" if rest > 0 else shown
