"""A matplotlib figure inside a page, in the page's own colours: readable in light and dark, and searchable."""

from __future__ import annotations

import re

from markupsafe import Markup

from scanpick.reports.figures import COLOURS, GRID, INK, MUTED

_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--line)",
    "#FFFFFF": "var(--card)",
    **{colour: f"var(--series-{place})" for place, colour in enumerate(COLOURS)},
}

_IDS = re.compile(r'(?<=\bid=")[^"]+|(?<=url\(#)[^)]+|(?<=href="#)[^"]+')


def inline_svg(svg: str, name: str, description: str) -> Markup:
    """The figure as ``<svg>``, with the page's colours in place of its own.

    Args:
        svg: The figure as `svg_text` gives it, drawn with the colours of `scanpick.reports.figures`.
        name: Put before every id, since two figures of a page may not share one.
        description: What a reader who cannot see it is told.
    """
    svg = svg[svg.index("<svg") :]
    svg = _IDS.sub(lambda found: f"{name}-{found.group()}", svg)
    # Equal pictures have equal ids; nothing refers to them.
    svg = re.sub(r'(<image [^>]*?) id="[^"]*"', r"\1", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"#[0-9a-fA-F]{6}\b", lambda found: _VARIABLES.get(found.group().upper(), found.group()), svg)
    points = re.search(r'<svg[^>]*?width="([\d.]+)pt"', svg)
    width = float(points.group(1)) / 72 if points else 6.4
    opening = f'<svg role="img" aria-label="{Markup.escape(description)}" style="--width:{width:.2f}in" '
    svg = re.sub(r'<svg[^>]*?(viewBox="[^"]*")[^>]*>', lambda found: opening + found.group(1) + ">", svg, count=1)
    svg = svg.replace("xlink:href", "href")  # HTML knows no namespaces
    return Markup(re.sub(r">\s+<", "><", svg))
