"""Squared Euclidean distances: float32 matrix products rule pairs out, float64 decides.

Every kernel needs distances between float32 rows that are right to the last tie, and needs so many of them that only
matrix products are fast enough. So a product in float32, about the mean of the data, gives a lower bound that rounding
cannot break (`rounding_share`), and each pair that the bound does not rule out is evaluated by `squared_distance`:
float64 of the float32 input, summed in one fixed order, hence the same for equal rows, on any number of threads.
"""

from __future__ import annotations

import numba
import numpy as np

from scanpick.arrays import Embeddings, Float32Array, Float64Array, FloatArray, Int64Array
from scanpick.selection.kernels.workers import Scratch

LANES = 32
"""Partial sums of `squared_distance`: enough to fill vector registers."""

SAMPLE = 512
"""Rows from which the typical distance is estimated."""

ROW_BLOCK = 4096
"""Rows summed at a time, so that sums do not depend on the number of threads."""

SLACK = 1e-6
"""Share by which distances in float32 are widened, many times their rounding."""

UNDERFLOW = 1e-33
"""More than float32 products lose where they are too small for it."""

LARGEST_SQUARE = 1e37
"""Squared norms from here on are NaN as floors: float32 products with such rows may overflow, and rule nothing out."""


class CentredRows:
    """Rows of X less their mean, gathered on demand: the left and right sides of matrix products.

    Attributes:
        X: (N, D) float32 in C order, read only; a memory map is never read as a whole.
        mean: (D,) float64 mean of the rows.
        origin: (D,) float32, what is subtracted from every row: the mean, rounded.
        share: See `rounding_share`.
    """

    def __init__(self, X: Embeddings) -> None:
        self.X = read_only(X)
        self.mean = column_means(self.X)
        self.origin = self.mean.astype(np.float32)
        self.share = rounding_share(self.X.shape[1])

    def typical_distance(self) -> float:
        """Root mean square distance of two rows, from the sample; 0 for none."""
        sample = self.sample()
        return float(np.sqrt(2.0 * squared_distances_to(self.X, sample, self.mean).mean())) if len(sample) else 0.0

    def sample(self) -> Int64Array:
        """Indices of some rows, at equal steps."""
        return np.linspace(0, len(self.X) - 1, min(len(self.X), SAMPLE)).astype(np.int64)

    def gathered(
        self, indices: Int64Array, scratch: Scratch | None = None, name: str = ""
    ) -> tuple[Float32Array, Float64Array]:
        """Centred rows (n, D) and their lowered squared norms (n,); given scratch, in its buffers of this name."""
        scratch = scratch or Scratch()
        rows = scratch.float32(f"{name} rows", len(indices), self.X.shape[1])
        floors = scratch.float64(f"{name} floors", len(indices))
        self.gather(indices, rows, floors)
        return rows, floors

    def gather(self, indices: Int64Array, rows: Float32Array, floors: Float64Array) -> None:
        """Write the centred rows (n, D) and their squared norms, lowered by the rounding share (n,)."""
        gather_centred(self.X, indices, self.origin, 1.0 - self.share, rows, floors)


def read_only(X: Embeddings) -> Embeddings:
    """A plain read-only view, so that arrays and memory maps compile to one kernel."""
    view = np.asarray(X).view()
    view.flags.writeable = False
    return view


def rounding_share(dimensions: int) -> float:
    """What rounding can take off ``|x|^2 + |c|^2 - 2 x.c`` in float32, as a share of ``|x|^2 + |c|^2``.

    With the unit u = 2^-24: a dot product of D terms errs by at most D u |x| |c| in any order of summation (Higham,
    Accuracy and Stability of Numerical Algorithms, 3.1), twice that is at most D u (|x|^2 + |c|^2); subtracting the
    origin, storing norms and the last subtraction add less than 8 u. Rows too large for float32 products have NaN as
    their floor, so callers write "not ruled out" as ``not (bound >= limit)``.
    """
    return (dimensions + dimensions / LANES + 10) * 2.0**-24 * 1.01


