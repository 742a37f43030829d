"""``import scanpick`` is instant, and every name of its table can be used, as its example says."""

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import scanpick as sp

HEAVY = ("numpy", "numba", "torch", "pyarrow", "pydantic", "matplotlib")
WITH_EXAMPLES = (
    "add_labels",
    "convert_predictions",
    "decide",
    "doctor",
    "embed",
    "export",
    "hand_off",
    "index",
    "next",
    "open_pool",
    "pick",
    "recall",
    "report",
    "select",
    "simulate",
    "status",
    "view",
)


def test_importing_is_instant() -> None:
    code = "\n".join(
        (
            "import sys, time",
            "start = time.process_time()",
            "import scanpick",
            f"print(time.process_time() - start, [name for name in {HEAVY!r} if name in sys.modules])",
        )
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout for _ in range(3)]
    assert {run.partition(" ")[2] for run in runs} == {"[]\n"}
    assert min(float(run.split()[0]) for run in runs) < 0.2


def test_every_name_is_there() -> None:
    for name, entry in sp.NAMES.items():
        module, _, attribute = entry.partition(":")
        if importlib.util.find_spec(module) is not None:
            assert getattr(sp, name) is getattr(importlib.import_module(module), attribute)
    assert set(sp.NAMES) <= set(dir(sp))


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(AttributeError, match=r"has no attribute 'pik'\. It has: .*pick"):
        sp.pik  # noqa: B018


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_example_in_the_help_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(sp.NAMES[name].partition(":")[0])
    tests = doctest.DocTestFinder(recurse=False).find(getattr(sp, name), name, globs={}, module=module)
    assert tests[0].examples
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(tests[0]).failed == 0


def test_no_name_is_that_of_a_package() -> None:
    """Whoever imports ``scanpick.labels`` would find the module in place of a function of this name."""
    assert not {path.stem for path in Path(sp.__file__).parent.iterdir()} & set(sp.NAMES)
