"""What a drive looks like: scenarios are ranges, and a street is one draw from them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from scanpick.errors import ScanpickError, unknown_name


@dataclass(frozen=True)
class Street:
    """One draw of every entry of ``scenarios.toml``, which says what each means."""

    lanes: int
    lane_m: float
    median_m: float
    one_way: bool
    speed_mps: float
    manner: str
    curvature: float
    bend: bool
    slope: float
    kerb: bool
    parking_left: str
    parking_right: str
    occupancy: float
    extra_rows: int
    walk_m: float
    verge_m: float
    boundary: str
    boundary_share: float
    building: str
    building_share: float
    setback_m: float
    backdrop: str
    backdrop_share: float
    bank_m: float
    driveways: float
    loose: float
    trees: float
    bushes: float
    weeds: float
    lamps: float
    signs: float
    clutter: float
    rail: str
    oncoming_per_km: float
    ahead_per_km: float
    heavy_share: float
    pedestrians: float
    cyclists: float
    crossing: bool
    crowd: bool
    works: bool
    debris: bool
    bus_stop: bool
    tram: bool
    trailer: bool
    market: bool
    rain: bool
    wet: bool

    def at_another_time(self, other: Street) -> Street:
        """The same street with what comes and goes taken from `other`: traffic, people, parked cars, weather."""
        return replace(self, **{name: getattr(other, name) for name in PASSING})


PASSING = (
    *("manner", "occupancy", "loose", "oncoming_per_km", "ahead_per_km", "heavy_share", "pedestrians"),
    *("cyclists", "crowd", "debris", "tram", "trailer", "market", "rain", "wet"),
)
"""Entries of a street that change from drive to drive."""


def scenario_names() -> list[str]:
    """Names of all scenarios."""
    return [name for name in _table() if name != "default"]


def scenario_shares() -> dict[str, float]:
    """How common each scenario is."""
    return {name: _table()[name]["share"] for name in scenario_names()}


def draw_street(scenario: str, rng: np.random.Generator) -> Street:
    """Draw a street of this scenario; a `ScanpickError` where there is no such scenario."""
    table = _table()
    if scenario not in scenario_names():
        raise unknown_name("scenario", scenario, scenario_names())
    entries = table["default"] | table[scenario]
    return Street(**{field.name: _draw(str(field.type), entries[field.name], rng) for field in fields(Street)})


def _draw(kind: str, entry: Any, rng: np.random.Generator) -> Any:
    if kind == "bool":
        return bool(rng.random() < entry)
    if kind == "str":
        weights = np.array(list(entry.values()), dtype=np.float64)
        return list(entry)[rng.choice(len(weights), p=weights / weights.sum())]
    low, high = entry
    return int(rng.integers(low, high + 1)) if kind == "int" else float(rng.uniform(low, high))


@cache
def _table() -> dict[str, dict[str, Any]]:
    table = tomllib.loads(files(__package__).joinpath("scenarios.toml").read_text(encoding="utf-8"))
    known = {field.name for field in fields(Street)}
    for name, entries in table.items():
        unknown = sorted(set(entries) - known - {"share"})
        if unknown:
            raise ScanpickError(f"scenarios.toml, [{name}]: unknown entry '{unknown[0]}'.")
    missing = sorted(known - set(table["default"]))
    if missing:
        raise ScanpickError(f"scenarios.toml, [default]: expected an entry '{missing[0]}'.")
    return table
