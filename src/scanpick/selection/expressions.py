"""Expressions over the columns of a pool, such as ``weather == 'rain' and speed_mps > 3``. Never evaluated as Python.

The text is parsed to a syntax tree, of which only these parts are accepted: comparisons (also chained), ``in`` a list,
``and`` ``or`` ``not``, ``+ - * / %`` on numbers, numbers, texts, ``True`` ``False``, names of columns and the functions
below. Everything works on whole columns with numpy.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpick.arrays import BoolArray
from scanpick.errors import ScanpickError, unknown_name
from scanpick.selection.pool import Pool

Column = NDArray[Any]

_LONGEST = 4000
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.divide,
    ast.Mod: np.mod,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": lambda number: np.abs(_numbers(number, "abs")),
    "missing": lambda column: np.isnan(column) if column.dtype.kind == "f" else _texts(column, "missing") == "",
    "contains": lambda text, part: np.char.find(_texts(text, "contains"), _texts(part, "contains")) >= 0,
    "startswith": lambda text, part: np.char.startswith(_texts(text, "startswith"), _texts(part, "startswith")),
    "endswith": lambda text, part: np.char.endswith(_texts(text, "endswith"), _texts(part, "endswith")),
}
_ARGUMENTS = {"abs": 1, "missing": 1, "contains": 2, "startswith": 2, "endswith": 2}


def evaluate(expression: str, pool: Pool) -> Column:
    """The (N,) column that an expression comes to.

    Names are metadata columns, scores, ``frame_id``, ``sequence``, ``time_s``, ``expected_boxes`` and the counts of
    classes as ``count_NAME``. A comparison with NaN is false.

    Raises:
        ScanpickError: It cannot be read, uses something that is not offered, or names an unknown column.
    """
    if len(expression) > _LONGEST:
        raise ScanpickError(f"Expression: expected at most {_LONGEST} letters, got {len(expression)}.")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
        value = _Evaluation(expression, columns_of(pool)).value(tree.body)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ScanpickError(
            f"Cannot read the expression '{expression}': {getattr(error, 'msg', error)}. "
            f"Expected something like: weather == 'rain' and speed_mps > 3"
        ) from None
    return np.broadcast_to(value, (len(pool),))


def matching(expression: str, pool: Pool) -> BoolArray:
    """(N,) bool: the frames for which an expression holds.

    Raises:
        ScanpickError: As `evaluate`, or its values are not true or false.
    """
    values = evaluate(expression, pool)
    if values.dtype.kind != "b":
        raise ScanpickError(
            f"The expression '{expression}' gives {_kind(values)}, expected true or false. Compare it with something."
        )
    return values


def columns_of(pool: Pool) -> dict[str, Column]:
    """Every column that an expression may name."""
    columns: dict[str, Column] = {"frame_id": np.array(pool.frame_ids, dtype=np.str_)}
    optional = (("sequence", pool.sequences), ("time_s", pool.times_s), ("expected_boxes", pool.expected_boxes))
    columns |= {name: column for name, column in optional if column is not None}
    columns |= {f"count_{name}": counts for name, counts in pool.class_counts.items()}
    return columns | dict(pool.scores) | dict(pool.metadata)


def value_text(value: Any) -> str:
    """One spelling for the value of a column and for the key of a file: 3, 3.0 and "3" are the same."""
    kind = np.asarray(value).dtype.kind
    if kind == "b":
        return str(bool(value)).lower()
    return f"{float(value):.10g}" if kind in "iuf" else str(value)


class _Evaluation:
    """Walks a syntax tree; what is not listed here is refused."""

    def __init__(self, text: str, columns: Mapping[str, Column]) -> None:
        self._text = text
        self._columns = columns

    def value(self, node: ast.expr) -> Column:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() as constant):
                return np.asarray(float(constant) if type(constant) is int else constant)
            case ast.Name(id=name):
                if name not in self._columns:
                    raise unknown_name(f"column in the expression '{self._text}':", name, self._columns)
                return self._columns[name]
            case ast.Compare(left=left, ops=operators, comparators=rights):
                return self._comparisons(left, operators, rights)
            case ast.BoolOp(op=op, values=parts):
                combine = np.logical_and if isinstance(op, ast.And) else np.logical_or
                result = self._truth(parts[0])
                for part in parts[1:]:
                    result = combine(result, self._truth(part))
                return result
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return np.logical_not(self._truth(operand))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -_numbers(self.value(operand), "-")
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                first, second = (_numbers(self.value(side), "arithmetic") for side in (left, right))
                with np.errstate(all="ignore"):  # x / 0 is infinite or NaN, and compares as such
                    return np.asarray(_ARITHMETIC[type(op)](first, second))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments)
            case ast.List() | ast.Tuple():
                raise ScanpickError(f"In '{self._text}': a list can only stand after 'in'.")
            case _:
                raise ScanpickError(
                    f"In the expression '{self._text}': '{ast.unparse(node)}' is not offered. Expected comparisons, "
                    f"in, and, or, not, + - * / %, numbers, texts, columns, and {', '.join(sorted(_FUNCTIONS))}."
                )

    def _comparisons(self, left: ast.expr, operators: list[ast.cmpop], rights: list[ast.expr]) -> Column:
        result: Column = np.asarray(True)
        for op, right in zip(operators, rights, strict=True):
            if isinstance(op, ast.In | ast.NotIn):
                found = self._is_in(self.value(left), right)
                result = result & (found if isinstance(op, ast.In) else ~found)
            elif type(op) in _COMPARISONS:
                first, second = self.value(left), self.value(right)
                if (first.dtype.kind == "U") != (second.dtype.kind == "U"):
                    raise ScanpickError(
                        f"In the expression '{self._text}': '{ast.unparse(left)}' is {_kind(first)} and "
                        f"'{ast.unparse(right)}' is {_kind(second)}; they cannot be compared."
                    )
                result = result & _COMPARISONS[type(op)](first, second)
            else:
                raise ScanpickError(f"In the expression '{self._text}': 'is' is not offered. Use == or !=.")
            left = right
        return np.asarray(result)

    def _is_in(self, column: Column, right: ast.expr) -> Column:
        if not isinstance(right, ast.List | ast.Tuple):
            raise ScanpickError(f"In '{self._text}': expected a list after 'in', such as ['rain', 'snow'].")
        result: Column = np.zeros(column.shape, dtype=bool)
        for item in right.elts:
            value = self.value(item)
            if (column.dtype.kind == "U") == (value.dtype.kind == "U"):
                result = result | (column == value)
        return result

    def _call(self, name: str, arguments: list[ast.expr]) -> Column:
        if name not in _FUNCTIONS:
            raise unknown_name(f"function in the expression '{self._text}':", name, _FUNCTIONS)
        if len(arguments) != _ARGUMENTS[name]:
            raise ScanpickError(f"In '{self._text}': {name} takes {_ARGUMENTS[name]} arguments, got {len(arguments)}.")
        return np.asarray(_FUNCTIONS[name](*(self.value(argument) for argument in arguments)))

    def _truth(self, node: ast.expr) -> Column:
        value = self.value(node)
        if value.dtype.kind != "b":
            raise ScanpickError(
                f"In the expression '{self._text}': '{ast.unparse(node)}' is {_kind(value)}, expected true or false."
            )
        return value


def _kind(column: Column) -> str:
    return {"U": "text", "b": "true or false"}.get(column.dtype.kind, "a number")


def _numbers(column: Column, where: str) -> Column:
    if column.dtype.kind not in "iuf":
        raise ScanpickError(f"Expression: {where} needs numbers, got {_kind(column)}.")
    return column.astype(np.float64)


def _texts(column: Column, where: str) -> Column:
    if column.dtype.kind != "U":
        raise ScanpickError(f"Expression: {where} needs text, got {_kind(column)}.")
    return column
