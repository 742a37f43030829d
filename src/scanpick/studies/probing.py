"""Probing encoders on a labelled data set: read frames, make targets, encode frames and changed frames, measure."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from scanpick import __version__
from scanpick.arrays import BoolArray, Embeddings, Float32Array, Float64Array, Int64Array
from scanpick.datasets import Dataset
from scanpick.encoders import Encoder
from scanpick.errors import FrameError, ScanpickError
from scanpick.evaluation.probes import ProbeFrames, ProbeSettings, Probing, Vectors, probe
from scanpick.evaluation.probes.perturbations import PERTURBATIONS
from scanpick.evaluation.probes.targets import CLASSES, Targets, frame_targets, target_names
from scanpick.structures import Calibration, EmbeddingTable, Frame, FrameRecord, Labels
from scanpick.structures.checks import name_some
from scanpick.workspace.reading import Progress, blocks_of, fingerprint_of, no_progress, read_blocks, source_of
from scanpick.workspace.readings import ReadingStore
from scanpick.workspace.worker_pool import available_cores, run_jobs

SECONDS_PER_INDEX = 0.1
"""Sequences without timestamps are taken to be at ten frames a second, as most LiDARs turn."""

_JOB = 16


@dataclass(frozen=True, eq=False)
class Contestant:
    """An embedding to probe.

    Attributes:
        name: What to call it.
        encoder: What makes it, or None.
        table: Vectors that were made before, or None.
    """

    name: str
    encoder: Encoder | None = None
    table: EmbeddingTable | None = None

    @property
    def made_by(self) -> dict[str, Any]:
        """The encoder with its settings."""
        if self.encoder is not None:
            return {"encoder": self.encoder.name, "settings": self.encoder.settings}
        assert self.table is not None
        return {key: self.table.meta.get(key) for key in ("encoder", "settings")}


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
    targets, set_aside = _read_targets(dataset, records, plan.classes, workers, progress)
    records = [record for record in records if record.frame_id not in set_aside]
    with _folder(cache) as folder:
        encoding = _Encoding(dataset, contestants, folder, plan, workers, progress)
        vectors, refused = encoding.vectors(records)
        set_aside |= refused
        records = [record for record in records if record.frame_id not in set_aside]
        if not records:
            raise ScanpickError(
                f"No frame is left to probe. The first: {next(iter(set_aside.values()), 'none listed')}"
            )
        changed = encoding.changed(records, _chosen_for_change(records, plan))
        embeddings = [
            Vectors(
                one.name,
                np.stack([vectors[one.name][record.frame_id] for record in records]),
                changed.get(one.name, {}),
            )
            for one in contestants
        ]
        frames = _frames(records, targets, plan.classes, evaluation_ids)
        with progress("Probing", len(contestants)) as advance:
            probing = probe(frames, embeddings, plan.settings, advance)
        encoding.clear()
    made_by = {
        one.name: {**one.made_by, "dimension": int(vectors.values.shape[1])}
        for one, vectors in zip(contestants, embeddings, strict=True)
    }
    notes = _notes(records) + probing.notes
    data = f"{dataset.name}: {dataset.description}"
    return ProbeRun(data, frames, probing, made_by, set_aside, notes, plan)


class ChangedFrames:
    """A data set whose frames are changed on reading: each by its own chance, whatever is read before.

    Args:
        dataset: The frames.
        change: A name of `PERTURBATIONS`.
        seed: Seed of the changes.
    """

    def __init__(self, dataset: Dataset, change: str, seed: int) -> None:
        self._dataset, self._change, self._seed = dataset, change, seed
        self.name = dataset.name
        self.description = f"{dataset.description}, changed by {change}"

    @property
    def records(self) -> Sequence[FrameRecord]:
        """See `Dataset.records`."""
        return self._dataset.records

    def read(self, frame_id: str) -> Frame:
        """The changed frame."""
        frame = self._dataset.read(frame_id)
        rng = np.random.default_rng([self._seed, zlib.crc32(self._change.encode()), zlib.crc32(frame_id.encode())])
        return replace(frame, points=np.ascontiguousarray(PERTURBATIONS[self._change](frame.points, rng)))

    def labels(self, frame_id: str) -> Labels | None:
        """None: what was labelled has moved."""
        return None

    def calibration(self, frame_id: str) -> Calibration | None:
        """See `Dataset.calibration`."""
        return self._dataset.calibration(frame_id)


@dataclass(frozen=True)
class _TargetReader:
    """Reads some frames and makes their targets; sent to the workers."""

    dataset: Dataset
    classes: tuple[str, ...]

    def __call__(self, frame_ids: tuple[str, ...]) -> tuple[dict[str, Float64Array], dict[str, str]]:
        made, set_aside = {}, {}
        for frame_id in frame_ids:
            try:
                points, labels = self.dataset.read(frame_id).points, self.dataset.labels(frame_id)
                made[frame_id] = frame_targets(labels, points, self.classes)
            except FrameError as error:
                set_aside[frame_id] = f"{error.kind}: {error}"
        return made, set_aside


@dataclass(frozen=True)
class _Together:
    """Several encoders as one, so that a frame is read once for all; their vectors side by side."""

    encoders: Mapping[str, Encoder]

    @property
    def name(self) -> str:
        return ", ".join(self.encoders)

    @property
    def dimension(self) -> int:
        return sum(encoder.dimension for encoder in self.encoders.values())

    @property
    def settings(self) -> dict[str, Any]:
        return {name: [encoder.name, encoder.settings] for name, encoder in self.encoders.items()}

    @property
    def batch_size(self) -> int:
        return max(encoder.batch_size for encoder in self.encoders.values())

    @property
    def in_workers(self) -> bool:
        return all(encoder.in_workers for encoder in self.encoders.values())

    def encode(self, frames: Sequence[Frame]) -> Embeddings:
        return np.hstack([self._encode(name, frames) for name in self.encoders])

    def split(self, values: Embeddings) -> dict[str, Embeddings]:
        """The (n, D) vectors of each encoder."""
        ends = np.cumsum([encoder.dimension for encoder in self.encoders.values()])
        return dict(zip(self.encoders, np.split(values, ends[:-1], axis=1), strict=True))

    def _encode(self, name: str, frames: Sequence[Frame]) -> Embeddings:
        try:
            return self.encoders[name].encode(frames)
        except FrameError as error:
            raise FrameError(f"{name}: {error}", kind=error.kind) from error


VectorsOf = dict[str, dict[str, Float32Array]]
"""Embedding -> frame id -> vector."""


class _Encoding:
    """Encodes frames, and changed frames, in blocks that are kept until the end."""

    def __init__(
        self,
        dataset: Dataset,
        contestants: Sequence[Contestant],
        folder: Path,
        plan: ProbePlan,
        workers: int | None,
        progress: Progress,
    ) -> None:
        self._dataset, self._folder, self._plan = dataset, folder, plan
        self._workers, self._progress = workers, progress
        self._encoders = _Together({one.name: one.encoder for one in contestants if one.encoder is not None})
        self._tables = {one.name: one.table for one in contestants if one.table is not None}
        self._stores: list[ReadingStore] = []

    def vectors(self, records: Sequence[FrameRecord]) -> tuple[VectorsOf, dict[str, str]]:
        """Vectors of all embeddings, and the frames that lack one, with the reason."""
        found, refused = self._encode(self._dataset, "", records)
        for name, table in self._tables.items():
            row_of = {frame_id: row for row, frame_id in enumerate(table.frame_ids)}
            found[name] = {r.frame_id: table.values[row_of[r.frame_id]] for r in records if r.frame_id in row_of}
            refused |= {r.frame_id: f"{name}: has no vector" for r in records if r.frame_id not in row_of}
        return found, refused

    def changed(
        self, records: Sequence[FrameRecord], chosen: Sequence[int]
    ) -> dict[str, dict[str, tuple[Int64Array, Float32Array]]]:
        """Embedding -> what was done -> rows of the changed frames and their vectors; refused frames are left out."""
        changed: dict[str, dict[str, tuple[Int64Array, Float32Array]]] = {name: {} for name in self._encoders.encoders}
        for change in PERTURBATIONS if chosen else ():
            dataset = ChangedFrames(self._dataset, change, self._plan.settings.seed)
            found, refused = self._encode(dataset, change, [records[row] for row in chosen])
            rows = [row for row in chosen if records[row].frame_id not in refused]
            for name, vectors in found.items():
                if rows:
                    values = np.stack([vectors[records[row].frame_id] for row in rows])
                    changed[name][change] = (np.array(rows, dtype=np.int64), values)
        return changed

    def clear(self) -> None:
        """Remove what was kept."""
        for store in self._stores:
            store.clear()

    def _encode(
        self, dataset: Dataset, change: str, records: Sequence[FrameRecord]
    ) -> tuple[VectorsOf, dict[str, str]]:
        found: VectorsOf = {name: {} for name in self._encoders.encoders}
        refused: dict[str, str] = {}
        if not found:
            return found, refused
        store = self._store(dataset, change, records)
        blocks = blocks_of(records, [source_of(record) for record in records], np.ones(len(records), dtype=bool))
        for _, readings in read_blocks(
            dataset, self._encoders, blocks, store, workers=self._workers, progress=self._progress
        ):
            values = self._encoders.split(readings.values)
            for row, frame_id in enumerate(readings.frame_ids.tolist()):
                problem = readings.problems[row] or readings.encoding_problems[row]
                if problem:
                    refused[frame_id] = str(problem)
                    continue
                for name, vectors in found.items():
                    vectors[frame_id] = values[name][row]
        return found, refused

    def _store(self, dataset: Dataset, change: str, records: Sequence[FrameRecord]) -> ReadingStore:
        mark = fingerprint_of(
            [dataset.name, dataset.description, getattr(self._dataset, "settings", None)],
            [record.frame_id for record in records],
            [self._encoders.settings, change, self._plan.settings.seed, __version__],
        )
        self._stores.append(ReadingStore(self._folder / mark))
        return self._stores[-1]


def _chosen_records(
    dataset: Dataset, frame_ids: Sequence[str] | None, evaluation_ids: Sequence[str] | None
) -> list[FrameRecord]:
    known = {record.frame_id for record in dataset.records}
    asked = [*(frame_ids or ()), *(evaluation_ids or ())]
    unknown = [frame_id for frame_id in asked if frame_id not in known]
    if unknown:
        raise ScanpickError(
            f"{len(unknown)} of {len(asked)} frames are not in the data set: {name_some(unknown)}. Expected ids such "
            f"as {name_some(sorted(known), 3)}."
        )
    wanted = known if frame_ids is None else set(asked)
    return [record for record in dataset.records if record.frame_id in wanted]


def _read_targets(
    dataset: Dataset,
    records: Sequence[FrameRecord],
    classes: tuple[str, ...],
    workers: int | None,
    progress: Progress,
) -> tuple[dict[str, Float64Array], dict[str, str]]:
    ids = [record.frame_id for record in records]
    jobs = [tuple(ids[start : start + _JOB]) for start in range(0, len(ids), _JOB)]
    made: dict[str, Float64Array] = {}
    set_aside: dict[str, str] = {}
    with progress("Reading labels", len(ids)) as advance:
        count = available_cores() if workers is None else workers
        for job, (targets, refused) in run_jobs(_TargetReader(dataset, classes), jobs, count):
            made |= targets
            set_aside |= refused
            advance(len(job))
    return made, set_aside


def _frames(
    records: Sequence[FrameRecord],
    targets: Mapping[str, Float64Array],
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
        Targets(target_names(classes), np.stack([targets[frame_id] for frame_id in ids])),
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


def _notes(records: Sequence[FrameRecord]) -> list[str]:
    without = {record.sequence for record in records if record.timestamp_ns is None}
    if not without:
        return []
    return [f"{len(without)} drive(s) have no timestamps: their frames are taken to be {SECONDS_PER_INDEX:g} s apart."]


def _chosen_for_change(records: Sequence[FrameRecord], plan: ProbePlan) -> list[int]:
    """Rows of the frames that are changed: some of them by chance, in order."""
    count = min(plan.changed_frames, len(records))
    rng = np.random.default_rng([plan.settings.seed, 4])
    return sorted(int(row) for row in rng.choice(len(records), size=count, replace=False))


@contextmanager
def _folder(cache: Path | None) -> Iterator[Path]:
    if cache is not None:
        yield cache
        return
    with tempfile.TemporaryDirectory(prefix="scanpick-probe-") as name:
        yield Path(name)
