"""What all tables of reports share: texts in columns for a page, columns for the terminal, settings as lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table as TerminalTable

from scanpick.files import without_places
from scanpick.reports.numbers import plural


@dataclass(frozen=True)
class Table:
    """Texts in columns.

    Attributes:
        columns: Name, and whether it holds numbers.
        rows: Texts.
    """

    columns: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[str]]


def terminal_table(
    title: str, headers: Sequence[str], *, texts: Collection[int], folded: Collection[int] = ()
) -> TerminalTable:
    """An empty table for the terminal: `texts` are the columns that hold no numbers, `folded` those that may wrap."""
    table = TerminalTable(title=escape(title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for column, header in enumerate(headers):
        side = "left" if column in texts else "right"
        table.add_column(escape(header), justify=side, no_wrap=column not in folded, overflow="fold")  # type: ignore[arg-type]
    return table


def flat_settings(values: Mapping[str, Any], prefix: str = "", *, most: int | None = None) -> list[tuple[str, str]]:
    """Nested settings as dotted names with texts, without places on this machine; frames set aside are counted.

    Args:
        values: The settings.
        prefix: Put before every name.
        most: How many entries of a list are written out; all by default.
    """
    entries = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if value is None or value in ("", [], {}):
            continue
        if key == "set_aside" and isinstance(value, Mapping):
            entries.append((name, plural(len(value), "frame")))
        elif isinstance(value, Mapping):
            entries += flat_settings(value, f"{name}.", most=most)
        elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
            entries += flat_settings(
                {str(place): one for place, one in enumerate(value, start=1)}, f"{name}.", most=most
            )
        else:
            entries.append((name, _text(without_places(value), most)))
    return entries


def _text(value: Any, most: int | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, list | tuple):
        more = f" and {len(value) - most} more" if most is not None and len(value) > most else ""
        return ", ".join(_text(item, most) for item in value[:most]) + more
    return str(value)
