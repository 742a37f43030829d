"""The forecast of a learning curve: what it says of made-up rounds, and held against the studies of docs/results."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.evaluation.learning_curve import fit_learning_curve
from scanpick.texts import read_csv
from tests.documents import ROOT


def test_a_power_law_is_found_again() -> None:
    frames = np.array([20.0, 40, 80, 160, 320, 640])
    curve = fit_learning_curve(frames, 85 - 200 * frames**-0.6)
    middle, low, high = curve.at(1280)
    assert low <= 85 - 200 * 1280**-0.6 <= high
    assert high - low < 10
    assert curve.gain_per_doubling(640)[0] < curve.gain_per_doubling(40)[0]
    needed, least, _ = curve.needed_for(middle)
    assert least <= 1280
    assert np.isfinite(needed)


def test_two_rounds_say_little_and_one_nothing() -> None:
    short = fit_learning_curve(np.array([20.0, 40]), np.array([40.0, 50]))
    longer = fit_learning_curve(np.array([20.0, 40, 80, 160]), np.array([40.0, 50, 57, 62]))
    assert np.diff(short.at(640)[1:]) > np.diff(longer.at(640)[1:])
    with pytest.raises(ScanpickError, match="at least 2 rounds"):
        fit_learning_curve(np.array([20.0, 20]), np.array([40.0, 50]))


def cases(scores: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """(frames, AP) of each seed of a study, round by round."""
    rows = read_csv(scores)
    metric = next(name for name in rows[0] if name.count("_") >= 4)
    seeds: defaultdict[tuple[str, ...], dict[float, float]] = defaultdict(dict)
    starts = {row["seed"]: row for row in rows if row["strategy"] == "start"}
    for row in rows:
        if row["strategy"] not in ("start", "whole pool") and row["seed"] in starts:
            key = (row["seed"], row["strategy"], row["variant"], row["iterations"])
            for one in (starts[row["seed"]], row):
                seeds[key][float(one["frames"])] = float(one[metric])
    return [(np.array(sorted(one)), np.array([one[size] for size in sorted(one)])) for one in seeds.values()]


def test_it_predicts_the_next_round_of_our_studies() -> None:
    """The numbers of docs/reference/rounds.md."""
    held, wrong, plain = [], [], []
    for scores in sorted((ROOT / "docs/results").glob("*/scores.csv")):
        if "strategy" not in scores.read_text().partition("\n")[0]:
            continue
        for frames, ap in cases(scores):
            for rounds in range(2, len(ap)):
                curve = fit_learning_curve(frames[:rounds], ap[:rounds])
                low, high = curve.measured_at(frames[rounds])
                held.append(low <= ap[rounds] <= high)
                wrong.append(abs(curve.at(frames[rounds])[0] - ap[rounds]))
                plain.append(abs(ap[rounds - 1] - ap[rounds]))
    assert len(held) >= 27
    assert np.mean(held) >= 0.8
    assert np.mean(wrong) < 0.8 * np.mean(plain)
    if len(held) == 27:
        page = (ROOT / "docs/reference/rounds.md").read_text().replace("\n", " ")
        said = f"{sum(held)} times of 27, and the forecast was off by {np.mean(wrong):.1f} points"
        assert said in page
