"""Pages from templates: all text escaped, styles and scripts inside, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from scanpick.reports.numbers import count, percent, plural, significant


@dataclass(frozen=True)
class Card:
    """A number at the top of a page; `key` and `exact` are for machines."""

    key: str
    label: str
    value: str
    note: str
    exact: float


class Progress:
    """Counts the steps of a report, so that those that were not needed are made up for at the end of a stage."""

    def __init__(self, advance: Callable[[int], None] | None) -> None:
        self._advance = advance or (lambda steps: None)
        self._done = 0

    def by(self, steps: int) -> None:
        """So many steps are done."""
        self._done += steps
        self._advance(steps)

    def to(self, done: int) -> None:
        """So many steps are done in all."""
        if done > self._done:
            self.by(done - self._done)


def page_path(out: Path) -> Path:
    """Where a page goes: `out`, or ``report.html`` in it where it is a folder or has no suffix."""
    return out if out.suffix and not out.is_dir() else out / "report.html"


def render(template: str, **context: Any) -> str:
    """The text of a page. A name that the template asks for and `context` lacks is an error, never empty text."""
    return _environment().get_template(template).render(context)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("scanpick.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": count, "percent": percent, "plural": plural, "significant": significant}
    environment.globals["asset"] = _asset
    return environment


def _asset(name: str) -> Markup:
    """One of our own style sheets or scripts, to be put into the page as it is."""
    return Markup((files("scanpick.reports") / "templates" / name).read_text(encoding="utf-8"))
