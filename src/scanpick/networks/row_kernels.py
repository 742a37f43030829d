"""Kernels for (R, C) rows on the CPU: batch norm with ReLU, with a maximum over runs of rows, and gathering.

They do in one pass over memory what torch does in several, and take the ragged neighbourhoods of points as they are.
Blocks of rows are spread over threads; sums are taken block by block and the blocks in order, so that the number of
threads changes nothing. `norm.py` and `gathering.py` wrap them for autograd.
"""

import threading
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import torch
from numba import njit, prange

from scanpick.arrays import Float64Array, FloatArray, Int64Array

IndexArray = np.ndarray[Any, np.dtype[np.int32]]

BLOCK, RUNS = 256, 16
"""Rows, and runs of rows, that one thread works on at a time: few enough to stay in the second-level cache."""

STRIP = 512
"""Numbers that one loop goes over. Rows are short, and a loop costs more to start than a short row takes: so whole rows
are strung together, with what holds for each channel repeated as often."""

LARGE = 2**16
"""Numbers in the largest array from which on a second thread is worth waking: it takes as long as these."""

_lock = threading.Lock()


def launch(kernel: Callable[..., None], *arrays: np.ndarray) -> None:
    """Run a kernel on as many threads as torch uses, on one where there is little to do.

    One at a time: numba's plain threading layer, all there is on some systems, aborts on a second caller.
    """
    with _lock:
        before = numba.get_num_threads()
        large = max(array.size for array in arrays) >= LARGE
        numba.set_num_threads(min(torch.get_num_threads(), before) if large else 1)
        try:
            kernel(*arrays)
        finally:
            numba.set_num_threads(before)


def on_cpu(tensor: torch.Tensor) -> bool:
    """Whether these kernels can work on a tensor."""
    return tensor.device.type == "cpu" and tensor.dtype in (torch.float32, torch.float64)


