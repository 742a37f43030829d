"""Writing TOML: as much of it as settings need. Reading is `tomllib`'s."""

import json
import re
from collections.abc import Mapping
from typing import Any

from scanpick.errors import ScanpickError


def format_toml(document: Mapping[str, Any]) -> str:
    """The text of a document of strings, numbers, booleans, lists, and tables of all of it.

    Entries that are None are left out, since TOML has no such value. The order of entries is kept.

    Raises:
        ScanpickError: A value is of another type.

    Example:
        >>> print(format_toml({"seed": 0, "dataset": {"name": "folder"}}), end="")
        seed = 0
        <BLANKLINE>
        [dataset]
        name = "folder"
    """
    return "\n".join(_lines(document, ())) + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    lines = []
    for key, value in table.items():
        if value is not None and not isinstance(value, Mapping):
            lines.append(f"{_key(key)} = {_value(value)}")
    for key, value in table.items():
        if isinstance(value, Mapping):
            header = ".".join(_key(part) for part in (*path, key))
            lines += [*([""] if lines or path else []), f"[{header}]", *_lines(value, (*path, key))]
    return lines


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int | float):
        return repr(value)  # inf and nan are spelled as in TOML
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, Mapping):  # within a list
        return "{" + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items() if item is not None) + "}"
    raise ScanpickError(f"Cannot write {value!r} as TOML: expected text, a number, a boolean or a list of these.")


def _string(text: str) -> str:
    # TOML's basic strings have JSON's escapes, but for DEL, and know no surrogate pairs.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
