"""One writer at a time in a workspace. Reading needs no lock, since files are replaced whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from scanpick.errors import ScanpickError
from scanpick.files import remove_leftovers


@contextmanager
def write_lock(folder: Path) -> Iterator[None]:
    """Hold the workspace for writing; the system lets go of it when the process ends, however it ends.

    A process that holds it already may take it again. What killed processes left half written is removed.

    Raises:
        ScanpickError: Another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # One lock for a path and all threads, so that whoever holds it may take it again by any name of the folder.
    lock = FileLock(folder.resolve() / ".lock", blocking=False, thread_local=False, is_singleton=True)
    try:
        lock.acquire()
    except Timeout as error:
        raise ScanpickError(
            f"{folder}: another scanpick run is writing into this workspace. "
            f"Wait for it to end, or give this run a folder of its own."
        ) from error
    try:
        if lock.lock_counter == 1:
            remove_leftovers(folder)
        yield
    finally:
        lock.release()
