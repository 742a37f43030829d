"""All plots share one look, and a figure's file depends on nothing but what it shows."""

import matplotlib
import pytest

from scanpick.errors import ScanpickError
from scanpick.reports.figures import COLOURS, figure_style, new_figure, save_figure, series_styles


def _draw(stem):
    with figure_style():
        figure, (left, right) = new_figure(5, 2.5, columns=2)
        for name, style in series_styles(["random", "diversity"]).items():
            left.plot([1, 2, 3], [3, 1, 2], label=name, **style)
        left.legend()
        right.set_xlabel("frames")
    return save_figure(figure, stem)


def test_files_are_the_same_on_every_run(tmp_path):
    first, second = _draw(tmp_path / "a.curve"), _draw(tmp_path / "b")
    assert [path.name for path in first] == ["a.curve.png", "a.curve.svg"]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_the_users_settings_are_left_alone(tmp_path):
    matplotlib.get_backend()  # chosen on first use, by whoever asks first
    before = matplotlib.rcParams.copy()
    _draw(tmp_path / "a")
    assert matplotlib.rcParams == before


def test_known_series_keep_their_look_and_no_two_share_one():
    few = series_styles(["diversity", "random"])
    many = series_styles(["mine", "diversity", "his", "random", "hers", "mine"])
    assert {name: many[name] for name in few} == few
    looks = [(style["color"], style["marker"]) for style in many.values()]
    assert len(set(looks)) == len(many) == 5


def test_more_series_than_colours_are_still_drawn():
    assert len(series_styles([f"s{i}" for i in range(3 * len(COLOURS))])) == 3 * len(COLOURS)


def test_an_unknown_format_is_an_error(tmp_path):
    with figure_style():
        figure, _ = new_figure()
    with pytest.raises(ScanpickError, match="cannot be written as 'bpm'"):
        save_figure(figure, tmp_path / "a", formats=["bpm"])
