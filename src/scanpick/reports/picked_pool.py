"""What a report on a selection is drawn from: one selection of a workspace, and the frames it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Int64Array
from scanpick.datasets import Dataset
from scanpick.errors import ScanpickError
from scanpick.selection.strategy import in_metric
from scanpick.structures import Detections, EmbeddingTable, FrameRecord, Selection
from scanpick.workspace import FrameTable, Manifest, Workspace, load_selection


@dataclass(frozen=True, eq=False)
class PickedPool:
    """A selection with its pool.

    Attributes:
        name: The selection's name.
        selection: The picks.
        manifest: The workspace's settings and versions.
        records: The N frames that could be picked or are labelled, in the order of the data set.
        labelled: (N,) bool: labelled before the selection.
        found: How many frames the data set has.
        set_aside: Frame id -> why it could not be used.
        dataset: Reads frames; or why it cannot be opened any more.
        cache: Folder for what takes long to compute.
        embedding: The embedding that the report measures in, or None.
        values: (N, D) float32 vectors as the strategy saw them, or None.
        notes: What a reader should know about this data.
        predictions: Frame id -> what a detector found, where the workspace holds the predictions of a single one.
    """

    name: str
    selection: Selection
    manifest: Manifest
    records: tuple[FrameRecord, ...]
    labelled: BoolArray
    found: int
    set_aside: Mapping[str, str]
    dataset: Dataset | ScanpickError
    cache: Path
    embedding: EmbeddingTable | None = None
    values: Embeddings | None = None
    notes: tuple[str, ...] = field(default=())
    predictions: Mapping[str, Detections] = field(default_factory=dict)

    @cached_property
    def picks(self) -> Int64Array:
        """(K,) rows of the picks, in order."""
        row_of = {record.frame_id: row for row, record in enumerate(self.records)}
        return np.array([row_of[frame_id] for frame_id in self.selection.frame_ids], dtype=np.int64)

    @property
    def seed(self) -> int:
        """Seed of the selection; the random selections start from it, too."""
        seed = self.selection.summary.get("seed", 0)
        return seed if isinstance(seed, int) and seed >= 0 else 0


def picked_pool(folder: Workspace | Path, selection_name: str) -> PickedPool:
    """Read a selection of a workspace with all that its report shows.

    Raises:
        ScanpickError: The folder is no workspace, has no such selection, or files in it are damaged.
    """
    workspace = folder if isinstance(folder, Workspace) else Workspace.open(folder)
    name, selection = load_selection(workspace, selection_name)
    frames, notes = workspace.frames(), []
    embedding = _embedding_of(workspace, selection)
    if embedding is not None and not set(selection.frame_ids) <= set(embedding.frame_ids):
        missing = len(set(selection.frame_ids) - set(embedding.frame_ids))
        notes.append(
            f"{missing} of the picked frames have no vector in the embedding '{embedding.name}', "
            f"so there is no map and no coverage. Bring it up to date with: scanpick embed."
        )
        embedding = None

    usable, set_aside, values = frames.usable, dict(frames.set_aside), None
    if embedding is not None:
        usable = usable & _rows_of(embedding.frame_ids, frames)
        set_aside |= {frame_id: str(why) for frame_id, why in embedding.meta.get("set_aside", {}).items()}
    records = tuple(record for record, used in zip(frames.records, usable, strict=True) if used)
    if embedding is not None:
        values = embedding.rows([record.frame_id for record in records])
        if selection.summary.get("options", {}).get("metric") == "cosine":
            values = in_metric(values, "cosine")
            notes.append("Distances are between vectors scaled to length 1, as the strategy saw them (metric cosine).")
    return PickedPool(
        name=name,
        selection=selection,
        manifest=workspace.manifest(),
        records=records,
        labelled=_rows_of(selection.summary.get("labelled_ids", []), frames)[usable],
        found=len(frames),
        set_aside=set_aside,
        dataset=_open_dataset(workspace),
        cache=workspace.path / "cache",
        embedding=embedding,
        values=values,
        notes=tuple(notes),
        predictions=workspace.predictions()[1] if len(workspace.prediction_names()) == 1 else {},
    )


def _embedding_of(workspace: Workspace, selection: Selection) -> EmbeddingTable | None:
    """The embedding that the selection was made in; for one made without any, the workspace's first."""
    known = workspace.embedding_names()
    asked = [selection.summary.get("options", {}).get("embedding"), *selection.summary.get("embeddings", [])]
    names = [name for name in asked if isinstance(name, str)] or known
    return workspace.embedding(names[0]) if names else None


def _rows_of(frame_ids: Sequence[str], frames: FrameTable) -> BoolArray:
    """(N,) which rows of the frame table are among these ids."""
    chosen = np.zeros(len(frames), dtype=bool)
    chosen[[frames.row_of[frame_id] for frame_id in frame_ids if frame_id in frames.row_of]] = True
    return chosen


def _open_dataset(workspace: Workspace) -> Dataset | ScanpickError:
    try:
        return workspace.dataset()
    except ScanpickError as error:
        return error
