"""The look that all matplotlib figures share, as files that are the same on every run, and inside pages.

Colours are Okabe and Ito's, which people with a colour vision deficiency can tell apart; a series also gets its own
marker, so that a black and white print stays readable. Figures are made without pyplot: no global state, no display.

Okabe, Ito: "Color Universal Design", https://jfly.uni-koeln.de/color/ (2008).
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.style
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from scanpick.errors import ScanpickError
from scanpick.files import write_bytes
from scanpick.texts import printable

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D31", "#4D4D4D")
"""Okabe and Ito's colours in the order in which series take them; their yellow is too light for lines, so brown."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
INK, MUTED, GRID = "#1B2430", "#5B6675", "#E3E7EC"

_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--line)",
    "#FFFFFF": "var(--card)",
    **{colour: f"var(--series-{place})" for place, colour in enumerate(COLOURS)},
}

_IDS = re.compile(r'(?<=\bid=")[^"]+|(?<=url\(#)[^)]+|(?<=href="#)[^"]+')

# The strategies of a comparison keep their colours from one figure to the next, whichever of them are drawn.
STRATEGY_SLOTS = {
    "random": 7,
    "diversity": 0,
    "uncertainty": 1,
    "probcover": 2,
    "typiclust": 3,
    "facility_location": 4,
    "herding": 5,
    "uncertainty_herding": 6,
}

STYLE: dict[str, Any] = {
    "figure.dpi": 110,
    "figure.facecolor": "white",
    "savefig.dpi": 200,
    "savefig.bbox": "tight",
    "savefig.pad_inches": 0.06,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib: the same letters on every machine
    "font.size": 9.5,
    "text.color": INK,
    "text.parse_math": False,  # names come from data: a $ in them is a $
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.hashsalt": "scanpick",  # element ids that do not change from run to run
    "svg.fonttype": "none",  # letters stay letters: small files, searchable
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw in scanpick's style within this block; the user's own matplotlib settings are left alone.

    Example:
        >>> with figure_style():
        ...     figure, axes = new_figure(width=4.0, height=2.5)
        ...     line = axes[0].plot([1, 2], [3, 4], **series_styles(["random"])["random"])
    """
    with matplotlib.style.context(["default", STYLE]):
        yield


def new_figure(
    width: float = 6.4, height: float = 3.8, *, columns: int = 1, rows: int = 1
) -> tuple[Figure, list[Axes]]:
    """A figure of `width` x `height` inches with its axes row by row. Call it within `figure_style`."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def series_styles(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colour and marker of each series of a figure, as keyword arguments of ``Axes.plot``.

    Known strategies have the same look in every figure. Other names take what is left, in the order given; past eight
    series the looks repeat.
    """
    taken = {STRATEGY_SLOTS[name] for name in names if name in STRATEGY_SLOTS}
    free = [slot for slot in range(len(COLOURS)) if slot not in taken] or list(range(len(COLOURS)))
    others = [name for name in dict.fromkeys(names) if name not in STRATEGY_SLOTS]
    slots = {name: free[place % len(free)] for place, name in enumerate(others)}
    slots |= {name: STRATEGY_SLOTS[name] for name in names if name in STRATEGY_SLOTS}
    return {
        name: {"color": COLOURS[slots[name]], "marker": MARKERS[slots[name]], "markeredgecolor": "white"}
        for name in dict.fromkeys(names)
    }


def save_figure(figure: Figure, stem: Path, *, formats: Sequence[str] = ("png", "svg")) -> list[Path]:
    """Write a figure as ``stem.png`` and ``stem.svg`` (or other formats), atomically and without a date in it.

    Raises:
        ScanpickError: matplotlib does not know a format.
    """
    known = figure.canvas.get_supported_filetypes()
    written = []
    for extension in formats:
        if extension not in known:
            raise ScanpickError(f"Figures cannot be written as '{extension}'. Known: {', '.join(sorted(known))}.")
        path = stem.with_name(f"{stem.name}.{extension}")
        write_bytes(path, _svg(figure).encode() if extension == "svg" else _drawn(figure, extension))
        written.append(path)
    return written


def inline_svg(figure: Figure | str, name: str, description: str) -> Markup:
    """A figure, or its SVG, as ``<svg>`` in a page's own colours: readable in light and dark, and searchable.

    Args:
        figure: Drawn with the colours of this file.
        name: Put before every id, since two figures of a page may not share one.
        description: What a reader who cannot see it is told.
    """
    svg = figure if isinstance(figure, str) else _svg(figure)
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


def _svg(figure: Figure) -> str:
    """Without the control codes that XML does not have."""
    return printable(_drawn(figure, "svg").decode())


def _drawn(figure: Figure, extension: str) -> bytes:
    # Without a date, a figure changes when what it shows changes, and only then.
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
    content = io.BytesIO()
    with figure_style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a name in another script: boxes are drawn
        figure.savefig(content, format=extension, metadata=undated.get(extension))
    return content.getvalue()
