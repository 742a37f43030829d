"""From a workspace to the arrays that a selection sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float64Array
from scanpick.errors import ScanpickError, call
from scanpick.selection.pool import Pool
from scanpick.workspace.frame_table import FrameTable
from scanpick.workspace.labelled import LabelledFrames, labelled_frames
from scanpick.workspace.rounds import Rounds
from scanpick.workspace.workspace import Workspace


def pool_of(
    workspace: Workspace, embeddings: Sequence[str] = (), labelled: LabelledFrames | Path | None = None
) -> Pool:
    """The frames of a workspace that can be used and have a vector in each of these embeddings.

    Args:
        workspace: An indexed workspace.
        embeddings: Names of embeddings; none for strategies that need none.
        labelled: Frames that have labels already, or a source that `labelled_frames` takes.

    Raises:
        ScanpickError: An embedding is missing, damaged or older than the frames; an id in `labelled` is unknown.
    """
    frames = workspace.frames()
    tables = {name: workspace.embedding(name) for name in embeddings}
    in_pool = frames.usable.copy()
    for name, table in tables.items():
        known = {*table.frame_ids, *table.meta.get("set_aside", {}), *table.meta.get("left_out", ())}
        missing = [frame_id for frame_id, usable in zip(frames.frame_ids, frames.usable, strict=True) if usable]
        missing = [frame_id for frame_id in missing if frame_id not in known]
        if missing or table.meta.get("data_sha256") != frames.data_sha256:
            raise ScanpickError(
                f"Embedding '{name}' was made before the frames changed ({len(missing)} frames lack a vector). "
                f"Bring it up to date with: {call('embed', workspace.path, name=name, encoder=...)}"
            )
        embedded = set(table.frame_ids)
        in_pool &= np.array([frame_id in embedded for frame_id in frames.frame_ids], dtype=bool)
    if isinstance(labelled, Path):
        labelled = labelled_frames(workspace, [labelled])
    is_labelled = np.zeros(len(frames), dtype=bool)
    if labelled is not None:
        is_labelled[[frames.row_of[frame_id] for frame_id in labelled.frame_ids]] = True
    rows = np.flatnonzero(in_pool)
    ids = [frames.frame_ids[row] for row in rows]
    vectors = {name: table.rows(ids) for name, table in tables.items()}
    return pool_of_rows(frames, rows, vectors, labelled=is_labelled[rows])


def in_rounds(pool: Pool, rounds: Rounds) -> Pool:
    """The pool as the coming round sees it.

    Frames that other rounds picked, sent or labelled count as covered; what an annotator refused, and drives that are
    set apart for validation, do not count at all. None of them is picked.
    """
    taken, refused = rounds.taken()
    apart = rounds.sequences_apart
    if not (taken or refused or apart):
        return pool
    excluded = np.array([frame_id in refused for frame_id in pool.frame_ids], dtype=bool)
    if apart and pool.sequences is not None:
        excluded |= np.isin(pool.sequences, np.array(sorted(apart), dtype=np.str_))
    labelled = np.array([frame_id in taken for frame_id in pool.frame_ids], dtype=bool)
    excluded |= pool.excluded
    return replace(pool, labelled=(pool.labelled | labelled) & ~excluded, excluded=excluded)


def pool_of_rows(
    frames: FrameTable, rows: np.ndarray, embeddings: Mapping[str, Embeddings], *, labelled: BoolArray
) -> Pool:
    """The n frames in these (n,) rows, with their (n, D) vectors and (n,) whether they are labelled."""
    metadata = {"num_points": frames.num_points[rows]} | {name: of[rows] for name, of in frames.metadata.items()}
    return Pool(
        frame_ids=tuple(frames.frame_ids[row] for row in rows),
        embeddings=embeddings,
        labelled=labelled,
        sequences=frames.sequences[rows],
        times_s=frames.times_s[rows],
        positions_m=_positions(metadata),
        metadata=metadata,
    )


def _positions(metadata: Mapping[str, np.ndarray]) -> Float64Array | None:
    """(N, 2) or (N, 3) where the vehicle was, where the data set says so in the columns position_x_m and so on."""
    axes = [metadata[name] for name in ("position_x_m", "position_y_m", "position_z_m") if name in metadata]
    return np.stack(axes, axis=1).astype(np.float64) if len(axes) > 1 else None
