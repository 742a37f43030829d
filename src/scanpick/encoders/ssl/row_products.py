"""Products of rows and matrices, where each row of the result adds up products of a few rows that a table names.

It is the one thing that the scene network computes, as a convolution over cells that exist or as a plain linear layer:

    for u in range(len(table)):
        for k in range(len(weight)):
            if table[u, k] < len(rows):
                out[u] += rows[table[u, k]] @ weight[k]

`add_products` gathers nothing and multiplies nothing that is not there, half of the work at the finest level, in
which it differs from a matrix product of gathered rows. Eight numbers are worked on at a time: numba finds such
instructions by itself only in long loops, while rows are short here. So they are written out, as `_load`, `_splat`,
`_multiply_add` and `_store`; LLVM makes of them what the processor has. One thread, and always the same order of
summation: the same bits, however many threads there are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from scanpick.arrays import Float32Array, Int32Array

LANES = 8
"""Numbers that are worked on at a time: the width of AVX registers. Columns of `out` must be a multiple of it."""

_LLVM_LANES = ir.VectorType(ir.FloatType(), LANES)


class _Lanes(types.Type):
    """Numba's type of eight float32 in a register."""

    def __init__(self) -> None:
        super().__init__(name="scanpick_lanes")


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, numba_type: Any) -> None:
        super().__init__(manager, numba_type, _LLVM_LANES)


_lanes = _Lanes()


def _place(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [index])


@intrinsic
def _load(typing: Any, array: Any, index: Any) -> Any:
    """Eight numbers of a flat array, from `index` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature.args[0], *arguments)
        return builder.load(builder.bitcast(place, _LLVM_LANES.as_pointer()), align=4)

    return _lanes(array, types.intp), generate


@intrinsic
def _store(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write eight numbers into a flat array, from `index` on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _place(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], builder.bitcast(place, _LLVM_LANES.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, _lanes), generate


@intrinsic
def _splat(typing: Any, array: Any, index: Any) -> Any:
    """One number of a flat array, eight times."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = builder.load(_place(context, builder, signature.args[0], *arguments))
        nothing, first = ir.Constant(_LLVM_LANES, ir.Undefined), ir.Constant(ir.IntType(32), 0)
        every = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(builder.insert_element(nothing, number, first), nothing, every)

    return _lanes(array, types.intp), generate


@intrinsic
def _multiply_add(typing: Any, one: Any, other: Any, more: Any) -> Any:
    """One * other + more, rounded once where the processor can."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_LLVM_LANES, [_LLVM_LANES] * 3)
        return builder.call(
            cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{LANES}f32"), arguments
        )

    return _lanes(_lanes, _lanes, _lanes), generate


@njit(cache=True, nogil=True, error_model="numpy")
def add_products(rows: Float32Array, table: Int32Array, weight: Float32Array, out: Float32Array) -> None:
    """Add the products of rows to `out`.

    Args:
        rows: (V, at least C) C-contiguous; columns beyond C are not looked at.
        table: (U, K) rows of `rows`; V or more for none.
        weight: (K, C, O) C-contiguous, O a multiple of 8.
        out: (U + 1, O) C-contiguous. The last row is scratch.
    """
    stride, (taps, inputs, outputs) = rows.shape[1], weight.shape
    flat_rows, flat_weight, flat_out = rows.reshape(-1), weight.reshape(-1), out.reshape(-1)
    starts = np.empty(len(table) + 4, np.int64)
    ends = np.empty(len(table) + 4, np.int64)
    for k in range(taps):
        pairs = 0
        for u in range(len(table)):
            if table[u, k] < len(rows):
                starts[pairs], ends[pairs] = table[u, k] * stride, u * outputs
                pairs += 1
        # Four pairs are worked on together; the last ones are filled up with what ends in the scratch row.
        starts[pairs : pairs + 3], ends[pairs : pairs + 3] = 0, len(table) * outputs
        for first in range(0, pairs, 4):
            s, e, column = starts[first : first + 4], ends[first : first + 4], 0
            while column + 3 * LANES <= outputs:
                _add_24(flat_rows, flat_weight, flat_out, s, e, column, k * inputs * outputs, inputs, outputs)
                column += 3 * LANES
            while column < outputs:
                _add_8(flat_rows, flat_weight, flat_out, s, e, column, k * inputs * outputs, inputs, outputs)
                column += LANES


@njit(cache=True, nogil=True, error_model="numpy")
def _add_24(
    rows: Any, weight: Any, out: Any, starts: Any, ends: Any, column: int, matrix: int, inputs: int, outputs: int
) -> None:
    """24 columns of four products: 12 sums, 3 weights and a number of a row are the 16 registers that AVX has."""
    s0, s1, s2, s3 = starts[0], starts[1], starts[2], starts[3]
    e0, e1, e2, e3 = ends[0] + column, ends[1] + column, ends[2] + column, ends[3] + column
    a0, b0, c0 = _load(out, e0), _load(out, e0 + 8), _load(out, e0 + 16)
    a1, b1, c1 = _load(out, e1), _load(out, e1 + 8), _load(out, e1 + 16)
    a2, b2, c2 = _load(out, e2), _load(out, e2 + 8), _load(out, e2 + 16)
    a3, b3, c3 = _load(out, e3), _load(out, e3 + 8), _load(out, e3 + 16)
    for i in range(inputs):
        w = matrix + i * outputs + column
        a, b, c = _load(weight, w), _load(weight, w + 8), _load(weight, w + 16)
        x = _splat(rows, s0 + i)
        a0, b0, c0 = _multiply_add(x, a, a0), _multiply_add(x, b, b0), _multiply_add(x, c, c0)
        x = _splat(rows, s1 + i)
        a1, b1, c1 = _multiply_add(x, a, a1), _multiply_add(x, b, b1), _multiply_add(x, c, c1)
        x = _splat(rows, s2 + i)
        a2, b2, c2 = _multiply_add(x, a, a2), _multiply_add(x, b, b2), _multiply_add(x, c, c2)
        x = _splat(rows, s3 + i)
        a3, b3, c3 = _multiply_add(x, a, a3), _multiply_add(x, b, b3), _multiply_add(x, c, c3)
    # The scratch row may be among them several times, and each time last.
    _store(out, e0, a0), _store(out, e0 + 8, b0), _store(out, e0 + 16, c0)
    _store(out, e1, a1), _store(out, e1 + 8, b1), _store(out, e1 + 16, c1)
    _store(out, e2, a2), _store(out, e2 + 8, b2), _store(out, e2 + 16, c2)
    _store(out, e3, a3), _store(out, e3 + 8, b3), _store(out, e3 + 16, c3)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_8(
    rows: Any, weight: Any, out: Any, starts: Any, ends: Any, column: int, matrix: int, inputs: int, outputs: int
) -> None:
    """8 columns of four products."""
    s0, s1, s2, s3 = starts[0], starts[1], starts[2], starts[3]
    e0, e1, e2, e3 = ends[0] + column, ends[1] + column, ends[2] + column, ends[3] + column
    a0, a1, a2, a3 = _load(out, e0), _load(out, e1), _load(out, e2), _load(out, e3)
    for i in range(inputs):
        a = _load(weight, matrix + i * outputs + column)
        a0 = _multiply_add(_splat(rows, s0 + i), a, a0)
        a1 = _multiply_add(_splat(rows, s1 + i), a, a1)
        a2 = _multiply_add(_splat(rows, s2 + i), a, a2)
        a3 = _multiply_add(_splat(rows, s3 + i), a, a3)
    _store(out, e0, a0), _store(out, e1, a1), _store(out, e2, a2), _store(out, e3, a3)
