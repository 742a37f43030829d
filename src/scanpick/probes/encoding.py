"""Vectors of frames and of changed frames, from several encoders at once."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from scanpick import __version__
from scanpick.arrays import Embeddings, Float32Array, Int64Array
from scanpick.datasets import Dataset
from scanpick.encoders import Encoder, PartEncoder
from scanpick.errors import FrameError
from scanpick.evaluation.probes.perturbations import PERTURBATIONS
from scanpick.structures import Calibration, EmbeddingTable, Frame, FrameRecord, Labels
from scanpick.structures.embedded_objects import EmbeddedObjects
from scanpick.workspace.reading import Progress, blocks_of, fingerprint_of, read_blocks, source_of
from scanpick.workspace.readings import ReadingStore

FIT_FRAMES = 200
"""Encoders that pool what they learn from a pool learn it from so many of the frames, drawn by chance."""

VectorsOf = dict[str, dict[str, Float32Array]]
"""Embedding -> frame id -> vector."""


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


def fit_parts(
    contestant: Contestant, dataset: Dataset, records: Sequence[FrameRecord], seed: int, progress: Progress
) -> Contestant:
    """A contestant whose encoder has learned what its pooling needs from a sample of the frames, without labels.

    Encoders that embed objects may learn words from those of all frames (`PartEncoder.fitted`); a sample does here.
    Frames that cannot be read or encoded are passed over.
    """
    if not isinstance(contestant.encoder, PartEncoder):
        return contestant
    rng = np.random.default_rng([seed, 5])
    chosen = sorted(rng.choice(len(records), size=min(FIT_FRAMES, len(records)), replace=False).tolist())
    objects: list[EmbeddedObjects] = []
    with progress(f"Learning words ({contestant.name})", len(chosen)) as advance:
        for row in chosen:
            with contextlib.suppress(FrameError):  # it is told where the frame itself is encoded
                objects.append(contestant.encoder.encode_objects([dataset.read(records[row].frame_id)]))
            advance(1)
    if not objects:
        return contestant
    return replace(contestant, encoder=contestant.encoder.fitted(EmbeddedObjects.joined(objects).values))


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


class Encoding:
    """Encodes frames, and changed frames, in blocks that are kept until the end.

    Args:
        dataset: The frames.
        contestants: The embeddings.
        folder: Where what was encoded is kept.
        seed: Seed of the changes.
        workers: Processes; all cores by default.
        progress: Shows how far it is.
    """

    def __init__(
        self,
        dataset: Dataset,
        contestants: Sequence[Contestant],
        folder: Path,
        seed: int,
        workers: int | None,
        progress: Progress,
    ) -> None:
        self._dataset, self._folder, self._seed = dataset, folder, seed
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
            dataset = ChangedFrames(self._dataset, change, self._seed)
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
            [self._encoders.settings, change, self._seed, __version__],
        )
        self._stores.append(ReadingStore(self._folder / mark))
        return self._stores[-1]


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
