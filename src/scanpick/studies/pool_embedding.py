"""The embedding of a study's pool: computed once, frame by frame, from the frames that may be labelled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scanpick import __version__
from scanpick.datasets import Dataset
from scanpick.encoders import Encoder
from scanpick.errors import ScanpickError
from scanpick.structures import EmbeddingTable
from scanpick.workspace.embedding_files import read_embedding, write_embedding
from scanpick.workspace.frame_table import FrameTable
from scanpick.workspace.reading import BLOCK, Progress, blocks_of, fingerprint_of, read_blocks
from scanpick.workspace.readings import ReadingStore


def embed_pool(
    dataset: Dataset,
    encoder: Encoder,
    frames: FrameTable,
    wanted: Sequence[str],
    folder: Path,
    *,
    workers: int,
    progress: Progress,
) -> EmbeddingTable:
    """The vectors of the wanted frames, computed, or read where they were made from the same points before.

    Frames that the encoder refuses are left out; ``meta.json`` names them under ``set_aside``.

    Args:
        dataset: Where frames are read.
        encoder: The encoder.
        frames: All frames of the study.
        wanted: Ids of the frames to encode.
        folder: ``embeddings/<name>``.
        workers: Processes.
        progress: Shows how far it is.

    Raises:
        ScanpickError: None can be encoded, or frames changed since they were read.
    """
    mask = np.isin(np.array(frames.frame_ids), np.array(list(wanted)))
    data = fingerprint_of([[frames.frame_ids[row], frames.contents[row]] for row in np.flatnonzero(mask)])
    made_by = {"encoder": encoder.name, "settings": json.loads(json.dumps(encoder.settings)), "scanpick": __version__}
    store = readings_of(dataset, encoder, folder)
    before = _before(folder, {**made_by, "data": data})
    if before is not None:
        store.clear()
        return before
    content_of = dict(zip(frames.frame_ids, frames.contents, strict=True))
    vectors: dict[str, np.ndarray] = {}
    set_aside: dict[str, str] = {}
    blocks = blocks_of(frames.records, frames.sources, mask)
    for _, readings in read_blocks(dataset, encoder, blocks, store, workers=workers, progress=progress):
        for row, frame_id in enumerate(readings.frame_ids.tolist()):
            if str(readings.contents[row]) != content_of[frame_id]:
                store.clear()
                raise ScanpickError(f"Frame '{frame_id}' changed while the study was prepared. Start it again.")
            if problem := str(readings.encoding_problems[row]):
                set_aside[frame_id] = problem
            else:
                vectors[frame_id] = readings.values[row]
    if not vectors:
        reason = next(iter(set_aside.values()), "there are no frames")
        raise ScanpickError(f"The encoder '{encoder.name}' could encode none of {len(set_aside)} frames: {reason}")
    ids = [frame_id for frame_id in frames.frame_ids if frame_id in vectors]
    values = (
        np.stack([vectors[frame_id] for frame_id in ids[start : start + BLOCK]]) for start in range(0, len(ids), BLOCK)
    )
    meta = {**made_by, "data": data, "set_aside": set_aside}
    write_embedding(folder, ids, [content_of[one] for one in ids], values, encoder.dimension, meta)
    store.clear()
    return read_embedding(folder).table


def readings_of(dataset: Dataset, encoder: Encoder, folder: Path) -> ReadingStore:
    """Where vectors wait until an embedding is made of them; frames that change have another mark there.

    Args:
        dataset: Where frames are read.
        encoder: What encodes them.
        folder: ``embeddings/<name>``.
    """
    made_by = [encoder.name, encoder.settings, encoder.dimension, __version__]
    return ReadingStore(folder.parent / ".readings" / fingerprint_of(data_settings(dataset), made_by))


def data_settings(dataset: Dataset) -> list[Any]:
    """What decides the points of a data set's frames besides their files: its name, and the settings of its parts."""
    parts = getattr(dataset, "parts", [dataset])
    opened = [config.model_dump(mode="json") for config in getattr(dataset, "configs", ())]
    return [[[getattr(part, "settings", None), repr(part.name)] for part in parts], opened]


def _before(folder: Path, wanted: dict[str, object]) -> EmbeddingTable | None:
    try:
        table = read_embedding(folder).table
    except ScanpickError:  # none, or a damaged one: made again
        return None
    return table if all(table.meta.get(key) == value for key, value in wanted.items()) else None
