"""The arrows between modules: no circle, and those between packages as docs/architecture.md has them."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from scanpick.cli.list import TABLES, registry_of

ROOT = Path(__file__).resolve().parent.parent
ENTRY = re.compile(r"(scanpick[\w.]*):\w+")


def imports_of(text: str, modules: set[str]) -> set[str]:
    """The modules that a source imports anywhere, also inside functions, and those that its registry strings name."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & modules | ({node.module} if names - modules else set())
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and (entry := ENTRY.fullmatch(node.value)):
            found.add(entry[1])
    return found & modules


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """A circle, from and to the same module; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    """Module -> the modules that it leads to."""
    source = ROOT / "src"
    paths = {
        ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (source / "scanpick").rglob("*.py")
    }
    # The root only lists the face for users; modules take nothing but the version from it.
    return {name: imports_of(path.read_text(), set(paths)) - {name, "scanpick"} for name, path in paths.items()}


def test_there_is_no_circle(graph: dict[str, set[str]]) -> None:
    assert " -> ".join(circle_in(graph)) == ""


def test_a_circle_through_a_late_import_and_a_registry_string_would_be_found() -> None:
    modules = {"scanpick.a", "scanpick.b", "scanpick.c"}
    texts = {
        "scanpick.a": "def f():\n    from scanpick.b import g",
        "scanpick.b": "TABLE = {'c': 'scanpick.c:C'}",
        "scanpick.c": "from scanpick import a",
    }
    assert len(circle_in({name: imports_of(text, modules) for name, text in texts.items()})) == 4
    texts["scanpick.c"] = "import numpy"
    assert not circle_in({name: imports_of(text, modules) for name, text in texts.items()})


def test_the_arrows_are_drawn_as_they_are(graph: dict[str, set[str]]) -> None:
    """Every line ``package -> package package`` under "Arrows of each package" says all that the package imports."""
    arrows: dict[str, set[str]] = {}
    for module, leads_to in graph.items():
        if module.count(".") and not module.endswith("__main__"):
            package = module.split(".")[1]
            others = {other.split(".")[1] for other in leads_to if other.count(".")} - {package}
            arrows.setdefault(package, set()).update(others)
    text = (ROOT / "docs" / "architecture.md").read_text().partition("## Arrows of each package")[2]
    drawn = re.findall(r"^(\w+) +-> (.+)$", text, flags=re.MULTILINE)
    expected = {package: " ".join(sorted(others)) for package, others in arrows.items() if others}
    assert dict(drawn) == expected, "as it should read:\n" + "\n".join(
        f"{package:<12}-> {others}" for package, others in sorted(expected.items())
    )


def test_every_registry_can_be_listed() -> None:
    tables = {
        place
        for path in (ROOT / "src" / "scanpick").rglob("*.py")
        for place in re.findall(r'^([A-Z_]+): "?Registry\[', path.read_text(), flags=re.MULTILINE)
    }
    listed = {place.partition(":")[2] for place in TABLES.values()}
    assert tables == listed | {"ADAPTABLE", "TRAINED"}, "both are encoders, listed as such"
    assert all(registry_of(kind).names() for kind in TABLES)
