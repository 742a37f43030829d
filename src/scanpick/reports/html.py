"""Pages from templates: all text escaped, styles and scripts inside, nothing loaded from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from scanpick.reports.numbers import count, percent, plural, significant


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
