"""Things that are tables: as Arrow, as pandas, and as a table in a notebook."""

from __future__ import annotations

import html
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from scanpick.errors import MissingExtraError

_ROWS = 10
"""Rows that a notebook shows."""


class Columns(ABC):
    """What has columns of equal length.

    Example:
        >>> class Letters(Columns):
        ...     def columns(self):
        ...         return {"letter": ["a", "b"], "number": [1, 2]}
        >>> Letters().to_arrow().num_rows
        2
    """

    @abstractmethod
    def columns(self) -> Mapping[str, Sequence[Any]]:
        """Name -> values."""

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`."""
        import pyarrow

        return pyarrow.table(dict(self.columns()))

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`; a `MissingExtraError` where pandas is not installed."""
        if find_spec("pandas") is None:
            raise MissingExtraError("pandas", "pandas", "to_pandas()")
        return self.to_arrow().to_pandas()

    def _repr_html_(self) -> str:
        columns = self.columns()
        head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
        shown = zip(*(values[:_ROWS] for values in columns.values()), strict=True)
        body = "".join(f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row)}</tr>" for row in shown)
        count = len(next(iter(columns.values()), ()))
        more = f"<p>and {count - _ROWS} more</p>" if count > _ROWS else ""
        title = html.escape(repr(self))
        return f"<p>{title}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{', '.join(f'{number:.3g}' for number in value[:3])}{', ...' if len(value) > 3 else ''}"
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return html.escape(f"{value:.4g}" if isinstance(value, float) else str(value))
