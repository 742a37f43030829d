"""Names lead to objects on demand; other packages add theirs by entry points."""

import math
import sys
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from scanpick import registry as registry_module
from scanpick.errors import ScanpickError
from scanpick.registry import Registry

BUILTIN = {"sqrt": "math:sqrt", "missing": "math:no_such", "nowhere": "no_such_module:x", "late": "this:d"}


def test_an_entry_is_imported_only_when_it_is_asked_for() -> None:
    registry = Registry("function", BUILTIN, group="test.functions")
    assert registry.load("sqrt") is math.sqrt
    assert "this" not in sys.modules


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sqr", "Unknown function 'sqr'. Did you mean 'sqrt'"),
        ("missing", "'missing' cannot be loaded from 'math:no_such'"),
        ("nowhere", "'nowhere' cannot be loaded from 'no_such_module:x'"),
    ],
)
def test_what_cannot_be_loaded_is_told(name: str, message: str) -> None:
    with pytest.raises(ScanpickError, match=message):
        Registry("function", BUILTIN, group="test.functions").load(name)


def test_other_packages_add_entries_but_cannot_take_over(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = [("cos", "math:cos"), ("sqrt", "math:cos")]
    points = EntryPoints(EntryPoint(name, value, "test.functions") for name, value in installed)
    monkeypatch.setattr(registry_module, "entry_points", lambda group: points.select(group=group))
    registry = Registry("function", {"sqrt": "math:sqrt"}, group="test.functions")
    assert registry.names() == ["cos", "sqrt"]
    assert registry.load("cos") is math.cos
    assert registry.load("sqrt") is math.sqrt
    assert Registry("function", {}, group="test.others").names() == []
