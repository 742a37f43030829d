"""Embeddings of frames, by frame id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scanpick.arrays import Embeddings
from scanpick.errors import ScanpickError
from scanpick.structures.checks import as_array, check_unique, name_some
from scanpick.structures.columns import Columns


@dataclass(frozen=True, eq=False, repr=False)
class EmbeddingTable(Columns):
    """N frames, each a vector.

    Attributes:
        name: What the embedding is called in a workspace ("scan_context").
        frame_ids: N ids, each once.
        values: (N, D) float32, finite. A memory map stays one.
        meta: How it was made: encoder, settings, weights' sha256, scanpick's version.
    """

    name: str
    frame_ids: tuple[str, ...]
    values: Embeddings
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame_ids", tuple(self.frame_ids))
        values = as_array(f"Embedding '{self.name}'", self.values, np.float32, (len(self.frame_ids), None))
        check_unique(f"Embedding '{self.name}'", self.frame_ids)
        # Row blocks, so that a memory map is not read into memory at once.
        for start in range(0, len(values), 65536):
            bad = ~np.isfinite(values[start : start + 65536]).all(axis=1)
            if bad.any():
                names = [self.frame_ids[start + row] for row in np.flatnonzero(bad)]
                raise ScanpickError(
                    f"Embedding '{self.name}': expected finite numbers, got NaN or infinity in frames "
                    f"{name_some(names)}. Embed these frames again or leave them out."
                )
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.frame_ids)

    def __repr__(self) -> str:
        frames, dimension = self.values.shape
        return f"EmbeddingTable('{self.name}': {frames} frames, {dimension} dimensions)"

    def columns(self) -> Mapping[str, Sequence[Any]]:
        """One row a frame: its id and its (D,) vector."""
        return {"frame_id": self.frame_ids, "vector": list(self.values)}

    def rows(self, frame_ids: Sequence[str]) -> Embeddings:
        """The (n, D) rows of these frames, in this order.

        Raises:
            ScanpickError: Some frames have no embedding; they are named.
        """
        index = {frame_id: row for row, frame_id in enumerate(self.frame_ids)}
        missing = [frame_id for frame_id in frame_ids if frame_id not in index]
        if missing:
            raise ScanpickError(
                f"Embedding '{self.name}': no row for {len(missing)} of {len(frame_ids)} frames: {name_some(missing)}."
            )
        return self.values[[index[frame_id] for frame_id in frame_ids]]
