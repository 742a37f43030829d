"""Every frame of a study read once: what can be used, what is labelled in it, fingerprints of both, and vectors."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.datasets import Dataset
from scanpick.encoders import Encoder
from scanpick.errors import FrameError, ScanpickError
from scanpick.files import sha256_of_text
from scanpick.labels import count_objects
from scanpick.structures import Labels
from scanpick.studies.data import JoinedDataset
from scanpick.studies.pool_embedding import data_settings, readings_of
from scanpick.texts import read_json, write_json
from scanpick.training.frame_cache import FrameCache
from scanpick.workspace.frame_table import OK, FrameTable, write_frame_table
from scanpick.workspace.manifest import current_versions
from scanpick.workspace.reading import Block, BlockReader, Progress, blocks_of, fingerprint_of, source_of
from scanpick.workspace.readings import Readings
from scanpick.workspace.worker_pool import run_jobs

_CACHE_BYTES = 128 * 2**20
"""Room for a block of sweeps of 250,000 points."""


@dataclass(frozen=True, eq=False)
class Survey:
    """What reading all frames showed.

    Attributes:
        frames: The frames; those without points or labels, and exact doubles of others, are set aside.
        counts: Usable frame id -> class -> number of labelled objects.
        digests: Usable frame id -> hex digest of its points and labels.
    """

    frames: FrameTable
    counts: Mapping[str, Mapping[str, int]]
    digests: Mapping[str, str]

    def digest_of(self, frame_ids: Sequence[str]) -> str:
        """One digest of these frames' points and labels."""
        return sha256_of_text("\n".join(f"{one}\t{self.digests[one]}" for one in sorted(frame_ids)))


def survey(
    dataset: JoinedDataset,
    folder: Path,
    *,
    encoders: Mapping[str, Encoder] | None = None,
    encoded: Collection[str] = (),
    workers: int,
    progress: Progress,
) -> Survey:
    """Read every frame that has changed since it was read last, and encode it while it is in memory.

    Args:
        dataset: The frames of the study.
        folder: Where ``frames.parquet``, ``labels.json`` and what a killed run had read are kept.
        encoders: Name of an embedding -> its encoder; `embed_pool` finds the vectors, and need not read frames again.
        encoded: Ids of the frames to encode.
        workers: Processes.
        progress: Shows how far it is.
    """
    records = dataset.records
    sources = [source_of(record) for record in records]
    store = folder / "survey" / fingerprint_of(*data_settings(dataset), current_versions()["scanpick"])
    encoders = encoders or {}
    vectors = {name: readings_of(dataset, one, folder / "embeddings" / name) for name, one in encoders.items()}
    if not all(encoder.in_workers for encoder in encoders.values()):
        workers = 1
    blocks = blocks_of(records, sources, np.ones(len(records), dtype=bool))
    found: dict[int, dict[str, Any]] = {}
    for block in blocks:
        stored = _stored(store, block)
        if stored is not None:
            # A changed label file does not show in the mark of the points: labels on disk are read again, they are
            # small. Where frames are computed, the data set's settings say everything.
            on_disk = any(source for source in block.sources)
            found[block.number] = stored | _labels_of(dataset, block, stored["statuses"]) if on_disk else stored
    missing = [block for block in blocks if block.number not in found]
    if missing:
        with progress("Reading frames and labels", sum(len(block.frame_ids) for block in missing)) as advance:
            reader = _SurveyReader(FrameCache(dataset, _CACHE_BYTES), encoders, frozenset(encoded))
            for block, (rows, readings) in run_jobs(reader, missing, workers):
                for name, of_encoder in readings.items():
                    vectors[name].save(block.number, of_encoder)
                write_json(store / f"{block.number:06d}.json", rows)
                found[block.number] = rows
                advance(len(block.frame_ids))
    columns = {
        name: [value for block in blocks for value in found[block.number][name]]
        for name in ("contents", "num_points", "statuses", "counts", "label_digests")
    }
    statuses = _without_doubles([record.frame_id for record in records], columns["contents"], columns["statuses"])
    frames = FrameTable(
        records=tuple(records),
        num_points=np.array(columns["num_points"], dtype=np.int64),
        statuses=tuple(statuses),
        contents=tuple(columns["contents"]),
        sources=tuple(sources),
    )
    good = [int(row) for row in np.flatnonzero(frames.usable)]
    counts = {frames.frame_ids[row]: columns["counts"][row] for row in good}
    digests = {frames.frame_ids[row]: f"{frames.contents[row]}-{columns['label_digests'][row]}" for row in good}
    write_frame_table(folder / "frames.parquet", frames)
    write_json(folder / "labels.json", counts, indent=0)
    return Survey(frames, counts, digests)


