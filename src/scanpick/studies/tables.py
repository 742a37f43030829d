"""The tables of a study: ``trainings.csv``, ``scores.csv`` and ``picks.csv``, every raw number in them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from scanpick.files import sha256_of_text
from scanpick.formats.predictions import read_predictions
from scanpick.structures import Detections
from scanpick.studies.config import StudyConfig
from scanpick.studies.experiment import Experiment, Trained
from scanpick.studies.preparation import Preparation
from scanpick.texts import read_json, write_csv, write_json
from scanpick.training.detector_training import PREDICTIONS
from scanpick.training.metrics import GroundTruth, Metric, measure, read_ground_truth

TRAINING_DEVIATION = "training_deviation"
"""Column of the deviation of the primary metric over trainings on the same frames."""

Row = dict[str, Any]
Key = tuple[int, int, str, str]
"""Seed, round, strategy, variant."""


@dataclass(eq=False)
class StudyTables:
    """Writes the tables of a study's folder, whole, whenever something was finished.

    Attributes:
        config: The study.
        prepared: Its frames.
        folder: Its folder.
    """

    config: StudyConfig
    prepared: Preparation
    folder: Path
    _truth: GroundTruth | None = None

    def write(self, experiments: Iterable[Experiment]) -> None:
        """Write all three from what the experiments have done so far."""
        experiments = list(experiments)
        trainings: list[Row] = []
        by_key: dict[tuple[int, int, str, str, int], list[tuple[Row, Trained]]] = defaultdict(list)
        for one in experiments:
            for trained in one.trained:
                if trained.round in one.own_rounds:
                    row = self._training_row(one, trained)
                    trainings.append(row)
                    by_key[one.seed, trained.round, one.called, one.variant, one.repeat].append((row, trained))
        repeated: dict[Key, list[Row]] = defaultdict(list)
        for (seed, number, called, variant, _), parts in by_key.items():
            row_of_all_folds = self._score_row(parts)
            if row_of_all_folds is not None:
                repeated[seed, number, called, variant].append(row_of_all_folds)
        scores = [self._mean_row(rows) for rows in repeated.values()]
        write_csv(self.folder / "trainings.csv", self._columns(fold=True), trainings)
        write_csv(self.folder / "scores.csv", self._columns(fold=False), scores)
        write_csv(self.folder / "picks.csv", PICK_COLUMNS, [row for one in experiments for row in self._picks(one)])

    def _training_row(self, one: Experiment, trained: Trained) -> Row:
        result = trained.unit.result()
        return {
            "study": self.config.name,
            "seed": one.seed,
            "fold": one.fold.name,
            "training": one.repeat,
            "round": trained.round,
            "strategy": one.called,
            "variant": one.variant,
            "detector": self.config.detector.name,
            "iterations": trained.unit.run_settings.settings.iterations,
            "batch_size": trained.unit.run_settings.settings.batch_size,
            "encoder": _encoder_of(self.config, one),
            "frames": trained.bill.frames,
            "boxes": trained.bill.boxes,
            **{f"boxes_{name}": trained.bill.boxes_by_class.get(name, 0) for name in self._classes()},
            "cost": trained.bill.cost,
            "seconds": round(result["seconds"], 2),
            "fingerprint": trained.unit.fingerprint,
            **result["metrics"],
        }

    def _score_row(self, parts: Sequence[tuple[Row, Trained]]) -> Row | None:
        """Without folds the training's own row; else the means, and metrics of all folds' predictions together."""
        rows = [row for row, _ in parts]
        row = {name: value for name, value in rows[0].items() if name not in ("fold", "training")}
        if len(self.prepared.folds) == 1:
            return row
        if len(parts) < len(self.prepared.folds):
            return None
        counted = ("frames", "boxes", *(f"boxes_{name}" for name in self._classes()), "cost")
        means = {name: sum(one[name] for one in rows) / len(rows) for name in counted}
        seconds = {"seconds": round(sum(one["seconds"] for one in rows), 2)}
        fingerprint = sha256_of_text("\n".join(sorted(one["fingerprint"] for one in rows)))[:16]
        pooled = self._pooled(fingerprint, [trained for _, trained in parts])
        return {**row, **means, **seconds, "fingerprint": fingerprint, **pooled}

    def _mean_row(self, rows: Sequence[Row]) -> Row:
        """Means of the metrics over trainings on the same frames, and how far apart those of the primary one are."""
        if self.config.training_seeds == 1:
            return rows[0]
        metrics = {name: fmean(row[name] for row in rows) for name in self.config.metric_names}
        primary = [row[self.config.primary] for row in rows]
        return {
            **rows[0],
            **metrics,
            "seconds": round(sum(row["seconds"] for row in rows), 2),
            "trainings": len(rows),
            TRAINING_DEVIATION: round(stdev(primary), 4) if len(rows) > 1 else None,
        }

    def _pooled(self, fingerprint: str, parts: Sequence[Trained]) -> dict[str, float]:
        """Metrics of the predictions of all folds, evaluated once; kept as ``pooled/<fingerprint>.json``."""
        path = self.folder / "pooled" / f"{fingerprint}.json"
        if path.is_file():
            return read_json(path, "Remove it; it is then made again")
        detections: dict[str, Detections] = {}
        for part in parts:
            detections |= read_predictions(part.unit.folder / PREDICTIONS)
        if self._truth is None:
            frames = [frame_id for fold in self.prepared.folds for frame_id in fold.evaluation]
            self._truth = read_ground_truth(self.prepared.dataset, frames)
        metrics = [Metric.parse(one) for one in self.config.metrics]
        values = measure(self.prepared.dataset, self._truth, detections, metrics)
        write_json(path, values, indent=1)
        return values

    def _picks(self, one: Experiment) -> Iterable[Row]:
        for picked in one.picked if one.repeat == 0 else ():
            if picked.round not in one.own_rounds:
                continue
            picks, frames = picked.selection, self.prepared.frames
            for rank, frame_id in enumerate(picks.frame_ids):
                bill, gain = picked.bills[rank], float(picks.gains[rank])
                yield {
                    "seed": one.seed,
                    "fold": one.fold.name,
                    "round": picked.round,
                    "strategy": one.called,
                    "variant": one.variant,
                    "rank": rank + 1,
                    "frame_id": frame_id,
                    "sequence": frames.records[frames.row_of[frame_id]].sequence,
                    "gain": gain if math.isfinite(gain) else None,
                    "boxes": bill.boxes,
                    "cost": bill.cost,
                    "score": picked.scores[rank],
                    "nearest_selected": picks.nearest_selected[rank],
                }

    def _classes(self) -> list[str]:
        """Every class that is labelled somewhere in the study."""
        return sorted({name for counts in self.prepared.counts.values() for name in counts})

    def _columns(self, *, fold: bool) -> list[str]:
        several = self.config.training_seeds > 1
        columns = [*_ROW_START[:2], *(["fold"] if fold else []), *(["training"] if fold and several else [])]
        columns += _ROW_START[2:]
        return [
            *columns,
            *(f"boxes_{name}" for name in self._classes()),
            *("cost", "seconds", "fingerprint"),
            *(("trainings", TRAINING_DEVIATION) if several and not fold else ()),
            *self.config.metric_names,
        ]


_ROW_START = (
    *("study", "seed", "round", "strategy", "variant", "detector", "iterations", "batch_size", "encoder"),
    *("frames", "boxes"),
)
PICK_COLUMNS = (
    *("seed", "fold", "round", "strategy", "variant", "rank", "frame_id", "sequence"),
    *("gain", "boxes", "cost", "score", "nearest_selected"),
)


def _encoder_of(config: StudyConfig, one: Experiment) -> str:
    chosen = config.encoder if one.strategy is None else one.strategy.encoder or config.encoder
    return chosen.called
