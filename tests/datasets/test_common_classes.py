"""The tables of class names, and what a reader's option makes of them."""

import pickle
from importlib.resources import files

import pytest

from scanpick.datasets import common_classes
from scanpick.datasets.common_classes import ClassNaming, common_names
from scanpick.texts import parse_toml

TABLES = sorted(path.name for path in files(common_classes).iterdir() if path.name.endswith(".toml"))


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_known_common_names_and_each_own_name_once(table: str) -> None:
    text = (files(common_classes) / table).read_text(encoding="utf-8")
    known = {
        name.strip() for name in (common_classes.__doc__ or "").replace("\n", " ").replace(" and ", ",").split(",")
    }
    own = [name for names in parse_toml(text, table).values() for name in names]
    assert len(set(own)) == len(own)
    for common in set(common_names(table.removesuffix(".toml")).values()):
        assert any(common in name for name in known), f"'{common}' is not among the common names of the docstring"


def test_names_are_the_data_sets_own_unless_common_ones_are_asked_for() -> None:
    names = ["vehicle.car", "human.pedestrian.adult", "flying.saucer"]
    assert ClassNaming("nuscenes").named(names).tolist() == names
    common = pickle.loads(pickle.dumps(ClassNaming("nuscenes", "common")))
    assert common.named(names).tolist() == ["Car", "Pedestrian", "flying.saucer"]