@dataclass(frozen=True)
class _SurveyReader:
    """Reads a block of frames with their labels, and encodes those that are wanted; sent to the workers.

    Attributes:
        dataset: The frames; those of a block are read for the first reader, and kept for the others.
        encoders: Name of an embedding -> its encoder.
        encoded: Ids of the frames to encode.
    """

    dataset: FrameCache
    encoders: Mapping[str, Encoder]
    encoded: frozenset[str]

    def __call__(self, block: Block) -> tuple[dict[str, Any], dict[str, Readings]]:
        """What is in the frames, and their vectors by the name of the embedding."""
        readings = BlockReader(self.dataset, None)(block)
        statuses = [problem or OK for problem in readings.problems.tolist()]
        rows = {
            "frame_ids": list(block.frame_ids),
            "sources": list(block.sources),
            "contents": readings.contents.tolist(),
            "num_points": readings.num_points.tolist(),
            **_labels_of(self.dataset, block, statuses),
        }
        keys = zip(block.frame_ids, block.sources, rows["statuses"], strict=True)
        wanted = [(frame_id, mark) for frame_id, mark, status in keys if status == OK and frame_id in self.encoded]
        if not wanted:
            return rows, {}
        frame_ids, sources = zip(*wanted, strict=True)
        part = Block(block.number, frame_ids, sources)
        return rows, {name: BlockReader(self.dataset, encoder)(part) for name, encoder in self.encoders.items()}


def _labels_of(dataset: Dataset, block: Block, statuses: Sequence[str]) -> dict[str, Any]:
    """Objects and digest of each frame's labels; a frame without labels is in trouble from there on."""
    told: dict[str, list[Any]] = {"statuses": list(statuses), "counts": [], "label_digests": []}
    for row, frame_id in enumerate(block.frame_ids):
        count, digest = {}, ""
        if statuses[row] == OK:
            try:
                labels = dataset.labels(frame_id)
                if labels is None:
                    raise FrameError("The frame has no labels.", kind="labels")
                count, digest = count_objects(labels), _digest(labels)
            except FrameError as error:
                told["statuses"][row] = f"{error.kind}: {error}"
        told["counts"].append(count)
        told["label_digests"].append(digest)
    return told


def _digest(labels: Labels) -> str:
    """A hex digest of all that training and evaluation read of labels."""
    parts: list[Any] = [labels.boxes.class_names.tolist(), labels.boxes.array.tolist()]
    if labels.camera_objects is not None:
        parts += [np.asarray(value).tolist() for value in vars(labels.camera_objects).values() if value is not None]
    return fingerprint_of(parts)


def _stored(store: Path, block: Block) -> dict[str, Any] | None:
    """What an earlier run read of this block, where its files have not changed since and none was in trouble."""
    try:
        rows = read_json(store / f"{block.number:06d}.json")
    except ScanpickError:  # none, or damaged: read again
        return None
    columns = ("frame_ids", "sources", "contents", "num_points", "statuses", "counts", "label_digests")
    if any(len(rows.get(name) or ()) != len(block.frame_ids) for name in columns):
        return None
    same = rows["frame_ids"] == list(block.frame_ids) and rows["sources"] == list(block.sources)
    # What spoilt a frame may be a file beside its points, so that it is tried again.
    return rows if same and all(status == OK for status in rows["statuses"]) else None


def _without_doubles(frame_ids: Sequence[str], contents: Sequence[str], statuses: Sequence[str]) -> list[str]:
    """Frames with the same points as an earlier one are set aside: labelled twice, they would be counted twice."""
    first: dict[str, str] = {}
    kept = []
    for frame_id, content, status in zip(frame_ids, contents, statuses, strict=True):
        if status == OK and first.setdefault(content, frame_id) != frame_id:
            status = f"double: The frame has the same points as {first[content]}."
        kept.append(status)
    return kept
