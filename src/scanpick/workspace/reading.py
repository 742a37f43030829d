"""Reading all frames once, in blocks: counted, checked, fingerprinted, and encoded where that is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
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
from scanpick.workspace.readings import Readings, ReadingStore
from scanpick.workspace.worker_pool import available_cores, run_jobs

BLOCK = 32
"""Frames in a block: what a killed run loses at most, for each worker."""

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
    encoder: Encoder | None,
    blocks: Sequence[Block],
    store: ReadingStore,
    *,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Iterator[tuple[int, Readings]]:
    """Yield the number and the readings of every block, those that are stored first; store what is read.

    Args:
        dataset: Where frames are read.
        encoder: What encodes them, or None.
        blocks: What to read.
        store: What was read before, for this data set and encoder.
        workers: Processes; all cores by default.
        progress: Shows how far it is.
    """
    kept: dict[int, Readings] = {}
    jobs = []
    for block in blocks:
        stored, missing = _split(block, store.load(block.number))
        if missing is None:
            assert stored is not None
            yield block.number, stored
            continue
        jobs.append(missing)
        if stored is not None:
            kept[block.number] = stored
    count = sum(len(job.frame_ids) for job in jobs)
    if not count:
        return
    workers = available_cores() if workers is None else workers
    if encoder is not None and not encoder.in_workers:
        workers = 1
    title = "Reading frames" if encoder is None else f"Encoding frames ({encoder.name})"
    with progress(title, count) as advance:
        for job, readings in run_jobs(BlockReader(dataset, encoder), jobs, workers):
            if job.number in kept:
                readings = kept.pop(job.number).joined(readings)
            store.save(job.number, readings)
            advance(len(job.frame_ids))
            yield job.number, readings


def _split(block: Block, stored: Readings | None) -> tuple[Readings | None, Block | None]:
    """The rows of a block that are stored and still true, and the block that is left to be read."""
    if stored is None:
        return None, block
    row_of = {key: row for row, key in enumerate(zip(stored.frame_ids.tolist(), stored.sources.tolist(), strict=True))}
    wanted = list(zip(block.frame_ids, block.sources, strict=True))
    missing = [key for key in wanted if key not in row_of]
    rows = stored.rows([row_of[key] for key in wanted if key in row_of])
    if not missing:
        return rows, None
    return rows, Block(block.number, tuple(key[0] for key in missing), tuple(key[1] for key in missing))


@dataclass(frozen=True)
class BlockReader:
    """Reads, checks and encodes the frames of a block; sent to the workers.

    Attributes:
        dataset: Where frames are read.
        encoder: What encodes them, or None.
    """

    dataset: Dataset
    encoder: Encoder | None

    def __call__(self, block: Block) -> Readings:
        """Read a block. A frame that cannot be used is a row with its reason."""
        count = len(block.frame_ids)
        contents, problems, encoding_problems = [""] * count, [""] * count, [""] * count
        doubts, notes = [""] * count, [""] * count
        num_points = np.zeros(count, dtype=np.int64)
        values = np.zeros((count, 0 if self.encoder is None else self.encoder.dimension), dtype=np.float32)
        objects: list[EmbeddedObjects | None] = [None] * count
        waiting: list[tuple[int, Frame]] = []
        for row, frame_id in enumerate(block.frame_ids):
            try:
                frame = self._read(frame_id)
            except FrameError as error:
                problems[row] = f"{error.kind}: {error}"
                continue
            contents[row] = digest_of(frame.points)
            num_points[row] = len(frame.points)
            doubts[row] = "\n".join(f"{doubt.kind}: {doubt.detail}" for doubt in doubts_about_points(frame.points))
            notes[row] = json.dumps(dict(frame.notes), sort_keys=True) if frame.notes else ""
            waiting.append((row, frame))
            if self.encoder is not None and len(waiting) >= self.encoder.batch_size:
                self._encode(waiting, values, objects, encoding_problems)
                waiting.clear()
        if self.encoder is not None and waiting:
            self._encode(waiting, values, objects, encoding_problems)
        return Readings(
            frame_ids=_texts(block.frame_ids),
            sources=_texts(block.sources),
            contents=_texts(contents),
            num_points=num_points,
            problems=_texts(problems),
            doubts=_texts(doubts),
            notes=_texts(notes),
            encoding_problems=_texts(encoding_problems),
            values=values,
            objects=self._joined(objects),
        )

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

    def _encode(
        self,
        batch: Sequence[tuple[int, Frame]],
        values: np.ndarray,
        objects: list[EmbeddedObjects | None],
        problems: list[str],
    ) -> None:
        """Encode a batch; where that fails, frame by frame, so that one frame costs only itself."""
        try:
            encoded, found = self._vectors([frame for _, frame in batch])
        except FrameError as error:
            if len(batch) == 1:
                problems[batch[0][0]] = f"{error.kind}: {error}"
                return
            for one in batch:
                self._encode([one], values, objects, problems)
            return
        assert self.encoder is not None
        for place, (row, _) in enumerate(batch):
            of_frame = None if found is None else found.of_frames([place])
            finite = np.isfinite(encoded[place]).all() and (of_frame is None or np.isfinite(of_frame.values).all())
            if finite:
                values[row], objects[row] = encoded[place], of_frame
            else:
                problems[row] = f"not finite: the encoder '{self.encoder.name}' gave NaN or infinity."

    def _vectors(self, frames: Sequence[Frame]) -> tuple[Embeddings, EmbeddedObjects | None]:
        """The vectors of frames, and their objects where the encoder embeds these."""
        encoder = self.encoder
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

    def _joined(self, objects: Sequence[EmbeddedObjects | None]) -> EmbeddedObjects | None:
        if not isinstance(self.encoder, PartEncoder):
            return None
        nothing = EmbeddedObjects.none(1, self.encoder.object_dimension)
        return EmbeddedObjects.joined([nothing if one is None else one for one in objects])


def digest_of(points: Points) -> str:
    """A hex digest of a frame's points: equal digests, equal points."""
    digest = hashlib.blake2b(f"{points.shape}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(points).data.cast("B"))
    return digest.hexdigest()


def fingerprint_of(*parts: Any) -> str:
    """A short hex digest of JSON-serialisable settings."""
    return sha256_of_text(json.dumps(parts, sort_keys=True))[:16]


def _texts(values: Sequence[str]) -> np.ndarray:
    return np.array(values, dtype=np.str_)
