"""Reading all frames once, in blocks: counted, checked, fingerprinted; with labels, and encoded, where asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Points
from scanpick.datasets import Dataset
from scanpick.datasets.plausibility import doubts_about_points
from scanpick.encoders import Encoder, PartEncoder
from scanpick.errors import FrameError, ScanpickError
from scanpick.files import sha256_of_text
from scanpick.structures import Frame, FrameRecord
from scanpick.structures.embedded_objects import EmbeddedObjects
from scanpick.workspace.readings import Found, Readings, ReadingStore
from scanpick.workspace.worker_pool import available_cores, run_jobs

BLOCK = 32
"""Frames in a block: what a killed run loses at most, for each worker."""

LEFT_OUT = "left out"
"""The problem of a frame that was not to be encoded."""

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Given a title and a number of steps, shows a bar and gives the function that advances it."""


def no_progress(title: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
    """Show nothing."""
    return nullcontext(lambda steps: None)


@dataclass(frozen=True)
class Block:
    """Frames that are to be read together. Its number is its place in the data set, so that it is found again."""

    number: int
    frame_ids: tuple[str, ...]
    sources: tuple[str, ...]


def blocks_of(records: Sequence[FrameRecord], sources: Sequence[str], wanted: BoolArray) -> list[Block]:
    """The wanted frames of each block of `BLOCK` frames; blocks without any are left out."""
    blocks = []
    for number, start in enumerate(range(0, len(records), BLOCK)):
        rows = [row for row in range(start, min(start + BLOCK, len(records))) if wanted[row]]
        if rows:
            ids = tuple(records[row].frame_id for row in rows)
            blocks.append(Block(number, ids, tuple(sources[row] for row in rows)))
    return blocks


def source_of(record: FrameRecord) -> str:
    """A mark that changes when a frame's file does: bytes and time of change. "" for frames that are computed."""
    if record.path is None:
        return ""
    try:
        status = record.path.stat()
    except OSError:
        return "missing"
    return f"{status.st_size}-{status.st_mtime_ns}"


def read_blocks(
    dataset: Dataset,
    encoders: Sequence[Encoder],
    blocks: Sequence[Block],
    stores: Sequence[ReadingStore],
    *,
    only: Container[str] | None = None,
    labels: bool = False,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Iterator[tuple[int, list[Readings]]]:
    """Yield the number of every block with its readings for each store, stored ones first; store what is read.

    Args:
        dataset: Where frames are read.
        encoders: What encodes them.
        blocks: What to read.
        stores: What was read before, for each encoder; one, where there is no encoder.
        only: The frames to encode; all by default.
        labels: Read labels, too.
        workers: Processes; all cores by default.
        progress: Shows how far it is.
    """
    kept: dict[int, list[Readings]] = {}
    jobs = []
    for block in blocks:
        stored = [store.load(block.number) for store in stores]
        rows_of = [{} if one is None else _true_rows(one, only) for one in stored]
        wanted = list(zip(block.frame_ids, block.sources, strict=True))
        there = [key for key in wanted if all(key in rows for rows in rows_of)]
        known = [
            one.rows([rows[key] for key in there]) for one, rows in zip(stored, rows_of, strict=True) if one and there
        ]
        missing = [key for key in wanted if key not in set(there)]
        if not missing:
            yield block.number, known
            continue
        ids, sources = zip(*missing, strict=True)
        jobs.append(Block(block.number, ids, sources))
        if there:
            kept[block.number] = known
    count = sum(len(job.frame_ids) for job in jobs)
    if not count:
        return
    workers = available_cores() if workers is None else workers
    if not all(encoder.in_workers for encoder in encoders):
        workers = 1
    names = ", ".join(encoder.name for encoder in encoders)
    title = f"Encoding frames ({names})" if encoders else "Reading frames"
    with progress(title, count) as advance:
        for job, readings in run_jobs(BlockReader(dataset, tuple(encoders), only, labels), jobs, workers):
            if job.number in kept:
                readings = [old.joined(new) for old, new in zip(kept.pop(job.number), readings, strict=True)]
            for store, one in zip(stores, readings, strict=True):
                store.save(job.number, one)
            advance(len(job.frame_ids))
            yield job.number, readings


def _true_rows(stored: Readings, only: Container[str] | None) -> dict[tuple[str, str], int]:
    """Frame id and mark -> row of what is stored; a frame that was left out then, and is wanted now, is none."""
    keys = zip(stored.frame_ids.tolist(), stored.sources.tolist(), stored.encoding_problems.tolist(), strict=True)
    return {
        (frame_id, mark): row
        for row, (frame_id, mark, problem) in enumerate(keys)
        if problem != LEFT_OUT or (only is not None and frame_id not in only)
    }


@dataclass(frozen=True)
class BlockReader:
    """Reads, checks and encodes the frames of a block, each frame once; sent to the workers.

    Attributes:
        dataset: Where frames are read.
        encoders: What encodes them.
        only: The frames to encode; None for all.
        labels: Whether labels are read, too.
    """

    dataset: Dataset
    encoders: tuple[Encoder, ...] = ()
    only: Container[str] | None = None
    labels: bool = False

    def __call__(self, block: Block) -> list[Readings]:
        """Read a block, for each encoder, or once without any. A frame that cannot be used is a row with its reason."""
        count = len(block.frame_ids)
        columns = {name: [""] * count for name in ("contents", "problems", "doubts", "notes")}
        num_points = np.zeros(count, dtype=np.int64)
        labels: dict[str, Found] = {}
        encodings = [_Encoding(encoder, count) for encoder in self.encoders]
        for row, frame_id in enumerate(block.frame_ids):
            try:
                frame = self._read(frame_id)
            except FrameError as error:
                columns["problems"][row] = f"{error.kind}: {error}"
                continue
            if self.labels:  # what computes its frames has the labels at hand now
                labels[frame_id] = labels_in(self.dataset, frame_id)
            columns["contents"][row] = digest_of(frame.points)
            num_points[row] = len(frame.points)
            doubts = doubts_about_points(frame.points)
            columns["doubts"][row] = "\n".join(f"{doubt.kind}: {doubt.detail}" for doubt in doubts)
            columns["notes"][row] = json.dumps(dict(frame.notes), sort_keys=True) if frame.notes else ""
            for encoding in encodings:
                if self.only is None or frame_id in self.only:
                    encoding.add(row, frame)
                else:
                    encoding.problems[row] = LEFT_OUT
        ids, sources = np.array(block.frame_ids, dtype=np.str_), np.array(block.sources, dtype=np.str_)
        texts: dict[str, Any] = {name: np.array(values, dtype=np.str_) for name, values in columns.items()}
        return [
            Readings(ids, sources, num_points=num_points, **texts, **encoded, labels=labels)
            for encoded in ([encoding.finish() for encoding in encodings] or [_Encoding(None, count).finish()])
        ]

    def _read(self, frame_id: str) -> Frame:
        try:
            frame = self.dataset.read(frame_id)
        except FrameError:
            raise
        except (ScanpickError, OSError, MemoryError) as error:
            raise FrameError(f"{type(error).__name__}: {error}") from error
        except Exception as error:
            error.add_note(f"This happened while frame '{frame_id}' was read; it is a bug in the reader.")
            raise
        if len(frame.points) == 0:
            raise FrameError("The frame has no points.", kind="empty")
        if not np.isfinite(frame.points).all():
            raise FrameError("The frame has points that are NaN or infinite.", kind="not finite")
        return frame


class _Encoding:
    """Encodes the frames of a block in batches, as they are read.

    Args:
        encoder: The encoder; None for vectors of length 0.
        count: Frames of the block.
    """

    def __init__(self, encoder: Encoder | None, count: int) -> None:
        self._encoder = encoder
        self._values = np.zeros((count, 0 if encoder is None else encoder.dimension), dtype=np.float32)
        self._objects: list[EmbeddedObjects | None] = [None] * count
        self._waiting: list[tuple[int, Frame]] = []
        self.problems = [""] * count

    def add(self, row: int, frame: Frame) -> None:
        """Encode a frame, once there are enough for a batch."""
        assert self._encoder is not None
        self._waiting.append((row, frame))
        if len(self._waiting) >= self._encoder.batch_size:
            self._encode(self._waiting)
            self._waiting = []

    def finish(self) -> dict[str, Any]:
        """Encode what is left, and give the columns of `Readings`."""
        if self._waiting:
            self._encode(self._waiting)
        objects = None
        if isinstance(self._encoder, PartEncoder):
            nothing = EmbeddedObjects.none(1, self._encoder.object_dimension)
            objects = EmbeddedObjects.joined([nothing if one is None else one for one in self._objects])
        problems = np.array(self.problems, dtype=np.str_)
        return {"encoding_problems": problems, "values": self._values, "objects": objects}

    def _encode(self, batch: Sequence[tuple[int, Frame]]) -> None:
        """Encode a batch; where that fails, frame by frame, so that one frame costs only itself."""
        try:
            encoded, found = self._vectors([frame for _, frame in batch])
        except FrameError as error:
            if len(batch) == 1:
                self.problems[batch[0][0]] = f"{error.kind}: {error}"
                return
            for one in batch:
                self._encode([one])
            return
        assert self._encoder is not None
        for place, (row, _) in enumerate(batch):
            of_frame = None if found is None else found.of_frames([place])
            if np.isfinite(encoded[place]).all() and (of_frame is None or np.isfinite(of_frame.values).all()):
                self._values[row], self._objects[row] = encoded[place], of_frame
            else:
                self.problems[row] = f"not finite: the encoder '{self._encoder.name}' gave NaN or infinity."

    def _vectors(self, frames: Sequence[Frame]) -> tuple[Embeddings, EmbeddedObjects | None]:
        """The vectors of frames, and their objects where the encoder embeds these."""
        encoder = self._encoder
        assert encoder is not None
        found: EmbeddedObjects | None = None
        if isinstance(encoder, PartEncoder):
            found = encoder.encode_objects(frames)
            encoded = encoder.pooled(found)
        else:
            encoded = encoder.encode(frames)
        if encoded.shape != (len(frames), encoder.dimension):
            raise ScanpickError(
                f"Encoder '{encoder.name}': expected vectors of shape {(len(frames), encoder.dimension)}, "
                f"got {encoded.shape}."
            )
        return encoded, found


def labels_in(dataset: Dataset, frame_id: str) -> Found:
    """The labels of a frame, or why they cannot be read, as a value."""
    try:
        return dataset.labels(frame_id)
    except FrameError as error:
        return error


def digest_of(points: Points) -> str:
    """A hex digest of a frame's points: equal digests, equal points."""
    digest = hashlib.blake2b(f"{points.shape}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(points).data.cast("B"))
    return digest.hexdigest()


def fingerprint_of(*parts: Any) -> str:
    """A short hex digest of JSON-serialisable settings."""
    return sha256_of_text(json.dumps(parts, sort_keys=True))[:16]
