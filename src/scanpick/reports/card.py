"""A number at the top of a report."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """A number at the top of a page; `key` and `exact` are for machines."""

    key: str
    label: str
    value: str
    note: str
    exact: float
