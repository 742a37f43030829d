"""From the flags of ``scanpick select`` to settings, and from a selection to facts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from scanpick.cli.options import parse_pairs
from scanpick.errors import ScanpickError
from scanpick.structures import Selection
from scanpick.texts import parse_yaml


def facts_about(selection: Selection) -> dict[str, Any]:
    """What a selection's summary says, for printing."""
    summary = selection.summary
    frames = summary["frames"]
    facts: dict[str, Any] = {
        "strategy": selection.strategy,
        "budget": summary["budget"],
        "spent": f"{summary['spent']:.10g} {summary['unit']}",
        "left": f"{summary['left']:.10g} {summary['unit']}",
        "picked": f"{frames['picked']} of {frames['selectable']} frames ({frames['labelled']} labelled already)",
    }
    if "expected_boxes" in summary:
        facts["expected_boxes"] = summary["expected_boxes"]
    for name, account in summary.get("strata", {}).items():
        facts[name] = f"spent {account['spent']:.10g} of {account['limit']:.10g} {summary['unit']}"
    if "delta" in summary:
        facts["delta"] = ", ".join(f"{step['delta']:.4g} from rank {step['rank']}" for step in summary["delta"])
    if "purity" in summary:
        facts["purity"] = ", ".join(_point(point) for point in summary["purity"])
    if summary["stopped_early"]:
        facts["note"] = summary["stopped_early"]
    if summary["notes"]:
        facts["notes"] = "; ".join(summary["notes"])
    return facts


def _point(point: Mapping[str, float]) -> str:
    covers = f" (covers {point['coverage']:.0%})" if "coverage" in point else ""
    return f"{point['delta']:.4g}: {point['purity']:.0%}{covers}"


def settings_of(file: Mapping[str, Any], flags: Mapping[str, Any], limits: Mapping[str, Any]) -> dict[str, Any]:
    """Settings from a file and from flags, which win."""
    settings = dict(file) | {name: value for name, value in flags.items() if value not in (None, [], {})}
    given = {name: value for name, value in limits.items() if value is not None}
    if given:
        before = settings.get("constraints") or {}
        settings["constraints"] = (dict(before) if isinstance(before, Mapping) else {}) | given
    if "options" in flags and flags["options"] and isinstance(file.get("options"), Mapping):
        settings["options"] = {**file["options"], **flags["options"]}
    return settings


def parse_objective(text: str) -> dict[str, Any]:
    """An objective from ``TYPE^STRENGTH:NAME=VALUE,NAME=VALUE``; all but the type may be left out.

    Raises:
        ScanpickError: The text has another form.

    Example:
        >>> parse_objective("weight^2:column=entropy,scale=rank")
        {'type': 'weight', 'strength': 2.0, 'column': 'entropy', 'scale': 'rank'}
    """
    match = re.fullmatch(r"(\w+)(?:\^(\d+(?:\.\d*)?|\.\d+))?(?::(.*))?", text.strip(), flags=re.DOTALL)
    if match is None:
        raise ScanpickError(
            f"--objective: expected TYPE^STRENGTH:NAME=VALUE,... such as weight^2:column=entropy, got '{text}'."
        )
    objective: dict[str, Any] = {"type": match[1]}
    if match[2]:
        objective["strength"] = float(match[2])
    # A comma inside of a value starts no option
    pairs = re.split(r",(?=\s*\w+\s*=(?!=))", match[3]) if match[3] else []
    try:
        return objective | parse_values(pairs)
    except ScanpickError as error:
        raise ScanpickError(f"--objective: {error}") from None


def parse_values(pairs: Sequence[str] | None) -> dict[str, Any]:
    """Options from ``NAME=VALUE`` texts; values are read as YAML, so ``[0.2, 0.4]`` is a list.

    Raises:
        ScanpickError: A text has another form, or a name comes twice.
    """
    values: dict[str, Any] = {}
    for name, text in parse_pairs(pairs).items():
        try:
            values[name] = parse_yaml(text, name)
        except ScanpickError:
            values[name] = text  # an expression such as: a[0] == 'b'
    return values


def parse_gaps(texts: Sequence[str]) -> dict[str, float]:
    """Gaps from texts such as ``2s`` and ``30m``.

    Raises:
        ScanpickError: A text has another form, or a unit comes twice.
    """
    gaps: dict[str, float] = {}
    for text in texts:
        match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*(s|m)", text.strip())
        if match is None or f"min_gap_{match[2]}" in gaps:
            raise ScanpickError(f"--min-gap: expected seconds or metres once each, such as 2s or 30m, got '{text}'.")
        gaps[f"min_gap_{match[2]}"] = float(match[1])
    return gaps


def parse_strata(text: str | None) -> dict[str, Any] | None:
    """Strata from ``COLUMN:VALUE=BUDGET,VALUE=BUDGET``.

    Raises:
        ScanpickError: The text has another form.
    """
    if text is None:
        return None
    by, colon, parts = text.partition(":")
    budgets = dict(part.split("=", 1) for part in parts.split(",") if part.count("=") == 1)
    if not (by and colon) or len(budgets) != len(parts.split(",")):
        raise ScanpickError(f"--strata: expected COLUMN:VALUE=BUDGET,... such as weather:rain=20,*=5%, got '{text}'.")
    return {"by": by.strip(), "budgets": {value.strip(): budget.strip() for value, budget in budgets.items()}}
