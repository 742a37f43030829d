"""One writer at a time in a workspace. Reading needs no lock, since files are replaced whole."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scanpick.errors import ScanpickError
from scanpick.files import remove_leftovers

_held: set[Path] = set()


@contextmanager
def write_lock(folder: Path) -> Iterator[None]:
    """Hold the workspace for writing; the system lets go of it when the process ends, however it ends.

    A process that holds it already may take it again. What killed processes left half written is removed.

    Raises:
        ScanpickError: Another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.resolve() / ".lock"
    if path in _held:
        yield
        return
    # Not removed afterwards: a process that waits with the removed file open would lock nothing.
    with path.open("a+b") as file:
        try:
            _lock(file.fileno())
        except OSError as error:
            raise ScanpickError(
                f"{folder}: another scanpick run is writing into this workspace. "
                f"Wait for it to end, or give this run a folder of its own."
            ) from error
        _held.add(path)
        try:
            remove_leftovers(folder)
            yield
        finally:
            _held.discard(path)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
