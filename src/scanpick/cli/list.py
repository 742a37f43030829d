"""``scanpick list``: what can be named, and which options it has."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scanpick.cli.options import AsJson

if TYPE_CHECKING:
    from scanpick.registry import Registry


class Kind(StrEnum):
    """What can be listed."""

    DATASETS = "datasets"
    POINT_FILES = "point-files"
    ENCODERS = "encoders"
    STRATEGIES = "strategies"
    OBJECTIVES = "objectives"
    SCORES = "scores"
    DETECTORS = "detectors"
    EXPORTERS = "exporters"


TABLES = {
    Kind.DATASETS: "scanpick.datasets:DATASETS",
    Kind.POINT_FILES: "scanpick.datasets.point_files:POINT_FILES",
    Kind.ENCODERS: "scanpick.encoders:ENCODERS",
    Kind.STRATEGIES: "scanpick.selection:STRATEGIES",
    Kind.OBJECTIVES: "scanpick.selection.objectives:OBJECTIVES",
    Kind.SCORES: "scanpick.uncertainty:SCORES",
    Kind.DETECTORS: "scanpick.detectors:DETECTORS",
    Kind.EXPORTERS: "scanpick.exporters:EXPORTERS",
}
"""Kind -> its registry; each package imports only when its kind is asked for."""


def command(
    kind: Annotated[Kind, typer.Argument(metavar="KIND", help=f"One of: {', '.join(Kind)}.")], as_json: AsJson = False
) -> None:
    """List what can be named: encoders, strategies and the like, each with its options and their defaults.

    Entries of other installed packages are among them. One that cannot be loaded is listed with the reason.

    Example: [bold]scanpick list strategies[/]
    """
    from scanpick.cli.output import print_json

    listed = entries_of(registry_of(kind))
    if kind is Kind.ENCODERS:
        from scanpick.workspace.encoders import TRAINED

        listed |= entries_of(TRAINED)
    if as_json:
        print_json({kind.value: listed})
    else:
        _print(listed)


def registry_of(kind: Kind) -> Registry[Any]:
    """The registry of a kind."""
    import importlib

    module, _, name = TABLES[kind].partition(":")
    registry: Registry[Any] = getattr(importlib.import_module(module), name)
    return registry


def entries_of(registry: Registry[Any]) -> dict[str, dict[str, Any]]:
    """Name -> one line of documentation, and option -> default or "(required)"; or why it cannot be loaded."""
    from scanpick.errors import ScanpickError

    entries: dict[str, dict[str, Any]] = {}
    for name in registry.names():
        try:
            options = registry.options(name)
            entries[name] = {
                "summary": registry.summary(name),
                "options": {key: "(required)" if one.required else one.default for key, one in options.items()},
            }
        except ScanpickError as error:
            entries[name] = {"summary": f"Not available: {error}", "options": {}}
    return entries


def _print(entries: dict[str, dict[str, Any]]) -> None:
    from rich.markup import escape

    from scanpick.cli.output import console

    for name, entry in entries.items():
        console.print(f"[bold]{escape(name)}[/]  {escape(entry['summary'])}", highlight=False, soft_wrap=True)
        options = ", ".join(f"{key}={_shown(value)}" for key, value in entry["options"].items())
        if options:
            console.print(f"    {options}", style="dim", markup=False, highlight=False, soft_wrap=True)


def _shown(default: Any) -> str:
    return default if isinstance(default, str) else "none" if default is None else str(default)
