"""Whether the weights in a file are those that a network has."""

from collections.abc import Collection, Mapping

from scanpick.errors import ScanpickError

Shapes = Mapping[str, tuple[int, ...]]


def check_fit(given: Shapes, expected: Shapes, network: str, source: str) -> None:
    """Compare the names and shapes of weights.

    Raises:
        ScanpickError: Some are missing, left over or of another shape; the message names `network`, `source` and them.
    """
    missing, left_over = [n for n in expected if n not in given], [n for n in given if n not in expected]
    other = [
        f"{name}: {given[name]} instead of {shape}"
        for name, shape in expected.items()
        if given.get(name, shape) != shape
    ]
    if missing or left_over or other:
        raise ScanpickError(
            f"{source}: does not fit {network}: {_counted(missing)} missing, {_counted(left_over)} left over, "
            f"{_counted(other)} of another shape, of the {len(expected)} that are expected."
        )


def first_few(names: Collection[str]) -> str:
    """The first three names, and whether there are more.

    Example:
        >>> first_few(["a", "b", "c", "d"])
        'a, b, c, ...'
    """
    return ", ".join(list(names)[:3]) + (", ..." if len(names) > 3 else "")


def _counted(names: Collection[str]) -> str:
    return f"{len(names)} parameters ({first_few(names)})" if names else "none"
