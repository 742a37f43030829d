"""Pickles of numbers, texts, lists, dicts and numpy arrays, read without running anything that is in them.

A pickle is a program. Here it can call nothing but the functions below, which take numbers apart in Python and numpy,
and make inert objects of pandas' tables. A name that is not known here is refused.
"""

from __future__ import annotations

import gzip
import io
import pickle
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from scanpick.errors import ScanpickError
from scanpick.files import read_bytes

MOST_BYTES = 1 << 31
_MOST_GROWTH_BYTES = 1 << 29
_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric", "numpy")
_PANDAS = {
    "pandas.core.frame": ("DataFrame",),
    "pandas.core.internals.managers": ("BlockManager",),
    "pandas.core.internals": ("BlockManager",),
    "pandas.core.indexes.base": ("_new_Index", "Index"),
    "pandas.core.indexes.range": ("RangeIndex",),
    "pandas.core.indexes.numeric": ("Int64Index",),
    "pandas._libs.internals": ("_unpickle_block",),
}


def read_plain_pickle(path: Path, error: type[ScanpickError] = ScanpickError) -> Any:
    """What a pickle holds, also of one packed by gzip (``.pkl.gz``); arrays as `StoredArray`.

    Raises:
        ScanpickError: `error`, where it is damaged, too large, or holds anything else.
    """
    content = read_bytes(path, most_bytes=MOST_BYTES, error=error)
    if content[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
                content = file.read(_MOST_GROWTH_BYTES + 1)
        except (OSError, EOFError, zlib.error) as fault:
            raise error(f"{path}: cannot be unpacked: {fault}.") from fault
        if len(content) > _MOST_GROWTH_BYTES:
            raise error(f"{path}: unpacks to more than {_MOST_GROWTH_BYTES} bytes.")
    try:
        return _PlainUnpickler(io.BytesIO(content)).load()
    except _RefusedError as fault:
        raise error(
            f"{path}: this pickle asks for {fault}, which could run code. Numbers, texts, lists, dicts, numpy "
            f"arrays and tables of pandas before 3 are read; write other things as Parquet, JSON or .npz."
        ) from fault
    except Exception as fault:  # a pickle is a program, which may fail in any way
        raise error(f"{path}: cannot be read as a pickle: {fault or type(fault).__name__}.") from fault


class StoredArray:
    """A numpy array of a pickle.

    Attributes:
        array: Its numbers, or plain values.
    """

    __slots__ = ("array",)

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, is_fortran, content = state
        if isinstance(content, list):  # of plain values, since a pickle holds no others here
            flat: NDArray[Any] = np.empty(len(content), dtype=object)
            for place, value in enumerate(content):
                flat[place] = value
            self.array = flat.reshape(shape, order="F" if is_fortran else "C")
        else:
            self.array = _array(content, dtype, shape, "F" if is_fortran else "C")


class StoredTable:
    """A table or a part of one that pandas wrote; `columns_of` takes it apart."""

    def __new__(cls, *args: Any) -> StoredTable:
        """Keep what it was to be made of, and make nothing."""
        made = super().__new__(cls)
        made.args, made.state = args, None
        return made

    args: tuple[Any, ...]
    state: Any

    def __setstate__(self, state: Any) -> None:
        self.state = state


def plain_array(value: Any) -> NDArray[Any]:
    """A stored array, or a list of numbers, as a numpy array."""
    return np.asarray(value.array if isinstance(value, StoredArray) else value)


def columns_of(table: Any, path: Path, error: type[ScanpickError] = ScanpickError) -> dict[str, NDArray[Any]]:
    """Name -> (N,) values of a table that pandas before 3 wrote.

    Raises:
        ScanpickError: `error`, where it is no such table.
    """
    try:
        state = table.state
        manager = state.get("_mgr", state.get("_data"))
        if manager.args:  # pandas 1.3 and later: (blocks, axes), blocks of (values, places, dimensions)
            blocks = [block.args[:2] for block in manager.args[0]]
            axes = manager.args[1]
        else:
            inside = manager.state[-1]["0.14.1"]
            blocks = [(block["values"], block["mgr_locs"]) for block in inside["blocks"]]
            axes = inside["axes"]
        names = [str(name) for name in plain_array(axes[0].args[1]["data"]).tolist()]
        found: dict[str, NDArray[Any]] = {}
        for values, places in blocks:
            rows = plain_array(values)
            at = range(len(names))[places] if isinstance(places, slice) else plain_array(places).tolist()
            found |= {names[place]: rows[row] for row, place in enumerate(at)}
        if len({len(column) for column in found.values()}) > 1:
            raise ValueError("columns of several lengths")
        return found
    except (AttributeError, LookupError, TypeError, ValueError) as fault:
        raise error(f"{path}: expected a table that pandas before 3 wrote, got another ({fault}).") from fault


class _RefusedError(Exception):
    """A pickle asks for what could run code."""


class _Only:
    """A function that a pickle may call, and not change."""

    __slots__ = ("_does",)

    def __init__(self, does: Callable[..., Any]) -> None:
        self._does = does

    def __call__(self, *args: Any) -> Any:
        return self._does(*args)

    def __setstate__(self, state: Any) -> None:
        raise _RefusedError("a changed function")


class _Dtype:
    """The kind of numbers in an array."""

    __slots__ = ("order", "text")

    def __init__(self, text: Any, align: Any = False, copy: Any = True) -> None:
        if not isinstance(text, str) or not (text == "O8" or text == "O" or text[0] in "biufUSMm"):
            raise _RefusedError(f"numbers of the kind {str(text)[:40]!r}")
        self.text = text
        self.order: Literal["<", ">"] = "<"

    def __setstate__(self, state: Any) -> None:
        if state[2] is not None or state[3] is not None:
            raise _RefusedError("an array of records")
        self.order = ">" if state[1] == ">" else "<"

    @property
    def dtype(self) -> np.dtype[Any]:
        if self.text.startswith("O"):
            raise _RefusedError("an array of objects")
        return np.dtype(self.text).newbyteorder(self.order)


def _array(content: Any, dtype: Any, shape: Any, order: Any = "C") -> NDArray[Any]:
    flat = np.frombuffer(bytes(content), dtype.dtype)
    return flat.reshape(shape, order=order)


def _scalar(dtype: Any, content: Any) -> Any:
    return np.frombuffer(content, dtype.dtype, 1)[0]


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any) -> StoredArray:
    return StoredArray(_array(content, dtype, shape, order))


def _encode(text: str, codec: str = "latin1") -> bytes:
    if codec != "latin1":
        raise _RefusedError(f"the codec {codec[:20]!r}")
    return text.encode(codec)


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "_reconstruct": lambda kind, shape, code: StoredArray(np.zeros(0)),
    "scalar": _scalar,
    "dtype": _Dtype,
    "_frombuffer": _from_buffer,
    "ndarray": lambda *args: StoredArray(np.zeros(0)),
}


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """What a pickle's name stands for."""
        if module in _NUMPY and name in _FUNCTIONS:
            return _Only(_FUNCTIONS[name])
        if (module, name) == ("_codecs", "encode"):
            return _Only(_encode)
        if module in ("builtins", "__builtin__") and name == "slice":
            return _Only(lambda *args: slice(*args))
        if name in _PANDAS.get(module, ()):
            return type(name, (StoredTable,), {})
        raise _RefusedError(f"{module[:60]}.{name[:60]}")
