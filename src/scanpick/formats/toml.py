"""Writing TOML through tomli-w, which reads back with `tomllib`."""

from collections.abc import Mapping
from typing import Any

import tomli_w

from scanpick.errors import ScanpickError


def format_toml(document: Mapping[str, Any]) -> str:
    r"""The text of a document of strings, numbers, booleans, lists, and tables of all of it.

    Entries that are None are left out, since TOML has no such value. The order of entries is kept.

    Example:
        >>> format_toml({"seed": 0, "name": "folder", "columns": None})
        'seed = 0\nname = "folder"\n'
    """
    try:
        return tomli_w.dumps(_without_none(document))
    except TypeError as fault:
        raise ScanpickError(
            f"Cannot write {document!r} as TOML: expected text, numbers and booleans: {fault}."
        ) from fault


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list | tuple) else value
