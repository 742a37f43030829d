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
    """What holds for each channel, repeated for every row of a strip."""
    strung = np.empty(max(1, STRIP // channels.size) * channels.size, channels.dtype)
    for begin in range(0, strung.size, channels.size):
        strung[begin : begin + channels.size] = channels
    return strung


@njit(cache=True, nogil=True)
def _fold(strung: FloatArray, channels: FloatArray) -> None:
    """Sum what was gathered over a strip for each channel."""
    channels[:] = strung[: channels.size]
    for begin in range(channels.size, strung.size, channels.size):
        _add(strung[begin : begin + channels.size], channels)


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
    """As `moments`, a block being `RUNS` runs; and of each run the greatest ``signs * z``, as z, and its row."""
    for block in prange(len(partial)):
        first, last = block * RUNS, min((block + 1) * RUNS, len(starts) - 1)
        _moments_of_block(z, repeats, starts[first], starts[last], partial, weights, block)
        _extremes_of_runs(z, starts, signs, first, last, extremes, places)


@njit(cache=True, nogil=True, parallel=True)
def extremes(z: FloatArray, starts: Int64Array, signs: FloatArray, extremes: FloatArray, places: IndexArray) -> None:
    """Of each run of rows the greatest ``signs * z``, as z, and its row."""
    runs = len(starts) - 1
    for block in prange((runs + RUNS - 1) // RUNS):
        _extremes_of_runs(z, starts, signs, block * RUNS, min((block + 1) * RUNS, runs), extremes, places)


@njit(cache=True, nogil=True)
def _moments_of_block(
    z: FloatArray, repeats: FloatArray, start: int, stop: int, partial: FloatArray, weights: FloatArray, block: int
) -> None:
    mean, squares = partial[block, 0], partial[block, 1]
    flat = z[start:stop].reshape(-1)
    sums = np.zeros(max(1, STRIP // mean.size) * mean.size, z.dtype)
    for begin in range(0, flat.size, sums.size):
        _add(flat[begin : begin + sums.size], sums)
    _fold(sums, mean)
    weight = z.dtype.type(stop - start)
    for r in range(start, stop):
        if repeats[r] != 1:
            weight += repeats[r] - 1
            _add_scaled(z[r], repeats[r] - 1, mean)
    for c in range(mean.size):
        mean[c] /= weight
    centre = _strung(mean)
    sums[:] = 0
    for begin in range(0, flat.size, sums.size):
        _add_squares(flat[begin : begin + sums.size], centre, sums)
    _fold(sums, squares)
    for r in range(start, stop):
        if repeats[r] != 1:
            _add_scaled_squares(z[r], mean, repeats[r] - 1, squares)
    weights[block] = weight


@njit(cache=True, nogil=True)
def _add(values: FloatArray, sums: FloatArray) -> None:
    for c in range(values.size):
        sums[c] += values[c]


@njit(cache=True, nogil=True)
def _add_scaled(values: FloatArray, factor: float, sums: FloatArray) -> None:
    for c in range(values.size):
        sums[c] += factor * values[c]


@njit(cache=True, nogil=True)
def _add_squares(values: FloatArray, centre: FloatArray, sums: FloatArray) -> None:
    for c in range(values.size):
        difference = values[c] - centre[c]
        sums[c] += difference * difference


@njit(cache=True, nogil=True)
def _add_scaled_squares(values: FloatArray, centre: FloatArray, factor: float, sums: FloatArray) -> None:
    for c in range(values.size):
        difference = values[c] - centre[c]
        sums[c] += factor * difference * difference


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
        best[:] = z[starts[run]]
        place[:] = starts[run]
        for r in range(starts[run] + 1, starts[run + 1]):
            _take_greater(z[r], signs, np.int32(r), best, place)


@njit(cache=True, nogil=True)
def _take_greater(row: FloatArray, signs: FloatArray, number: np.int32, best: FloatArray, place: IndexArray) -> None:
    for c in range(row.size):
        greater = row[c] * signs[c] > best[c] * signs[c]
        place[c] = number if greater else place[c]
        best[c] = row[c] if greater else best[c]


# Batch norm with ReLU --------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True, parallel=True)
def norm_relu(z: FloatArray, mean: FloatArray, scale: FloatArray, shift: FloatArray, y: FloatArray) -> None:
    """``y = max((z - mean) * scale + shift, 0)``."""
    means, scales, shifts = _strung(mean), _strung(scale), _strung(shift)
    for block in prange((len(z) + BLOCK - 1) // BLOCK):
        _norm_relu_of_block(z, means, scales, shifts, block * BLOCK, min((block + 1) * BLOCK, len(z)), y)


@njit(cache=True, nogil=True)
def _norm_relu_of_block(
    z: FloatArray, mean: FloatArray, scale: FloatArray, shift: FloatArray, start: int, stop: int, y: FloatArray
) -> None:
    flat, out = z[start:stop].reshape(-1), y[start:stop].reshape(-1)
    for begin in range(0, flat.size, mean.size):
        _norm_relu(flat[begin : begin + mean.size], mean, scale, shift, out[begin : begin + mean.size])


@njit(cache=True, nogil=True)
def _norm_relu(values: FloatArray, mean: FloatArray, scale: FloatArray, shift: FloatArray, out: FloatArray) -> None:
    for c in range(values.size):
        value = (values[c] - mean[c]) * scale[c] + shift[c]
        out[c] = value if value > 0 else value * 0


@njit(cache=True, nogil=True, parallel=True)
def norm_relu_sums(
    z: FloatArray, gradient: FloatArray, mean: FloatArray, scale: FloatArray, shift: FloatArray, partial: FloatArray
) -> None:
    """(blocks, 2, C): sums of the gradient behind the ReLU, and of it times ``z - mean``."""
    means, scales, shifts = _strung(mean), _strung(scale), _strung(shift)
    for block in prange(len(partial)):
        _sums_of_block(
            z, gradient, means, scales, shifts, block * BLOCK, min((block + 1) * BLOCK, len(z)), partial[block]
        )


@njit(cache=True, nogil=True)
def _sums_of_block(
    z: FloatArray,
    gradient: FloatArray,
    mean: FloatArray,
    scale: FloatArray,
    shift: FloatArray,
    start: int,
    stop: int,
    out: FloatArray,
) -> None:
    flat, pulls = z[start:stop].reshape(-1), gradient[start:stop].reshape(-1)
    sums, products = np.zeros_like(mean), np.zeros_like(mean)
    for begin in range(0, flat.size, mean.size):
        part = slice(begin, begin + mean.size)
        _add_behind_relu(flat[part], pulls[part], mean, scale, shift, sums, products)
    _fold(sums, out[0])
    _fold(products, out[1])


@njit(cache=True, nogil=True)
def _add_behind_relu(
    values: FloatArray,
    gradient: FloatArray,
    mean: FloatArray,
    scale: FloatArray,
    shift: FloatArray,
    sums: FloatArray,
    products: FloatArray,
) -> None:
    for c in range(values.size):
        centred = values[c] - mean[c]
        passed = gradient[c] if centred * scale[c] + shift[c] > 0 else gradient[c] * 0
        sums[c] += passed
        products[c] += passed * centred


@njit(cache=True, nogil=True, parallel=True)
def norm_relu_gradient(
    z: FloatArray,
    gradient: FloatArray,
    repeats: FloatArray,
    mean: FloatArray,
    scale: FloatArray,
    shift: FloatArray,
    constant: FloatArray,
    slope: FloatArray,
    out: FloatArray,
) -> None:
    """``scale * gradient behind the ReLU - repeats * (constant + slope * (z - mean))``."""
    means, scales, shifts = _strung(mean), _strung(scale), _strung(shift)
    constants, slopes = _strung(constant), _strung(slope)
    for block in prange((len(z) + BLOCK - 1) // BLOCK):
        start, stop = block * BLOCK, min((block + 1) * BLOCK, len(z))
        _gradient_of_block(z, gradient, means, scales, shifts, constants, slopes, start, stop, out)
        _pull_again(z, repeats, mean, constant, slope, start, stop, out)


@njit(cache=True, nogil=True)
def _gradient_of_block(
    z: FloatArray,
    gradient: FloatArray,
    mean: FloatArray,
    scale: FloatArray,
    shift: FloatArray,
    constant: FloatArray,
    slope: FloatArray,
    start: int,
    stop: int,
    out: FloatArray,
) -> None:
    flat, pulls, result = z[start:stop].reshape(-1), gradient[start:stop].reshape(-1), out[start:stop].reshape(-1)
    for begin in range(0, flat.size, mean.size):
        part = slice(begin, begin + mean.size)
        _gradient_of_strip(flat[part], pulls[part], mean, scale, shift, constant, slope, result[part])


@njit(cache=True, nogil=True)
def _gradient_of_strip(
    values: FloatArray,
    gradient: FloatArray,
    mean: FloatArray,
    scale: FloatArray,
    shift: FloatArray,
    constant: FloatArray,
    slope: FloatArray,
    out: FloatArray,
) -> None:
    for c in range(values.size):
        centred = values[c] - mean[c]
        passed = gradient[c] if centred * scale[c] + shift[c] > 0 else gradient[c] * 0
        out[c] = passed * scale[c] - (constant[c] + centred * slope[c])


@njit(cache=True, nogil=True)
def _pull_again(
    z: FloatArray,
    repeats: FloatArray,
    mean: FloatArray,
    constant: FloatArray,
    slope: FloatArray,
    start: int,
    stop: int,
    out: FloatArray,
) -> None:
    """Take what mean and variance pull once more for every further time that a row stands."""
    for r in range(start, stop):
        if repeats[r] != 1:
            _pull(z[r], mean, constant, slope, repeats[r] - 1, out[r])


@njit(cache=True, nogil=True)
def _pull(
    values: FloatArray, mean: FloatArray, constant: FloatArray, slope: FloatArray, factor: float, out: FloatArray
) -> None:
    for c in range(values.size):
        out[c] -= factor * (constant[c] + (values[c] - mean[c]) * slope[c])


@njit(cache=True, nogil=True, parallel=True)
def max_gradient(
    z: FloatArray,
    starts: Int64Array,
    repeats: FloatArray,
    mean: FloatArray,
    constant: FloatArray,
    slope: FloatArray,
    gradient: FloatArray,
    places: IndexArray,
    out: FloatArray,
) -> None:
    """``- repeats * (constant + slope * (z - mean))``, and the (runs, C) gradient added at `places`."""
    means, constants, slopes = _strung(mean), _strung(constant), _strung(slope)
    runs = len(starts) - 1
    for block in prange((runs + RUNS - 1) // RUNS):
        first, last = block * RUNS, min((block + 1) * RUNS, runs)
        _pull_block(z, means, constants, slopes, starts[first], starts[last], out)
        _pull_again(z, repeats, mean, constant, slope, starts[first], starts[last], out)
        _add_at_places(gradient, places, first, last, out)


@njit(cache=True, nogil=True)
def _pull_block(
    z: FloatArray, mean: FloatArray, constant: FloatArray, slope: FloatArray, start: int, stop: int, out: FloatArray
) -> None:
    flat, result = z[start:stop].reshape(-1), out[start:stop].reshape(-1)
    for begin in range(0, flat.size, mean.size):
        part = slice(begin, begin + mean.size)
        _pull_strip(flat[part], mean, constant, slope, result[part])


@njit(cache=True, nogil=True)
def _pull_strip(values: FloatArray, mean: FloatArray, constant: FloatArray, slope: FloatArray, out: FloatArray) -> None:
    for c in range(values.size):
        out[c] = -(constant[c] + (values[c] - mean[c]) * slope[c])


@njit(cache=True, nogil=True)
def _add_at_places(gradient: FloatArray, places: IndexArray, first: int, last: int, out: FloatArray) -> None:
    for run in range(first, last):
        for c in range(gradient.shape[1]):
            out[places[run, c], c] += gradient[run, c]


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
                row = rows[r]
                x, y, z = (
                    points[row, 0] - centres[run, 0],
                    points[row, 1] - centres[run, 1],
                    points[row, 2] - centres[run, 2],
                )
                offsets[r, 0], offsets[r, 1], offsets[r, 2] = x, y, z
                _add_offset(mapped[row], weight[0], weight[1], weight[2], x, y, z, out[r])


@njit(cache=True, nogil=True)
def _add_offset(
    mapped: FloatArray,
    along_x: FloatArray,
    along_y: FloatArray,
    along_z: FloatArray,
    x: float,
    y: float,
    z: float,
    out: FloatArray,
) -> None:
    for c in range(mapped.size):
        out[c] = mapped[c] + (x * along_x[c] + y * along_y[c] + z * along_z[c])


@njit(cache=True, nogil=True)
def rows_of_points(rows: IndexArray, count: int) -> tuple[IndexArray, Int64Array]:
    """Where each of `count` points stands in `rows`: the places point by point, rising, and where each point starts."""
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
        _sum_block(values, places, starts, block * BLOCK, min((block + 1) * BLOCK, runs), sums)


@njit(cache=True, nogil=True)
def _sum_block(
    values: FloatArray, places: IndexArray, starts: Int64Array, first: int, last: int, sums: FloatArray
) -> None:
    sums[first:last] = 0
    for run in range(first, last):
        for r in range(starts[run], starts[run + 1]):
            _add(values[places[r]], sums[run])