@numba.njit(cache=True, nogil=True)
def squared_distance(a: FloatArray, b: FloatArray, sums: Float64Array) -> float:
    """Squared Euclidean distance of rows (D,) in float64, summed in one order always; `sums` (LANES,) is scratch."""
    dimensions = a.shape[0]
    whole = dimensions - dimensions % LANES
    # One sum would make each addition wait for the one before. The lanes are ours and not the compiler's (fastmath),
    # which would choose another order on another machine.
    for lane in range(LANES):
        sums[lane] = 0.0
    for start in range(0, whole, LANES):
        for lane in range(LANES):
            difference = np.float64(a[start + lane]) - np.float64(b[start + lane])
            sums[lane] += difference * difference
    # What fills no whole row of lanes goes to the first ones.
    for column in range(whole, dimensions):
        difference = np.float64(a[column]) - np.float64(b[column])
        sums[column - whole] += difference * difference
    # Halves onto halves: one order, and log2(LANES) roundings instead of LANES.
    width = LANES // 2
    while width > 0:
        for lane in range(width):
            sums[lane] += sums[lane + width]
        width //= 2
    return sums[0]


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def dot(a: Float32Array, b: Float32Array) -> np.float32:
    """Dot product in float32, summed in any order: as good as a matrix product's, and used for bounds only."""
    total = np.float32(0.0)
    for column in range(a.shape[0]):
        total += a[column] * b[column]
    return total


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def rough_squared_distance(a: Float32Array, b: Float32Array) -> np.float32:
    """Squared distance in float32, summed in any order: for guesses only."""
    total = np.float32(0.0)
    for column in range(a.shape[0]):
        difference = a[column] - b[column]
        total += difference * difference
    return total


@numba.njit(cache=True, nogil=True)
def squared_distances_to(X: Embeddings, indices: Int64Array, point: Float64Array) -> Float64Array:
    """(n,) exact squared distances of some rows to one point."""
    sums = np.empty(LANES)
    result = np.empty(len(indices))
    for position in range(len(indices)):
        result[position] = squared_distance(X[indices[position]], point, sums)
    return result


@numba.njit(cache=True, nogil=True)
def squared_distances_of_pairs(X: Embeddings, first: Int64Array, second: Int64Array) -> Float64Array:
    """(n,) exact squared distances of pairs of rows."""
    sums = np.empty(LANES)
    result = np.empty(len(first))
    for position in range(len(first)):
        result[position] = squared_distance(X[first[position]], X[second[position]], sums)
    return result


@numba.njit(cache=True, nogil=True)
def column_means(X: Embeddings) -> Float64Array:
    """(D,) mean of the rows in float64; zeros for no rows."""
    count, dimensions = X.shape
    total = np.zeros(dimensions)
    part = np.empty(dimensions)
    for start in range(0, count, ROW_BLOCK):
        part[:] = 0.0
        for row in range(start, min(start + ROW_BLOCK, count)):
            for column in range(dimensions):
                part[column] += X[row, column]
        total += part
    return total / max(count, 1)


@numba.njit(cache=True, nogil=True)
def gather_centred(
    X: Embeddings,
    indices: Int64Array,
    origin: Float32Array,
    factor: float,
    rows: Float32Array,
    floors: Float64Array,
) -> None:
    """Copy rows less the origin, and their squared norms times a factor."""
    sums = np.empty(LANES, dtype=np.float32)
    for position in range(len(indices)):
        floors[position] = centre(X[indices[position]], origin, factor, rows[position], sums)


@numba.njit(cache=True, nogil=True)
def centre(values: Float32Array, origin: Float32Array, factor: float, row: Float32Array, sums: Float32Array) -> float:
    """Write a row less the origin (D,), and return its squared norm times a factor; NaN where products may overflow.

    `factor` lowers the norm by the rounding share; `sums` are (LANES,) float32 scratch.
    """
    dimensions = len(values)
    whole = dimensions - dimensions % LANES
    # In float32, as the products it is compared with: the norm serves bounds only, and the share covers its rounding.
    for lane in range(LANES):
        sums[lane] = 0.0
    for start in range(0, whole, LANES):
        for lane in range(LANES):
            value = values[start + lane] - origin[start + lane]
            row[start + lane] = value
            sums[lane] += value * value
    total = 0.0
    for column in range(whole, dimensions):
        value = values[column] - origin[column]
        row[column] = value
        total += np.float64(value) * np.float64(value)
    for lane in range(LANES):
        total += sums[lane]
    return total * factor if total < LARGEST_SQUARE else np.nan
