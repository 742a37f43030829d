"""NumPy's files: arrays of numbers or text, read or refused in one sentence. Nothing in them is unpickled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from scanpick.errors import ScanpickError
from scanpick.files import check_regular
from scanpick.texts import parsing


def read_array(path: Path, *, mapped: bool = False) -> NDArray[Any]:
    """The array of a .npy file; a `mapped` one is left on disk, and read where it is used.

    Raises:
        ScanpickError: The file cannot be read, or is none.
    """
    check_regular(path)
    mode: Literal["r"] | None = "r" if mapped else None
    with parsing(str(path), "a .npy file of numbers or text"):
        try:
            array = np.load(path, mmap_mode=mode, allow_pickle=False)
        except ValueError as fault:
            if "object" in str(fault).lower():  # numpy's own words advise to unpickle
                raise ValueError(
                    "rows are Python objects, not numbers; often some are None, of frames that could not be embedded. "
                    "Leave these rows out, with their ids, and save the others with "
                    "np.save('FILE.npy', np.stack(rows).astype('float32'))"
                ) from fault
            raise
    if not isinstance(array, np.ndarray):
        raise ScanpickError(f"{path}: expected a .npy file with one array, got several arrays.")
    return array


def read_arrays(path: Path, names: Sequence[str]) -> list[NDArray[Any]]:
    """These arrays of a .npz file.

    Raises:
        ScanpickError: The file cannot be read, is none, or lacks an array.
    """
    check_regular(path)
    expected = f"a .npz file with the arrays {', '.join(names)}"
    with parsing(str(path), expected), np.load(path, allow_pickle=False) as file:
        return [np.asarray(file[name]) for name in names]
