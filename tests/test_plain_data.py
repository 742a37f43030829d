"""What is in data is shown, and does nothing: on terminals, in spreadsheets and in figures."""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path
from xml.dom import minidom

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanpick.files import without_places
from scanpick.texts import format_csv, guarded, parse_csv, printable, unguarded

STARTS = "=+-@\t'\uff1d\uff20"


@given(st.one_of(st.text(), st.builds(str.__add__, st.text(STARTS, min_size=1), st.text())))
def test_a_guarded_cell_is_no_formula_and_comes_back(cell: str) -> None:
    written = guarded(cell)
    assert unguarded(written) == cell
    is_number = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(inf|nan)", written, re.IGNORECASE | re.ASCII)
    assert is_number or not written.startswith(("=", "+", "-", "@", "\t", "\uff1d", "\uff0b", "\uff0d", "\uff20"))


def test_numbers_stay_numbers() -> None:
    rows = [{"a": -0.5, "b": "-0.5", "c": "-a", "d": None, "e": "+1e5"}]
    text = format_csv("abcde", rows)
    assert text == "a,b,c,d,e\n-0.5,-0.5,'-a,,+1e5\n"
    assert parse_csv(text, "x") == [{"a": "-0.5", "b": "-0.5", "c": "-a", "d": "", "e": "+1e5"}]


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "\x9b2J", "\x07", "a\rb", "\u202eabc", "\u2066x", "\udc80"])
def test_a_terminal_is_told_nothing(text: str) -> None:
    from rich.markup import escape
    from rich.table import Table

    from scanpick.cli.output import PlainConsole

    console = PlainConsole(file=io.StringIO(), force_terminal=True, width=80, color_system=None)
    table = Table()
    table.add_column(escape(text))
    table.add_row(escape(text))
    console.print(escape(text))
    console.print(text, markup=False)
    console.print(table)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert printable(shown) == shown


def test_a_figure_reads_no_mathematics(tmp_path: Path) -> None:
    from scanpick.reports.figures import figure_style, new_figure, save_figure

    with figure_style(), warnings.catch_warnings():
        warnings.simplefilter("error")
        figure, axes = new_figure()
        axes[0].plot([1, 2], [3, 4], label="$x^")
        axes[0].set_title("$\\frac{b$ \x1b[2J 日本 <b>")
        axes[0].legend()
        svg = save_figure(figure, tmp_path / "figure")[1]
    shown = minidom.parse(str(svg)).documentElement.toxml()
    assert "$x^" in shown
    assert "\\x1b[2J" in shown


def test_a_place_is_the_last_part_of_it(tmp_path: Path) -> None:
    values = {"data": [str(tmp_path / "drives"), f"folder:{tmp_path / 'drives'}", "simulated:demo", "a/b"], "seed": 0}
    assert without_places(values) == {"data": ["drives", "folder:drives", "simulated:demo", "a/b"], "seed": 0}
