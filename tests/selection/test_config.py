"""Settings from a file say the same as flags and Python; the worked example of the documentation is right."""

import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import yaml

from scanpick.errors import ScanpickError
from scanpick.selection import STRATEGIES, Constraints, Pool, select
from scanpick.selection.config import SelectionConfig
from scanpick.selection.explain import explain
from scanpick.selection.objectives import OBJECTIVES
from tests.selection.pools import driving_pool

GUIDE = (Path(__file__).parents[2] / "docs" / "reference" / "selection.md").read_text(encoding="utf-8")


def yaml_of_the_guide():
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL)]


def table_of_the_guide(header):
    """Rows of the first table whose header starts so, as dictionaries."""
    lines = GUIDE[GUIDE.index(header) :].splitlines()
    names = [cell.strip() for cell in lines[0].strip("|").split("|")]
    rows = []
    for line in lines[2:]:
        if not line.startswith("|"):
            return rows
        rows.append(dict(zip(names, (cell.strip() for cell in line.strip("|").split("|")), strict=True)))
    return rows


def test_the_worked_example_by_hand_and_by_scanpick():
    frames = {row["frame"]: row for row in table_of_the_guide("| frame | x | y | entropy | weather |")}
    example = next(settings for settings in yaml_of_the_guide() if "objectives" in settings)
    strengths = {one["type"]: one.get("strength", 1) for one in example["objectives"]}
    assert set(strengths) == {"diversity", "weight", "balance"}
    place = {name: np.array([float(row["x"]), float(row["y"])]) for name, row in frames.items()}

    # By hand
    chosen, expected = ["a"], []
    while len(expected) < example["budget"]:
        worth = {}
        for name in set(frames) - set(chosen):
            distance = min(np.hypot(*(place[name] - place[other])) for other in chosen)
            weather = [frames[other]["weather"] for other in [*chosen, name]]
            rain = weather.count("rain") / len(weather)
            balance = 1 - (abs(rain - 0.5) + abs(1 - rain - 0.5)) / 2
            parts = {"diversity": distance, "weight": float(frames[name]["entropy"]), "balance": balance}
            worth[name] = {kind: value ** strengths[kind] for kind, value in parts.items()}
        best = max(worth, key=lambda name: np.prod(list(worth[name].values())))
        expected.append((best, worth[best]))
        chosen.append(best)

    # By scanpick
    pool = Pool(
        tuple(frames),
        {"e": np.array(list(place.values()))},
        labelled=[name == "a" for name in frames],
        scores={"entropy": np.array([float(row["entropy"]) for row in frames.values()])},
        metadata={"weather": np.array([row["weather"] for row in frames.values()])},
    )
    found = SelectionConfig.of(example).select(pool)
    assert found.frame_ids == tuple(name for name, _ in expected)

    # As the guide says
    for rank, row in enumerate(table_of_the_guide("| rank | frame | diversity | weight | balance | gain |")):
        name, parts = expected[rank]
        assert (row["rank"], row["frame"]) == (str(rank + 1), name)
        assert float(row["gain"]) == pytest.approx(np.prod(list(parts.values())), abs=5e-5)
        assert found.gains[rank] == pytest.approx(np.prod(list(parts.values())))
        for kind, value in parts.items():
            assert float(row[kind]) == pytest.approx(value, abs=5e-5)
            assert found.contributions[kind][rank] == pytest.approx(value)


def test_all_settings_of_the_guide_are_known():
    for settings in yaml_of_the_guide():
        SelectionConfig.of(settings)
    assert len(yaml_of_the_guide()) >= 2


def test_a_file_says_the_same_as_python(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(
        "budget: 8\nseed: 2\nobjectives:\n  - {type: diversity, strength: 0.5}\n  - {type: weight, column: margin}\n"
        "constraints:\n  clips: {length: 2}\n  strata: {by: lanes > 1, budgets: {true: 6, false: 2}}\n"
    )
    objectives = [{"type": "diversity", "strength": 0.5}, {"type": "weight", "column": "margin"}]
    strata = {"by": "lanes > 1", "budgets": {"true": "6", "false": "2"}}
    pool = driving_pool()
    expected = select(
        pool, "combined", 8, seed=2, options={"objectives": objectives},
        constraints={"clips": {"length": 2}, "strata": strata},
    )  # fmt: skip
    assert SelectionConfig.read(path).select(pool).frame_ids == expected.frame_ids


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"budgt": 3}, "Unknown option of the selection, 'budgt'. Did you mean 'budget'"),
        ({"seed": -1}, "Option 'seed'"),
        ({"constraints": {"min_gap_s": "long"}}, "Option 'constraints.min_gap_s'"),
        (
            {"strategy": "random", "objectives": [{"type": "diversity"}]},
            "for the strategy 'combined', not for 'random'",
        ),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ScanpickError) as found:
        SelectionConfig.of(settings)
    assert message in str(found.value)


def test_reasons_in_words():
    pool = driving_pool(labelled=3)
    lines = explain(select(pool, "diversity", "9 objects"), 2)
    assert len(lines) == 2
    assert re.fullmatch(
        r"1\. \S+: distance to the nearest chosen frame [\d.]+; the nearest chosen one is \S+, [\d.]+ away; "
        r"costs [\d.]+ objects\.", lines[0],
    )  # fmt: skip
    objectives = [{"type": "diversity"}, {"type": "weight", "column": "margin"}]
    line = explain(select(driving_pool(), "combined", 2, options={"objectives": objectives}))[1]
    assert re.match(r"2\. \S+: product of the objectives [\d.]+ = diversity [\d.]+ x weight [\d.]+; the nearest", line)
    assert "nothing was chosen before" in explain(select(driving_pool(), "diversity", 1))[0]
    assert explain(select(driving_pool(), "random", 0)) == []


def test_the_guide_has_a_word_on_every_strategy_objective_and_constraint():
    for name in STRATEGIES.names():
        section = "diversity" if name == "k_center" else name
        assert f"### {section}\n" in GUIDE or section == "combined"
        for option in STRATEGIES.load(name).model_fields:
            assert f"`{option}`" in GUIDE or f"{option}:" in GUIDE, (name, option)
    for name in OBJECTIVES.names():
        assert f"| `{name}` |" in GUIDE
        for option in OBJECTIVES.load(name).model_fields:
            assert f"`{option}`" in GUIDE, (name, option)
    for option in Constraints.model_fields:
        assert option in GUIDE


def test_the_strategy_of_your_own_in_the_guide_works(monkeypatch):
    code = next(block for block in re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL) if "MostPoints" in block)
    module = types.ModuleType("most_points")
    exec(code, module.__dict__)
    monkeypatch.setitem(sys.modules, "most_points", module)
    monkeypatch.setitem(STRATEGIES._builtin, "most_points", "most_points:MostPoints")
    counts = np.array([5, 9, 2])
    pool = Pool(tuple("abc"), metadata={"num_points": counts})
    found = select(pool, "most_points", 2)
    assert found.frame_ids == ("b", "a")
    assert found.summary["gain_means"] == "number of points"
