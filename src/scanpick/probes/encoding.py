"""Vectors of frames and of changed frames, from several encoders at once, made in a pool folder like any embedding."""

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
from scanpick.datasets.view import DatasetView
from scanpick.encoders import Encoder, PartEncoder
from scanpick.errors import FrameError
from scanpick.evaluation.probes.perturbations import PERTURBATIONS
from scanpick.evaluation.probes.targets import seen_area_m2
from scanpick.structures import EmbeddingTable, Frame, FrameRecord
from scanpick.structures.embedded_objects import EmbeddedObjects
from scanpick.workspace.embed import embed
from scanpick.workspace.index import index_frames
from scanpick.workspace.reading import Progress, fingerprint_of
from scanpick.workspace.source import DatasetSource
from scanpick.workspace.workspace import Workspace

FIT_FRAMES = 200
"""Encoders that pool what they learn from a pool learn it from so many of the frames, drawn by chance."""


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
class SeenArea:
    """A number that probes need of every frame, as an encoder, so that frames are read once: the ground seen in m^2."""

    name, dimension, batch_size, in_workers = "seen area", 1, 1, True

    @property
    def settings(self) -> dict[str, Any]:
        """None."""
        return {}

    def encode(self, frames: Sequence[Frame]) -> Embeddings:
        """(B, 1) whole numbers."""
        return np.array([[seen_area_m2(frame.points)] for frame in frames], dtype=np.float32)


class FittedEncoder:
    """An encoder of parts whose pooling has learned already, as one that learns nothing from the frames it encodes.

    Args:
        parts: The encoder of parts.
    """

    def __init__(self, parts: PartEncoder) -> None:
        self.name, self.dimension, self.settings = parts.name, parts.dimension, parts.settings
        self.batch_size, self.in_workers, self.encode = parts.batch_size, parts.in_workers, parts.encode


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
    fitted = contestant.encoder
    if objects:
        fitted = fitted.fitted(EmbeddedObjects.joined(objects).values)
    return replace(contestant, encoder=FittedEncoder(fitted))


class ChosenFrames(DatasetView):
    """Some frames of a data set, which may be changed on reading: each by its own chance, whatever is read before.

    Args:
        dataset: The frames.
        records: Which.
        change: A name of `PERTURBATIONS`; "" to leave them as they are.
        seed: Seed of the changes.
    """

    def __init__(self, dataset: Dataset, records: Sequence[FrameRecord], change: str = "", seed: int = 0) -> None:
        super().__init__(dataset)
        self._records, self._change, self._seed = records, change, seed

    @property
    def records(self) -> Sequence[FrameRecord]:
        """The chosen frames."""
        return self._records

    def read(self, frame_id: str) -> Frame:
        """The frame, changed."""
        frame = self.dataset.read(frame_id)
        if not self._change:
            return frame
        rng = np.random.default_rng([self._seed, zlib.crc32(self._change.encode()), zlib.crc32(frame_id.encode())])
        return replace(frame, points=np.ascontiguousarray(PERTURBATIONS[self._change](frame.points, rng)))


@dataclass(frozen=True, eq=False)
class Probed:
    """Frames of a data set in a pool folder, encoded by all contestants.

    Attributes:
        workspace: The folder.
        tables: Embedding -> vectors.
        refused: Frame id -> why it has no vector in some embedding, or could not be read.
    """

    workspace: Workspace
    tables: Mapping[str, EmbeddingTable]
    refused: Mapping[str, str]


def encode_frames(
    dataset: ChosenFrames,
    encoders: Mapping[str, Encoder],
    folder: Path,
    *,
    labels: bool = False,
    workers: int | None,
    progress: Progress,
) -> Probed:
    """Read frames once for all encoders, into a pool in a folder; what is there already is not done again."""
    source = DatasetSource(dataset.name, {}, dataset.name, dataset.description)
    workspace = index_frames(
        Workspace(folder),
        source,
        dataset,
        encoders=list(encoders.values()),
        labels=labels,
        workers=workers,
        progress=progress,
    )
    refused, tables = dict(workspace.frames().set_aside), {}
    for name, encoder in encoders.items():
        tables[name] = embed(workspace, encoder, name=name, workers=workers, progress=progress)
        for frame_id, reason in tables[name].meta["set_aside"].items():
            kind, _, why = reason.partition(": ")
            refused.setdefault(frame_id, f"{kind}: {name}: {why}")
    return Probed(workspace, tables, refused)


def vectors_of_changed(
    dataset: Dataset,
    encoders: Mapping[str, Encoder],
    records: Sequence[FrameRecord],
    chosen: Sequence[int],
    folder: Path,
    *,
    seed: int,
    workers: int | None,
    progress: Progress,
) -> dict[str, dict[str, tuple[Int64Array, Float32Array]]]:
    """Embedding -> what was done -> rows of the changed frames and their vectors; refused frames are left out.

    Args:
        dataset: The frames.
        encoders: Embedding -> encoder.
        records: All frames.
        chosen: Rows of those that are changed.
        folder: Where what was encoded is kept.
        seed: Seed of the changes.
        workers: Processes; all cores by default.
        progress: Shows how far it is.
    """
    found: dict[str, dict[str, tuple[Int64Array, Float32Array]]] = {name: {} for name in encoders}
    for change in PERTURBATIONS if chosen and encoders else ():
        frames = ChosenFrames(dataset, [records[row] for row in chosen], change, seed)
        probed = encode_frames(frames, encoders, folder / change.replace(" ", "-"), workers=workers, progress=progress)
        rows = [row for row in chosen if records[row].frame_id not in probed.refused]
        for name, table in probed.tables.items():
            if rows:
                values = table.rows([records[row].frame_id for row in rows])
                found[name][change] = (np.array(rows, dtype=np.int64), np.array(values))
    return found


def folder_of(
    cache: Path, dataset: Dataset, encoders: Mapping[str, Encoder], records: Sequence[FrameRecord], seed: int
) -> Path:
    """Where the vectors of these frames by these encoders are kept in a cache."""
    data = [dataset.name, dataset.description, getattr(dataset, "settings", None)]
    made_by = {name: [encoder.name, encoder.settings] for name, encoder in encoders.items()}
    return cache / fingerprint_of(data, [record.frame_id for record in records], made_by, seed, __version__)
