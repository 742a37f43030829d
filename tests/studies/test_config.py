"""A study's configuration: everything is checked before anything runs."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from scanpick.errors import ScanpickError
from scanpick.studies.config import StudyConfig
from scanpick.studies.overrides import overridden
from scanpick.studies.presets import PRESETS, read_preset

EXAMPLES = Path(__file__).parents[2] / "examples"


def _values(**changes: Any) -> dict[str, Any]:
    values = {
        "name": "small",
        "data": "simulated:drives",
        "split": {"by": "metadata"},
        "start": {"frames": 5},
        "rounds": [5],
        "strategies": ["random"],
        "detector": {"iterations": 10},
    }
    return values | changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rond": [3]}, "Unknown option of the study, 'rond'. Did you mean 'rounds'"),
        ({"start": {"frame": 5}}, "start.frame"),
        ({"start": {"frames": 5, "share": 0.1}}, "one of frames, share and file, got frames and share"),
        ({"start": {}}, "one of frames, share and file, got none"),
        ({"start": {"share": 1.5}}, "start.share"),
        ({"strategies": ["randm"]}, "Unknown strategy 'randm'. Did you mean 'random'"),
        ({"strategies": [{"name": "probcover", "grid": {"dela": [1]}}]}, "Did you mean 'delta'"),
        ({"strategies": [{"name": "probcover", "grid": {"delta": []}}]}, "a grid needs values"),
        ({"strategies": [{"name": "probcover", "options": {"delta": 1}, "grid": {"delta": [1]}}]}, "both an option"),
        ({"strategies": [{"name": "probcover", "grid": {"delta": [-1]}}]}, "delta"),
        ({"strategies": ["random", "random"]}, "two strategies are called 'random': give one a label"),
        ({"strategies": [{"name": "random", "label": "all"}]}, "'all' is taken"),
        ({"strategies": [{"name": "uncertainty", "score": {"name": "entrop"}}]}, "Did you mean 'entropy'"),
        ({"strategies": [{"name": "uncertainty", "score": {"aggregate": "men"}}]}, "Did you mean 'mean'"),
        ({"strategies": []}, "rounds and strategies go together"),
        ({"rounds": []}, "rounds and strategies go together"),
        ({"rounds": ["5 foo"]}, "Cannot read the budget '5 foo'"),
        ({"rounds": [0]}, "a round must add something"),
        ({"split": {"by": "drive"}}, "split"),
        ({"split": {"by": "drives", "folds": 1}}, "folds"),
        ({"detector": {}}, "either iterations or epochs"),
        ({"detector": {"iterations": 5, "epochs": 1}}, "either iterations or epochs"),
        ({"detector": {"iterations": [5, 6, 7]}}, r"expected one number, or 2 \(the start and each round\), got 3"),
        ({"detector": {"iterations": 0}}, "1 iteration or more"),
        ({"detector": {"name": "pilar", "iterations": 5}}, "Unknown detector 'pilar'"),
        (
            {"detector": {"iterations": 5, "settings": {"clp": 1}}},
            "Unknown training setting 'clp'. Did you mean 'clip'",
        ),
        ({"detector": {"iterations": 5, "settings": {"batch_size": 1}}}, "has a key of its own"),
        ({"encoder": {"name": "scancontext"}}, "Did you mean 'scan_context'"),
        ({"seeds": [1, 1]}, "different seeds"),
        ({"seeds": 10**30}, "at most 10000 seeds"),
        ({"seeds": [-1]}, "different seeds of 0 or more"),
        ({"metrics": ["Car_3d_moderate_R41_0.7"]}, "expected CLASS_MATCHED_DIFFICULTY_AVERAGE_OVERLAP"),
        ({"metrics": ["Van_3d_moderate_R40_0.7"]}, "a class that is not trained"),
        ({"primary_metric": "Car_3d_easy_R11_0.7"}, "not among the metrics"),
        ({"cost": {"per_box": -1}}, "cost.per_box"),
        ({"name": "../up"}, "name"),
        ({"data": []}, "data"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScanpickError, match=message):
        StudyConfig.of(_values(**changes))


def test_short_forms() -> None:
    config = StudyConfig.of(_values(seeds=3, rounds=[5, "20 objects", "3%"]))
    assert config.seeds == [0, 1, 2]
    assert [str(budget) for budget in config.budgets] == ["5 frames", "20 objects", "3%"]
    assert (config.data[0].source, config.strategies[0].called) == ("simulated:drives", "random")
    assert config.primary == config.metrics[0]


def test_a_grid_has_a_variant_for_every_combination() -> None:
    strategy = {"name": "probcover", "options": {"max_pairs": 9}, "grid": {"delta": [0.1, 0.2], "metric": ["cosine"]}}
    (one,) = StudyConfig.of(_values(strategies=[strategy])).strategies
    assert one.variants() == [
        ("delta=0.1,metric=cosine", {"max_pairs": 9, "delta": 0.1, "metric": "cosine"}),
        ("delta=0.2,metric=cosine", {"max_pairs": 9, "delta": 0.2, "metric": "cosine"}),
    ]


def test_iterations_by_round_and_by_epochs() -> None:
    detector = StudyConfig.of(_values(detector={"iterations": [10, 20]})).detector
    assert [detector.training(number, 40, 3).iterations for number in (0, 1)] == [10, 20]
    detector = StudyConfig.of(
        _values(detector={"epochs": 4, "batch_size": 2, "settings": {"accumulation": 5}})
    ).detector
    settings = detector.training(1, 40, 3)
    assert (settings.iterations, settings.accumulation, settings.seed) == (16, 5, 3)


def test_what_is_resolved_reads_back_the_same() -> None:
    config = StudyConfig.of(read_preset("simulated", {}))
    assert StudyConfig.of(yaml.safe_load(yaml.safe_dump(config.model_dump(mode="json")))) == config


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_valid(name: str) -> None:
    config = StudyConfig.of(read_preset(name, {"data": "folder", "weights": "recon.pth"}), name)
    assert config.name == name
    compared = {"random", "uncertainty", "diversity", "probcover", "typiclust", "uncertainty_herding"}
    assert name == "demo" or compared <= {one.name for one in config.strategies}


def test_every_preset_is_listed() -> None:
    folder = files("scanpick.studies.presets")
    assert sorted(one.name.removesuffix(".yaml") for one in folder.iterdir() if one.name.endswith(".yaml")) == sorted(
        PRESETS
    )


def test_a_preset_says_what_it_must_be_told() -> None:
    with pytest.raises(ScanpickError, match="needs to be told where things are: `data='FOLDER'`"):
        read_preset("kitti-mini", {"data": None})
    with pytest.raises(ScanpickError, match="Did you mean 'simulated'"):
        read_preset("simulatd", {})


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_examples_are_valid(path: Path) -> None:
    assert StudyConfig.read(path).name == path.stem


def test_a_file_that_is_no_configuration(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("- 1")
    with pytest.raises(ScanpickError, match="expected settings as 'name: value' lines, got list"):
        StudyConfig.read(path)
    path.write_text("{")
    with pytest.raises(ScanpickError, match="expected YAML"):
        StudyConfig.read(path)


def test_single_values_are_changed_from_outside() -> None:
    values = {"detector": {"iterations": 3}, "strategies": [{"name": "random"}]}
    changed = overridden(values, ["detector.iterations=[1, 2]", "strategies.0.label=chance", "cost.per_box=.5"])
    assert changed == {
        "detector": {"iterations": [1, 2]},
        "strategies": [{"name": "random", "label": "chance"}],
        "cost": {"per_box": 0.5},
    }
    assert values == {"detector": {"iterations": 3}, "strategies": [{"name": "random"}]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("detector", "expected PLACE=VALUE"),
        ("=3", "expected PLACE=VALUE"),
        ("strategies.4.label=x", "expected the place of one of 1 entries"),
        ("strategies.one=x", "expected the place of one of 1 entries"),
        ("detector.iterations.first=1", "is one value, with nothing in it"),
        ("detector.iterations=[", "expected YAML"),
    ],
)
def test_places_that_are_not_there(text: str, message: str) -> None:
    with pytest.raises(ScanpickError, match=message):
        overridden({"detector": {"iterations": 3}, "strategies": [{"name": "random"}]}, [text])
