"""PCA whitening and unit length: what may be done with any table of vectors before distances are taken."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from scanpick.arrays import Embeddings, Float32Array
from scanpick.errors import ScanpickError
from scanpick.geometry.vectors import principal_directions, unit_rows

FLAT = 1e-5
"""A direction whose spread is below this share of the largest is flat: its values are rounding, and are left out."""


@dataclass(frozen=True)
class Keep:
    """How many principal directions are kept: a number, a share of the variance, or all that are not flat.

    Attributes:
        number: The number, or None.
        share: The least share of the variance, above 0 up to 1, or None.
    """

    number: int | None = None
    share: float | None = None

    @classmethod
    def parse(cls, text: str) -> Keep:
        """From ``64``, ``95%`` or ``all``.

        Raises:
            ScanpickError: Another form, or a number out of range.
        """
        text = text.strip()
        if text == "all":
            return cls()
        if re.fullmatch(r"\d+", text) and int(text) > 0:
            return cls(number=int(text))
        if re.fullmatch(r"\d+(\.\d+)?%", text) and 0 < float(text[:-1]) <= 100:
            return cls(share=float(text[:-1]) / 100)
        raise ScanpickError(
            f"`whiten=...`: expected how many directions to keep, such as 64, a share of the variance up to 100%, such "
            f"as 95%, or all, got '{text}'."
        )

    def __str__(self) -> str:
        return str(self.number) if self.number else f"{100 * self.share:.10g}%" if self.share else "all"


@dataclass(frozen=True, eq=False)
class Whitening:
    """Vectors in which every direction counts the same: mean 0, variance 1 and no correlation over the table.

    Attributes:
        mean: (D,) float32.
        matrix: (D, K) float32: principal directions by falling variance, each divided by its standard deviation.
        explained: Share of the variance that lies in them.
    """

    mean: Float32Array
    matrix: Float32Array
    explained: float

    def of(self, values: Embeddings) -> Embeddings:
        """(N, D) -> (N, K)."""
        with threadpool_limits(1, user_api="blas"):
            moved = values.astype(np.float64) - self.mean
            return (moved @ self.matrix.astype(np.float64)).astype(np.float32)


def fit_whitening(values: Embeddings, keep: Keep, what: str = "The embedding") -> Whitening:
    """Principal directions of a table, scaled. Flat ones, as of constant columns, and all beyond N - 1 are never kept.

    Args:
        values: (N, D).
        keep: How many.
        what: Names the table in messages.

    Raises:
        ScanpickError: All rows are the same, or fewer directions are there than are to be kept.
    """
    mean: Float32Array = np.asarray(values.mean(axis=0, dtype=np.float64), dtype=np.float32)
    directions, spread = principal_directions(values, mean)
    usable = int((spread > FLAT * spread[0]).sum()) if len(spread) and spread[0] > 0 else 0
    if usable == 0:
        raise ScanpickError(f"{what}: its {len(values)} vectors are all the same, so there is nothing to whiten.")
    shares = np.cumsum(spread[:usable] ** 2) / (spread**2).sum()
    count = keep.number or usable
    if keep.share is not None:
        count = min(int(np.searchsorted(shares, keep.share - 1e-12)) + 1, usable)
    if count > usable:
        raise ScanpickError(
            f"{what}: its {len(values)} vectors differ in {usable} directions, got `whiten={count}`. "
            f"Ask for fewer, for a share such as 95%, or for all."
        )
    matrix = directions[:, :count] * (1 / spread[:count])
    return Whitening(mean, matrix.astype(np.float32), float(shares[count - 1]))


def unit_length(values: Embeddings) -> Embeddings:
    """Rows scaled to length 1; a row of zeros stays."""
    return unit_rows(values.astype(np.float64)).astype(np.float32)