def blocks_of(count: int) -> int:
    """How many blocks `count` rows make."""
    return -(-count // BLOCK)


def merge_moments(partial: FloatArray, weights: FloatArray) -> tuple[Float64Array, Float64Array, float]:
    """(C,) mean, (C,) biased variance and total weight, from the means and sums of squares of blocks (Chan, 1979).

    Args:
        partial: (blocks, 2, C) mean and sum of squared differences from it in each block.
        weights: (blocks,) weight of each block.
    """
    total = float(weights.sum())
    means = partial[:, 0].astype(np.float64)
    mean = weights @ means / total
    squares = partial[:, 1].sum(axis=0, dtype=np.float64) + weights @ (means - mean) ** 2
    return mean, squares / total, total


# Rows in strips --------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _strung(channels: FloatArray) -> FloatArray:
    """(n, C) numbers of each channel, repeated for every row of a strip."""
    count = channels.shape[1]
    strung = np.empty((len(channels), max(1, STRIP // count) * count), channels.dtype)
    for begin in range(0, strung.shape[1], count):
        strung[:, begin : begin + count] = channels
    return strung


@njit(cache=True, nogil=True)
def _fold(strung: FloatArray, channels: FloatArray) -> None:
    """Sum what was gathered over a strip for each channel."""
    channels[:] = strung[: channels.size]
    for begin in range(channels.size, strung.size, channels.size):
        _add(strung[begin : begin + channels.size], channels)


@njit(cache=True, nogil=True)
def _add(values: FloatArray, sums: FloatArray) -> None:
    for c in range(values.size):
        sums[c] += values[c]


# Batch statistics ------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True, parallel=True)
def moments(z: FloatArray, repeats: FloatArray, partial: FloatArray, weights: FloatArray) -> None:
    """Mean and sum of squares of each block of rows; a row counts `repeats` times."""
    for block in prange(len(partial)):
        _moments_of_block(z, repeats, block * BLOCK, min((block + 1) * BLOCK, len(z)), partial, weights, block)


@njit(cache=True, nogil=True, parallel=True)
def moments_and_extremes(
    z: FloatArray,
    starts: Int64Array,
    repeats: FloatArray,
    signs: FloatArray,
    partial: FloatArray,
    weights: FloatArray,
    extremes: FloatArray,
    places: IndexArray,
) -> None:
    """As `moments`, a block being `RUNS` runs, and `extremes`, while the rows are in the cache."""
    for block in prange(len(partial)):
        first, last = block * RUNS, min((block + 1) * RUNS, len(starts) - 1)
        _moments_of_block(z, repeats, starts[first], starts[last], partial, weights, block)
        _extremes_of_runs(z, starts, signs, first, last, extremes, places)


@njit(cache=True, nogil=True, parallel=True)
def extremes(z: FloatArray, starts: Int64Array, signs: FloatArray, extremes: FloatArray, places: IndexArray) -> None:
    """Of each run of rows the greatest ``signs * z``, as z, and its row; 0 and -1 of a run without rows."""
    runs = len(starts) - 1
    for block in prange((runs + RUNS - 1) // RUNS):
        _extremes_of_runs(z, starts, signs, block * RUNS, min((block + 1) * RUNS, runs), extremes, places)


@njit(cache=True, nogil=True)
def _moments_of_block(
    z: FloatArray, repeats: FloatArray, start: int, stop: int, partial: FloatArray, weights: FloatArray, block: int
) -> None:
    # Two passes over rows that stay in the cache: in one, the difference of large sums would lose the variance.
    mean, squares = partial[block, 0], partial[block, 1]
    flat = z[start:stop].reshape(-1)
    sums = np.zeros(max(1, STRIP // mean.size) * mean.size, z.dtype)
    for begin in range(0, flat.size, sums.size):
        _add(flat[begin : begin + sums.size], sums)
    _fold(sums, mean)
    weight = z.dtype.type(stop - start)
    # Nearly all rows stand once: the others are added again, instead of a product for every row.
    for r in range(start, stop):
        if repeats[r] != 1:
            weight += repeats[r] - 1
            for c in range(mean.size):
                mean[c] += (repeats[r] - 1) * z[r, c]
    for c in range(mean.size):
        mean[c] /= weight
    centre = _strung(mean.reshape(1, -1))[0]
    sums[:] = 0
    for begin in range(0, flat.size, sums.size):
        values = flat[begin : begin + sums.size]
        for c in range(values.size):
            difference = values[c] - centre[c]
            sums[c] += difference * difference
    _fold(sums, squares)
    for r in range(start, stop):
        if repeats[r] != 1:
            for c in range(mean.size):
                difference = z[r, c] - mean[c]
                squares[c] += (repeats[r] - 1) * difference * difference
    weights[block] = weight


@njit(cache=True, nogil=True)
def _extremes_of_runs(
    z: FloatArray,
    starts: Int64Array,
    signs: FloatArray,
    first: int,
    last: int,
    extremes: FloatArray,
    places: IndexArray,
) -> None:
    for run in range(first, last):
        best, place = extremes[run], places[run]
        if starts[run] == starts[run + 1]:
            best[:], place[:] = 0, -1
            continue
        best[:] = z[starts[run]]
        place[:] = starts[run]
        for r in range(starts[run] + 1, starts[run + 1]):
            row, number = z[r], np.int32(r)
            # Both are always written: a branch for each channel would keep the loop from working on several at once.
            for c in range(row.size):
                greater = row[c] * signs[c] > best[c] * signs[c]
                place[c] = number if greater else place[c]
                best[c] = row[c] if greater else best[c]


@njit(cache=True, nogil=True)
def add_at_places(gradient: FloatArray, places: IndexArray, first: int, last: int, out: FloatArray) -> None:
    """Add the gradients of runs `first` to `last` to the rows that `extremes` found."""
    for run in range(first, last):
        for c in range(gradient.shape[1]):
            if places[run, c] >= 0:
                out[places[run, c], c] += gradient[run, c]


# Batch norm with ReLU --------------------------------------------------------------------------------------------
# `affine` is (3, C): the mean to take from rows, the scale and the shift. `pulls` is (2, C): mean and variance take
# ``pulls[0] + pulls[1] * (z - mean)`` from the gradient of each row. A value times 0 instead of 0: so NaN stays NaN and
# stops the training.


@njit(cache=True, nogil=True, parallel=True)
def norm_relu(z: FloatArray, affine: FloatArray, y: FloatArray) -> None:
    """``y = max((z - mean) * scale + shift, 0)``."""
    strung = _strung(affine)
    for block in prange((len(z) + BLOCK - 1) // BLOCK):
        start, stop = block * BLOCK, min((block + 1) * BLOCK, len(z))
        _norm_relu_of_block(z[start:stop].reshape(-1), strung, y[start:stop].reshape(-1))


@njit(cache=True, nogil=True)
def _norm_relu_of_block(z: FloatArray, affine: FloatArray, y: FloatArray) -> None:
    mean, scale, shift = affine[0], affine[1], affine[2]
    for begin in range(0, z.size, mean.size):
        values, out = z[begin : begin + mean.size], y[begin : begin + mean.size]
        for c in range(values.size):
            value = (values[c] - mean[c]) * scale[c] + shift[c]
            out[c] = value if value > 0 else value * 0


@njit(cache=True, nogil=True, parallel=True)
def norm_relu_sums(z: FloatArray, gradient: FloatArray, affine: FloatArray, partial: FloatArray) -> None:
    """(blocks, 2, C): sums of the gradient behind the ReLU, and of it times ``z - mean``."""
    strung = _strung(affine)
    for block in prange(len(partial)):
        start, stop = block * BLOCK, min((block + 1) * BLOCK, len(z))
        _sums_of_block(z[start:stop].reshape(-1), gradient[start:stop].reshape(-1), strung, partial[block])


@njit(cache=True, nogil=True)
def _sums_of_block(z: FloatArray, gradient: FloatArray, affine: FloatArray, out: FloatArray) -> None:
    mean, scale, shift = affine[0], affine[1], affine[2]
    sums, products = np.zeros_like(mean), np.zeros_like(mean)
    for begin in range(0, z.size, mean.size):
        values, behind = z[begin : begin + mean.size], gradient[begin : begin + mean.size]
        for c in range(values.size):
            centred = values[c] - mean[c]
            passed = behind[c] if centred * scale[c] + shift[c] > 0 else behind[c] * 0
            sums[c] += passed
            products[c] += passed * centred
    _fold(sums, out[0])
    _fold(products, out[1])


@njit(cache=True, nogil=True, parallel=True)
def norm_relu_gradient(
    z: FloatArray, gradient: FloatArray, repeats: FloatArray, affine: FloatArray, pulls: FloatArray, out: FloatArray
) -> None:
    """``scale * gradient behind the ReLU - repeats * (what mean and variance pull)``."""
    affines, pulled = _strung(affine), _strung(pulls)
    for block in prange((len(z) + BLOCK - 1) // BLOCK):
        start, stop = block * BLOCK, min((block + 1) * BLOCK, len(z))
        flat, behind, result = z[start:stop].reshape(-1), gradient[start:stop].reshape(-1), out[start:stop].reshape(-1)
        _gradient_of_block(flat, behind, affines, pulled, result)
        _pull_again(z, repeats, affine[0], pulls, start, stop, out)


@njit(cache=True, nogil=True)
def _gradient_of_block(
    z: FloatArray, gradient: FloatArray, affine: FloatArray, pulls: FloatArray, out: FloatArray
) -> None:
    mean, scale, shift, constant, slope = affine[0], affine[1], affine[2], pulls[0], pulls[1]
    for begin in range(0, z.size, mean.size):
        part = slice(begin, begin + mean.size)
        values, behind, result = z[part], gradient[part], out[part]
        for c in range(values.size):
            centred = values[c] - mean[c]
            passed = behind[c] if centred * scale[c] + shift[c] > 0 else behind[c] * 0
            result[c] = passed * scale[c] - (constant[c] + centred * slope[c])


@njit(cache=True, nogil=True)
def _pull_again(
    z: FloatArray, repeats: FloatArray, mean: FloatArray, pulls: FloatArray, start: int, stop: int, out: FloatArray
) -> None:
    """Take what mean and variance pull once more for every further time that a row stands."""
    for r in range(start, stop):
        if repeats[r] != 1:
            for c in range(mean.size):
                out[r, c] -= (repeats[r] - 1) * (pulls[0, c] + (z[r, c] - mean[c]) * pulls[1, c])


@njit(cache=True, nogil=True, parallel=True)
def max_gradient(
    z: FloatArray,
    starts: Int64Array,
    repeats: FloatArray,
    affine: FloatArray,
    pulls: FloatArray,
    gradient: FloatArray,
    places: IndexArray,
    out: FloatArray,
) -> None:
    """``- repeats * (what mean and variance pull)``, and the (runs, C) gradient added at `places`."""
    affines, pulled = _strung(affine), _strung(pulls)
    runs = len(starts) - 1
    for block in prange((runs + RUNS - 1) // RUNS):
        first, last = block * RUNS, min((block + 1) * RUNS, runs)
        start, stop = starts[first], starts[last]
        _pull_block(z[start:stop].reshape(-1), affines[0], pulled, out[start:stop].reshape(-1))
        _pull_again(z, repeats, affine[0], pulls, start, stop, out)
        add_at_places(gradient, places, first, last, out)


@njit(cache=True, nogil=True)
def _pull_block(z: FloatArray, mean: FloatArray, pulls: FloatArray, out: FloatArray) -> None:
    constant, slope = pulls[0], pulls[1]
    for begin in range(0, z.size, mean.size):
        values, result = z[begin : begin + mean.size], out[begin : begin + mean.size]
        for c in range(values.size):
            result[c] = -(constant[c] + (values[c] - mean[c]) * slope[c])


# Gathering the neighbours of centres -----------------------------------------------------------------------------


@njit(cache=True, nogil=True, parallel=True)
def gather_offsets(
    mapped: FloatArray,
    weight: FloatArray,
    points: FloatArray,
    centres: FloatArray,
    rows: IndexArray,
    starts: Int64Array,
    offsets: FloatArray,
    out: FloatArray,
) -> None:
    """``offset = points[row] - centre`` and ``mapped[row] + offset @ weight`` for each row of each centre.

    `weight` is (3, C).
    """
    runs = len(starts) - 1
    for block in prange((runs + RUNS - 1) // RUNS):
        for run in range(block * RUNS, min((block + 1) * RUNS, runs)):
            for r in range(starts[run], starts[run + 1]):
                offset, row = offsets[r], rows[r]
                for axis in range(3):
                    offset[axis] = points[row, axis] - centres[run, axis]
                _add_offset(mapped[row], weight, offset[0], offset[1], offset[2], out[r])


@njit(cache=True, nogil=True)
def _add_offset(mapped: FloatArray, weight: FloatArray, x: float, y: float, z: float, out: FloatArray) -> None:
    along_x, along_y, along_z = weight[0], weight[1], weight[2]
    for c in range(mapped.size):
        out[c] = mapped[c] + (x * along_x[c] + y * along_y[c] + z * along_z[c])


@njit(cache=True, nogil=True)
def rows_of_points(rows: IndexArray, count: int) -> tuple[IndexArray, Int64Array]:
    """Where each of `count` points stands in `rows`: the places point by point, rising, and where each point starts.

    With it, the gradient of gathering is gathered, too: each point sums up its own rows in order. Rows that several
    threads scattered would meet at a point in any order.
    """
    starts = np.zeros(count + 1, np.int64)
    for r in range(rows.size):
        starts[rows[r] + 1] += 1
    for point in range(count):
        starts[point + 1] += starts[point]
    upcoming = starts[:-1].copy()
    places = np.empty(rows.size, np.int32)
    for r in range(rows.size):
        places[upcoming[rows[r]]] = r
        upcoming[rows[r]] += 1
    return places, starts


@njit(cache=True, nogil=True, parallel=True)
def sum_runs(values: FloatArray, places: IndexArray, starts: Int64Array, sums: FloatArray) -> None:
    """Sum the rows of `values` at the `places` of each run, in order."""
    runs = len(starts) - 1
    for block in prange((runs + BLOCK - 1) // BLOCK):
        for run in range(block * BLOCK, min((block + 1) * BLOCK, runs)):
            sums[run] = 0
            for r in range(starts[run], starts[run + 1]):
                _add(values[places[r]], sums[run])
