"""Objective `similarity`: frames like given examples, or unlike them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import model_validator

from scanpick.arrays import Embeddings, Float64Array
from scanpick.errors import ScanpickError
from scanpick.formats.arrays import read_array
from scanpick.selection.objectives.objective import FixedValues, Objective
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Request, in_metric

_BLOCK_ROWS = 8192


class Similarity(Objective):
    """value(x) = (1 + c) / 2 with c the cosine of x to the nearest example; away from them: (1 - c) / 2.

    A zero vector has cosine 0 to everything.

    Attributes:
        frames: Ids of frames of the pool that serve as examples.
        file: A .npy file with the (n, D) vectors of examples from elsewhere, made by the same encoder.
        direction: `to` the examples or `away` from them.
        embedding: Name of the embedding; the pool's first by default.
    """

    frames: tuple[str, ...] = ()
    file: Path | None = None
    direction: Literal["to", "away"] = "to"
    embedding: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Similarity:
        if bool(self.frames) == (self.file is not None):
            raise ValueError("expected examples as either frames or a file")
        return self

    def values(self, pool: Pool, request: Request) -> FixedValues:
        """Cosines to the nearest example."""
        space = in_metric(pool.embedding(self.embedding), "cosine")
        examples = self._examples(pool, space)
        nearest = np.empty(len(space))
        for start in range(0, len(space), _BLOCK_ROWS):
            cosines = space[start : start + _BLOCK_ROWS].astype(np.float64) @ examples.T
            nearest[start : start + _BLOCK_ROWS] = cosines.max(axis=1).clip(-1, 1)
        return FixedValues((1 + nearest) / 2 if self.direction == "to" else (1 - nearest) / 2)

    def _examples(self, pool: Pool, space: Embeddings) -> Float64Array:
        if self.file is None:
            return space[np.flatnonzero(pool.mask(self.frames, "example"))].astype(np.float64)
        vectors = read_array(self.file)
        if vectors.ndim != 2 or vectors.shape[1] != space.shape[1] or len(vectors) == 0 or vectors.dtype.kind != "f":
            raise ScanpickError(
                f"{self.file}: expected examples of shape (n, {space.shape[1]}), got {vectors.dtype} {vectors.shape}."
            )
        if not np.isfinite(vectors).all():
            raise ScanpickError(f"{self.file}: expected finite numbers, got NaN or infinity.")
        return in_metric(vectors.astype(np.float32), "cosine").astype(np.float64)
