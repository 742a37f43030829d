"""Folders as a study leaves them, with effects that are known because they were put in."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import yaml

from scanpick.reports.study import report

METRIC, OTHER = "Car_3d_moderate_R40_0.7", "Car_3d_moderate_R40_0.5"
START_FRAMES, ROUND_FRAMES, BOXES_A_FRAME = 20, 10, 6.0

Row = dict[str, object]


@dataclass
class FakeStudy:
    """A study whose APs are: a base for each seed, so much a round for each strategy, and noise.

    Attributes:
        gains: Strategy -> points of AP gained in each round.
        variants: Strategy -> variant -> the same.
        boxes: Strategy -> objects in each picked frame; `BOXES_A_FRAME` where not given.
    """

    seeds: int = 6
    rounds: int = 3
    gains: Mapping[str, float] = field(default_factory=lambda: {"random": 4.0, "diversity": 6.0, "uncertainty": 2.0})
    variants: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    boxes: Mapping[str, float] = field(default_factory=dict)
    start: float = 20.0
    full: float | None = 60.0
    noise: float = 0.5
    currency: str = "EUR"
    settings: Mapping[str, object] = field(default_factory=dict)

    def arms(self) -> list[tuple[str, str, float]]:
        """Strategy, variant and gain."""
        plain = [(name, "", gain) for name, gain in self.gains.items()]
        return plain + [(name, variant, gain) for name, of in self.variants.items() for variant, gain in of.items()]

    def scores(self) -> list[Row]:
        """The lines of ``scores.csv``."""
        rng = np.random.default_rng(0)
        rows = []
        for seed in range(self.seeds):
            base = self.start + rng.normal(0, 3)
            rows.append(self.row(seed, 0, "start", "", base, START_FRAMES, START_FRAMES * BOXES_A_FRAME))
            for strategy, variant, gain in self.arms():
                for number in range(1, self.rounds + 1):
                    frames = START_FRAMES + number * ROUND_FRAMES
                    each = self.boxes.get(strategy, BOXES_A_FRAME)
                    boxes = START_FRAMES * BOXES_A_FRAME + number * ROUND_FRAMES * each
                    ap = base + number * gain + rng.normal(0, self.noise)
                    rows.append(self.row(seed, number, strategy, variant, ap, frames, boxes))
            if self.full is not None:
                rows.append(self.row(seed, 0, "all", "", self.full + rng.normal(0, 1), 500, 3000))
        return rows

    def row(self, seed, number, strategy, variant, ap, frames, boxes) -> Row:
        return {
            "study": "fake",
            "seed": seed,
            "round": number,
            "strategy": strategy,
            "variant": variant,
            "detector": "pillar-nano",
            "iterations": 100,
            "batch_size": 2,
            "encoder": "toy",
            "frames": frames,
            "boxes": boxes,
            "boxes_Car": boxes * 0.75,
            "boxes_Pedestrian": boxes * 0.25,
            "cost": frames * 2 + boxes * 0.5,
            "seconds": 12.5,
            "fingerprint": f"{strategy}{variant}{seed}{number}",
            METRIC: ap,
            OTHER: ap + 15,
        }

    def write(self, folder: Path, *, picks: Sequence[Row] = (), plan: Mapping[str, object] | None = None) -> Path:
        """Write the folder."""
        rows = self.scores()
        write_rows(folder / "scores.csv", rows)
        write_rows(folder / "trainings.csv", [{"fold": "", **row} for row in rows])
        if picks:
            write_rows(folder / "picks.csv", picks)
        strategies: list[object] = list(self.gains)
        strategies += [{"name": name, "grid": {}} for name in self.variants]
        settings = {
            "name": "fake",
            "primary_metric": METRIC,
            "seeds": list(range(self.seeds)),
            "rounds": [str(ROUND_FRAMES)] * self.rounds,
            "strategies": strategies,
            "detector": {"name": "pillar-nano", "iterations": 100},
            "cost": {"per_frame": 2, "per_box": 0.5, "currency": self.currency},
            **self.settings,
        }
        (folder / "study.yaml").write_text(yaml.safe_dump(settings))
        if plan is not None:
            (folder / "plan.json").write_text(json.dumps(plan))
        return folder


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """A CSV as an engine writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def no_figures(monkeypatch):
    """Pages without figures, where a test is not about them: drawing them takes seconds."""
    monkeypatch.setattr(report, "study_figures", lambda *results: {})


@pytest.fixture
def fake_study(tmp_path):
    """Write a fake study: ``fake_study(seeds=3, gains={...})`` gives its folder."""

    def make(name: str = "study", *, picks=(), plan=None, **options) -> Path:
        return FakeStudy(**options).write(tmp_path / name, picks=picks, plan=plan)

    return make
