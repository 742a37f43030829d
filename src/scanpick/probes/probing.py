"""Probing encoders on a labelled data set: read and encode frames and changed frames, make targets, measure."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.arrays import BoolArray, Float64Array
from scanpick.datasets import Dataset
from scanpick.errors import ScanpickError
from scanpick.evaluation.probes import ProbeFrames, ProbeSettings, Probing, Vectors, probe
from scanpick.evaluation.probes.targets import CLASSES, Targets, frame_targets, target_names
from scanpick.probes.encoding import (
    ChosenFrames,
    Contestant,
    SeenArea,
    encode_frames,
    fit_parts,
    folder_of,
    vectors_of_changed,
)
from scanpick.structures import FrameRecord
from scanpick.structures.checks import check_known
from scanpick.workspace.labels import read_label_table
from scanpick.workspace.reading import Progress, no_progress

SECONDS_PER_INDEX = 0.1
"""Sequences without timestamps are taken to be at ten frames a second, as most LiDARs turn."""

AREA = SeenArea()


@dataclass(frozen=True)
class ProbePlan:
    """What is measured.

    Attributes:
        classes: Classes whose boxes count.
        changed_frames: How many frames are changed to measure robustness; 0 leaves it out.
        settings: Of the probes.
    """

    classes: tuple[str, ...] = CLASSES
    changed_frames: int = 100
    settings: ProbeSettings = field(default_factory=ProbeSettings)


@dataclass(frozen=True, eq=False)
class ProbeRun:
    """What was measured on which frames.

    Attributes:
        data: What the data set says of itself.
        frames: The frames that all embeddings have a vector of.
        probing: The scores.
        made_by: Embedding -> encoder and settings, and the length of its vectors.
        set_aside: Frame id -> why it was left out.
        notes: What a reader should know.
        plan: What was asked for.
    """

    data: str
    frames: ProbeFrames
    probing: Probing
    made_by: Mapping[str, Mapping[str, Any]]
    set_aside: Mapping[str, str]
    notes: list[str]
    plan: ProbePlan


def run_probes(
    dataset: Dataset,
    contestants: Sequence[Contestant],
    plan: ProbePlan,
    *,
    frame_ids: Sequence[str] | None = None,
    evaluation_ids: Sequence[str] | None = None,
    cache: Path | None = None,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> ProbeRun:
    """Probe several embeddings on the same frames of a data set.

    Args:
        dataset: The frames and their labels.
        contestants: The embeddings.
        plan: What is measured.
        frame_ids: The frames to use; all by default.
        evaluation_ids: Frames to predict from all others of other drives, instead of each drive in turn.
        cache: A folder in which a killed run leaves what it encoded.
        workers: Processes for reading and for encoders that use them; all cores by default.
        progress: Shows how far it is.

    Raises:
        ScanpickError: A frame id is unknown, or too few frames are left.
    """
    records = _chosen_records(dataset, frame_ids, evaluation_ids)
    seed = plan.settings.seed
    contestants = [fit_parts(one, dataset, records, seed, progress) for one in contestants]
    encoders = {one.name: one.encoder for one in contestants if one.encoder is not None}
    made = nullcontext(cache) if cache else tempfile.TemporaryDirectory(prefix="scanpick-probe-")
    with made as folder:
        # Read each frame once: labels, the ground seen, and the vector of every encoder
        kept = folder_of(Path(folder), dataset, encoders, records, seed)
        asked = {AREA.name: AREA, **encoders}
        frames_read = ChosenFrames(dataset, records)
        read = encode_frames(frames_read, asked, kept / "frames", labels=True, workers=workers, progress=progress)
        labels = read_label_table(read.workspace.labels_path)
        set_aside = {**read.refused, **labels.problems}
        tables = {name: table for name, table in read.tables.items() if name != AREA.name}
        for one in contestants:
            if one.table is not None:
                tables[one.name] = one.table
                there = set(one.table.frame_ids)
                lacking = [record.frame_id for record in records if record.frame_id not in there]
                set_aside = dict.fromkeys(lacking, f"{one.name}: has no vector") | set_aside
        records = [record for record in records if record.frame_id not in set_aside]
        if not records:
            raise ScanpickError(f"No frame is left to probe. The first: {next(iter(set_aside.values()))}")
        # Change some of them
        changed = vectors_of_changed(
            dataset,
            encoders,
            records,
            _chosen_for_change(records, plan),
            kept,
            seed=seed,
            workers=workers,
            progress=progress,
        )
        # Measure
        ids = [record.frame_id for record in records]
        embeddings = [
            Vectors(one.name, np.array(tables[one.name].rows(ids)), changed.get(one.name, {})) for one in contestants
        ]
        areas = dict(zip(ids, read.tables[AREA.name].rows(ids)[:, 0].tolist(), strict=True))
        targets = [frame_targets(labels.labels.get(one), areas[one], plan.classes) for one in ids]
        frames = _frames(records, np.stack(targets), plan.classes, evaluation_ids)
        with progress("Probing", len(contestants)) as advance:
            probing = probe(frames, embeddings, plan.settings, advance)
        shutil.rmtree(kept)
    if cache is not None:
        with suppress(OSError):  # something else is in it
            cache.rmdir()
    made_by = {
        one.name: {**one.made_by, "dimension": int(vectors.values.shape[1])}
        for one, vectors in zip(contestants, embeddings, strict=True)
    }
    notes = _notes(records, frames) + probing.notes
    data = f"{dataset.name}: {dataset.description}"
    return ProbeRun(data, frames, probing, made_by, set_aside, notes, plan)


def _chosen_records(
    dataset: Dataset, frame_ids: Sequence[str] | None, evaluation_ids: Sequence[str] | None
) -> list[FrameRecord]:
    known = {record.frame_id: record for record in dataset.records}
    asked = [*(frame_ids or ()), *(evaluation_ids or ())]
    check_known("frames", asked, known)
    wanted = set(known) if frame_ids is None else set(asked)
    return [record for record in dataset.records if record.frame_id in wanted]


def _frames(
    records: Sequence[FrameRecord],
    targets: Float64Array,
    classes: tuple[str, ...],
    evaluation_ids: Sequence[str] | None,
) -> ProbeFrames:
    ids = tuple(record.frame_id for record in records)
    held_out: BoolArray | None = None
    if evaluation_ids is not None:
        held_out = np.isin(np.array(ids), np.array(list(evaluation_ids), dtype=np.str_))
    return ProbeFrames(
        ids,
        np.array([record.sequence for record in records], dtype=np.str_),
        _times_s(records),
        Targets(target_names(classes), targets),
        held_out,
    )


def _times_s(records: Sequence[FrameRecord]) -> Float64Array:
    """(N,) seconds since the first frame of the drive; from the index where a drive has no timestamps."""
    by_sequence: dict[str, list[int]] = {}
    for row, record in enumerate(records):
        by_sequence.setdefault(record.sequence, []).append(row)
    times = np.zeros(len(records))
    for rows in by_sequence.values():
        stamps = [records[row].timestamp_ns for row in rows]
        known = [stamp for stamp in stamps if stamp is not None]
        if len(known) == len(stamps):
            times[rows] = [(stamp - min(known)) * 1e-9 for stamp in known]
        else:
            times[rows] = [records[row].index_in_sequence * SECONDS_PER_INDEX for row in rows]
    return times


def _notes(records: Sequence[FrameRecord], frames: ProbeFrames) -> list[str]:
    notes = []
    without = {record.sequence for record in records if record.timestamp_ns is None}
    if without:
        notes.append(
            f"{len(without)} drive(s) have no timestamps: their frames are taken to be {SECONDS_PER_INDEX:g} s apart."
        )
    unlabelled = int(np.isnan(frames.targets.values).all(axis=1).sum())
    if unlabelled:
        notes.append(f"{unlabelled} of {len(records)} frames have no labels.")
    return notes


def _chosen_for_change(records: Sequence[FrameRecord], plan: ProbePlan) -> list[int]:
    """Rows of the frames that are changed: some of them by chance, in order."""
    count = min(plan.changed_frames, len(records))
    rng = np.random.default_rng([plan.settings.seed, 4])
    return sorted(int(row) for row in rng.choice(len(records), size=count, replace=False))
