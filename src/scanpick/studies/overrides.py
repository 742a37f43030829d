"""Single values of a configuration changed from outside: ``detector.iterations=600``."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from scanpick.errors import ScanpickError
from scanpick.texts import parse_yaml


def overridden(values: dict[str, Any], changes: Mapping[str, Any] | Iterable[str]) -> dict[str, Any]:
    """A copy with some values replaced. Places are dotted names, and numbers in lists.

    Args:
        values: Plain values.
        changes: Place -> value; or texts such as "detector.iterations=600" with values in YAML.

    Example:
        >>> overridden({"detector": {"iterations": 3000}, "seeds": [0]}, ["detector.iterations=600", "seeds=[0, 1]"])
        {'detector': {'iterations': 600}, 'seeds': [0, 1]}

    Raises:
        ScanpickError: A text has another form, or the place is in no mapping or list.
    """
    changed = copy.deepcopy(values)
    given = changes.items() if isinstance(changes, Mapping) else [_parsed(text) for text in changes]
    for place, value in given:
        text, names = f"{place}={value}", place.strip().split(".")
        target: Any = changed
        for name in names[:-1]:
            target = _inside(target, name, text)
        if isinstance(target, list):
            target[_row(target, names[-1], text)] = value
        elif isinstance(target, dict):
            target[names[-1]] = value
        else:
            raise ScanpickError(f"`changes={text!r}`: '{'.'.join(names[:-1])}' is one value, with nothing in it.")
    return changed


def _parsed(text: str) -> tuple[str, Any]:
    place, equals, value = text.partition("=")
    if not equals or not all(place.strip().split(".")):
        raise ScanpickError(f"`changes=...`: expected PLACE=VALUE such as detector.iterations=600, got '{text}'.")
    return place, parse_yaml(value, f"`changes={place!r}`")


def _inside(target: Any, name: str, text: str) -> Any:
    if isinstance(target, list):
        return target[_row(target, name, text)]
    if isinstance(target, dict):
        return target.setdefault(name, {})
    raise ScanpickError(f"`changes={text!r}`: there is nothing in which '{name}' could be.")


def _row(target: list[Any], name: str, text: str) -> int:
    if not name.isdecimal() or int(name) >= len(target):
        raise ScanpickError(
            f"`changes={text!r}`: expected the place of one of {len(target)} entries (0, 1, ...), got '{name}'."
        )
    return int(name)
