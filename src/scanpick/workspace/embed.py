"""Make embeddings of a workspace's frames: ``embeddings/<name>/``."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from scanpick import __version__
from scanpick.arrays import BoolArray, Embeddings
from scanpick.encoders import Encoder, PartEncoder
from scanpick.errors import ScanpickError
from scanpick.structures import EmbeddingTable
from scanpick.structures.checks import name_some
from scanpick.structures.embedded_objects import EmbeddedObjects
from scanpick.workspace.embedding_files import StoredEmbedding, read_objects, write_embedding
from scanpick.workspace.frame_table import FrameTable
from scanpick.workspace.index import reading_store
from scanpick.workspace.reading import BLOCK, Block, Progress, blocks_of, no_progress, read_blocks
from scanpick.workspace.readings import Readings, ReadingStore
from scanpick.workspace.workspace import Workspace


def embed(
    workspace: Workspace,
    encoder: Encoder,
    *,
    name: str | None = None,
    only: Collection[str] | None = None,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> EmbeddingTable:
    """Encode every usable frame, or only those that changed since this was done with the same settings.

    Frames that the encoder refuses are left out; ``meta.json`` names them under ``set_aside`` with the reason. Where
    the encoder embeds objects, these are kept beside the embedding, and what pooling learns is learned from all of
    them: the result is that of a fresh run, whatever was there before.

    Args:
        workspace: An indexed workspace.
        encoder: The encoder.
        name: What the embedding is called; the encoder's name by default. Other settings replace it.
        only: The frames to encode; ``meta.json`` names the others under ``left_out``. More that are there stay.
        workers: Processes; all cores by default.
        progress: Shows how far it is.

    Raises:
        ScanpickError: Frames have changed since they were indexed, or none can be encoded.
    """
    name = encoder.name if name is None else name
    folder = workspace.embedding_folder(name)
    with workspace.write_lock():
        frames = workspace.frames()
        store = reading_store(workspace, workspace.manifest().dataset, encoder)
        made_by = {"encoder": encoder.name, "settings": json.loads(json.dumps(encoder.settings))}
        wanted = frames.usable.copy()
        if only is not None:
            wanted &= np.isin(np.array(frames.frame_ids), np.array(list(only), dtype=np.str_))
        before = _usable_before(workspace, name, made_by, with_objects=isinstance(encoder, PartEncoder))
        if before is not None and _holds(before.table, frames, wanted):
            store.clear()
            return before.table
        merge = _Merge(frames, wanted, encoder.dimension, before, store)
        for _, (readings,) in read_blocks(
            workspace.dataset(), [encoder], merge.blocks, [store], workers=workers, progress=progress
        ):
            merge.check(readings, workspace)
        if not merge.encoded.any():
            raise ScanpickError(_nothing_encoded(encoder, merge.set_aside))
        ids = [frame_id for frame_id, encoded in zip(frames.frame_ids, merge.encoded, strict=True) if encoded]
        contents = [content for content, encoded in zip(frames.contents, merge.encoded, strict=True) if encoded]
        meta = {**made_by, "scanpick": __version__, "data_sha256": frames.data_sha256, "set_aside": merge.set_aside}
        if only is not None:
            meta["left_out"] = [frames.frame_ids[row] for row in np.flatnonzero(frames.usable & ~wanted)]
        if isinstance(encoder, PartEncoder):
            objects = merge.objects(encoder.object_dimension)
            fitted = encoder.fitted(objects.values)
            pooled = _pooled(fitted, objects)
            learned = fitted.learned
            write_embedding(folder, ids, contents, pooled, fitted.dimension, meta, objects=objects, learned=learned)
        else:
            write_embedding(folder, ids, contents, merge.values(), encoder.dimension, meta)
        store.clear()
    return workspace.embedding(name)


def _pooled(encoder: PartEncoder, objects: EmbeddedObjects) -> Iterator[Embeddings]:
    """The vectors of all frames from their objects, block by block."""
    frames = len(objects.counts)
    for start in range(0, frames, BLOCK):
        yield encoder.pooled(objects.of_frames(np.arange(start, min(start + BLOCK, frames))))


def import_embedding(
    workspace: Workspace, table: EmbeddingTable, *, name: str | None = None, allow_extra: bool = False
) -> EmbeddingTable:
    """Take over vectors that were made elsewhere.

    Args:
        workspace: An indexed workspace.
        table: Vectors by frame id; its meta says where they are from.
        name: What the embedding is called; the table's name by default.
        allow_extra: Whether the table may hold frames that the workspace does not have.

    Raises:
        ScanpickError: Usable frames have no vector, or the table holds unknown frames.
    """
    name = table.name if name is None else name
    folder = workspace.embedding_folder(name)
    with workspace.write_lock():
        frames = workspace.frames()
        extra = [frame_id for frame_id in table.frame_ids if frame_id not in frames.row_of]
        if extra and not allow_extra:
            raise ScanpickError(
                f"Embedding '{name}': {len(extra)} of its {len(table)} ids are not in the data set: "
                f"{name_some(extra)}. Expected ids such as {name_some(frames.frame_ids, 3)}. "
                f"Give `allow_extra=True` to pass over them."
            )
        rows = np.flatnonzero(frames.usable)
        ids = [frames.frame_ids[row] for row in rows]
        values = table.rows(ids)
        meta = {**table.meta, "scanpick": __version__, "data_sha256": frames.data_sha256, "set_aside": {}}
        write_embedding(folder, ids, [frames.contents[row] for row in rows.tolist()], [values], values.shape[1], meta)
    return workspace.embedding(name)


class _Merge:
    """Puts vectors made before, and those just made, into the order of the frame table.

    Attributes:
        blocks: What is left to be read.
        encoded: (N,) which frames have a vector.
        set_aside: Frame id -> why a usable frame could not be encoded.
    """

    def __init__(
        self,
        frames: FrameTable,
        wanted: BoolArray,
        dimension: int,
        before: StoredEmbedding | None,
        store: ReadingStore,
    ) -> None:
        self._frames = frames
        self._dimension = dimension
        self._store = store
        self._before = before
        self._row_before = {} if before is None else _rows_by_content(before)
        keys = list(zip(frames.frame_ids, frames.contents, strict=True))
        self._reused = np.array([key in self._row_before for key in keys], dtype=bool) & wanted
        self.blocks: list[Block] = blocks_of(frames.records, frames.sources, wanted & ~self._reused)
        self.encoded = self._reused.copy()
        self.set_aside: dict[str, str] = {}

    def check(self, readings: Readings, workspace: Workspace) -> None:
        """Note what was encoded, and that the points are still those that were indexed."""
        frames = self._frames
        rows = [frames.row_of[frame_id] for frame_id in readings.frame_ids.tolist()]
        changed = [
            frames.frame_ids[row]
            for row, content in zip(rows, readings.contents.tolist(), strict=True)
            if content != frames.contents[row]
        ]
        if changed:
            self._store.clear()
            raise ScanpickError(
                f"{len(changed)} frames changed while they were embedded or since they were indexed: "
                f"{name_some(changed)}. Run again: "
                f"{workspace.index_again(again=True)}"
            )
        for row, problem in zip(rows, readings.encoding_problems.tolist(), strict=True):
            self.encoded[row] = not problem
            if problem:
                self.set_aside[frames.frame_ids[row]] = problem
        self.set_aside = dict(sorted(self.set_aside.items(), key=lambda item: frames.row_of[item[0]]))

    def values(self) -> Iterator[Embeddings]:
        """The vectors of the encoded frames in order, block by block."""
        for rows, readings in self._blocks():
            block = np.zeros((len(rows), self._dimension), dtype=np.float32)
            for place, (row, row_read) in enumerate(rows):
                if row_read is None:
                    assert self._before is not None
                    block[place] = self._before.table.values[self._row_kept(row)]
                else:
                    assert readings is not None, "a block that was just written is gone"
                    block[place] = readings.values[row_read]
            yield block

    def objects(self, dimension: int) -> EmbeddedObjects:
        """The objects of the encoded frames in order."""
        parts = [EmbeddedObjects.none(0, dimension)]
        for rows, readings in self._blocks():
            for row, row_read in rows:
                if row_read is None:
                    assert self._before is not None
                    assert self._before.objects is not None
                    parts.append(self._before.objects.of_frames([self._row_kept(row)]))
                else:
                    assert readings is not None, "a block that was just written is gone"
                    assert readings.objects is not None
                    parts.append(readings.objects.of_frames([row_read]))
        return EmbeddedObjects.joined(parts)

    def _blocks(self) -> Iterator[tuple[list[tuple[int, int | None]], Readings | None]]:
        """The encoded frames of each block with their rows in what was just read, None for those kept from before."""
        just_read = {block.number for block in self.blocks}
        for number, start in enumerate(range(0, len(self._frames), BLOCK)):
            readings = self._store.load(number) if number in just_read else None
            row_read = {} if readings is None else {key: row for row, key in enumerate(readings.frame_ids.tolist())}
            rows = [row for row in range(start, min(start + BLOCK, len(self._frames))) if self.encoded[row]]
            yield (
                [(row, None if self._reused[row] else row_read[self._frames.frame_ids[row]]) for row in rows],
                readings,
            )

    def _row_kept(self, row: int) -> int:
        return self._row_before[self._frames.frame_ids[row], self._frames.contents[row]]


def _usable_before(
    workspace: Workspace, name: str, made_by: Mapping[str, Any], *, with_objects: bool
) -> StoredEmbedding | None:
    """The embedding of this name, if it is whole and was made with these settings by this version."""
    before, wanted = workspace.whole_embedding(name), {**made_by, "scanpick": __version__}
    if before is None or any(before.table.meta.get(key) != value for key, value in wanted.items()):
        return None
    if not with_objects:
        return before
    try:
        return replace(before, objects=read_objects(workspace.embedding_folder(name))[0])
    except ScanpickError:  # damaged: made again
        return None


def _holds(table: EmbeddingTable, frames: FrameTable, wanted: BoolArray) -> bool:
    """Whether an embedding of these frames has all that are wanted, or the reason why not."""
    there = set(table.frame_ids) | set(table.meta["set_aside"])
    same = table.meta.get("data_sha256") == frames.data_sha256
    return same and all(frames.frame_ids[row] in there for row in np.flatnonzero(wanted))


def _rows_by_content(stored: StoredEmbedding) -> dict[tuple[str, str], int]:
    keys = zip(stored.table.frame_ids, stored.contents, strict=True)
    return {key: row for row, key in enumerate(keys)}


def _nothing_encoded(encoder: Encoder, set_aside: Mapping[str, str]) -> str:
    return (
        f"The encoder '{encoder.name}' could encode none of the {len(set_aside)} frames. "
        f"The first: {next(iter(set_aside.values()))}"
    )
