"""Files that are read if they are files, written whole or not at all, and fingerprints of what they hold."""

import errno
import hashlib
import os
import re
import secrets
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scanpick.errors import ScanpickError

_IN_PART = "only a part could be written; the disk may be full"

_unfinished: set[str] = set()


def read_bytes(
    path: Path, *, most_bytes: int | None = None, error: Callable[[str], ScanpickError] = ScanpickError
) -> bytes:
    """The content of a regular file. A pipe is refused, not waited for; so is a device.

    Args:
        path: The file; a link to one is followed.
        most_bytes: A larger file is refused before memory is taken.
        error: Makes the error; `FrameError` where only one frame is lost.

    Raises:
        ScanpickError: It cannot be read, is no regular file, or is too large.
    """
    try:
        # Without waiting: opening a pipe that nobody writes to would never end.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise error(_not_regular(path, status.st_mode))
            if most_bytes is not None and status.st_size > most_bytes:
                raise error(f"{path}: {status.st_size} bytes; expected at most {most_bytes}.")
            return file.read()
    except OSError as fault:
        raise error(f"{path}: cannot be read: {fault.strerror or fault}.") from fault
    except ValueError as fault:  # a name with a zero byte
        raise error(f"{str(path)!r}: cannot be read: {fault}.") from fault


def check_regular(path: Path) -> None:
    """Raise `ScanpickError` where a library that opens files by name would wait for one, or not find it."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as fault:
        raise ScanpickError(f"{path}: cannot be read: {getattr(fault, 'strerror', None) or fault}.") from fault
    if not stat.S_ISREG(mode):
        raise ScanpickError(_not_regular(path, mode))


def place_below(folder: Path, place: str) -> Path:
    """The path of a file to be written below a folder ("training/calib/000001.txt"), through real folders only.

    Through a link below `folder`, files of somebody else would be replaced. `folder` itself may be a link.

    Raises:
        ScanpickError: A folder on the way is a link or no folder, or the place is no relative path downwards.
    """
    *above, name = place.split("/")
    if {"", ".", ".."} & {*above, name}:
        raise ScanpickError(f"{folder}: cannot write to {place!r} in it: expected names of folders and of a file.")
    for part in above:
        folder = folder / part
        if folder.is_symlink():
            raise ScanpickError(
                f"{folder} is a link to {folder.resolve()}, whose files would be replaced. Remove the link, or give "
                f"another folder to write into."
            )
        if folder.exists() and not folder.is_dir():
            raise ScanpickError(f"{folder}: expected a folder to write into, got something else.")
    return folder / name


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    r"""Give a temporary path beside `path`, renamed to it when the block ends well and removed when it does not.

    A reader never sees half a file, and a killed writer leaves the old one in place.

    Example:
        >>> with atomic_path(Path("picks.csv")) as temporary:  # doctest: +SKIP
        ...     temporary.write_text("rank,frame_id\n")
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix is kept, since numpy and matplotlib choose or append formats by it; of a long name a part will do.
    suffix = path.suffix if len(path.suffix) < _LONG else ""
    prefix = f".{path.stem[:_LONG]}-{os.getpid()}-"
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=f".tmp{suffix}", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    _unfinished.add(os.path.abspath(name))
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        temporary.replace(path)
    except (OSError, RuntimeError) as fault:
        raise _of_path(fault, temporary, path) from fault
    finally:
        temporary.unlink(missing_ok=True)
        _unfinished.discard(os.path.abspath(name))


def remove_unfinished() -> None:
    """Remove what `atomic_path` has begun and not ended; for a process that ends in the midst of it."""
    for temporary in list(_unfinished):
        Path(temporary).unlink(missing_ok=True)


def remove_leftovers(folder: Path, depth: int = 3) -> None:
    """Remove the temporary files of processes that were killed while they wrote into a folder or what is in it."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found = _TEMPORARY.fullmatch(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    if depth:
                        remove_leftovers(Path(entry.path), depth - 1)
                elif found and os.path.abspath(entry.path) not in _unfinished and not _is_alive(found["process"]):
                    os.unlink(entry.path)
    except OSError:  # not ours to read or to remove from
        return


def write_link(path: Path, target: Path) -> None:
    """Make `path` a link to a file, atomically, in place of what was there; an `OSError` where there are no links."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not through atomic_path, which would set the mode of what the link leads to.
    temporary = path.with_name(f".{path.name[:_LONG]}-{secrets.token_hex(4)}.tmp")
    try:
        temporary.symlink_to(os.path.abspath(target))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def is_read_only(folder: Path) -> bool:
    """Whether nothing can, or is meant to, be written into a folder: root can write where the mode says not to."""
    return not os.access(folder, os.W_OK) or not folder.stat().st_mode & 0o222


def without_places(values: Any) -> Any:
    """What a file that is handed on says of where data lay: of each whole path, also behind a kind, the last part.

    Example:
        >>> without_places({"data": ["folder:/home/me/drives", "simulated:demo"], "seed": 0})
        {'data': ['folder:drives', 'simulated:demo'], 'seed': 0}
    """
    if isinstance(values, Mapping):
        return {name: without_places(value) for name, value in values.items()}
    if isinstance(values, list | tuple):
        return [without_places(value) for value in values]
    if not isinstance(values, str):
        return values
    kind, colon, place = values.rpartition(":")
    return f"{kind}{colon}{Path(place).name}" if Path(place).is_absolute() else values


def sha256_of_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_text(text: str) -> str:
    """Hex SHA-256 of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


_LONG = 20
"""Letters of a name that a temporary name keeps: in UTF-8 no more than 80 of the 255 bytes that a name may have."""
_TEMPORARY = re.compile(r"\..*?-((?P<process>\d+)-)?[a-z0-9_]{8}\.tmp(\.[^.]*)?", re.DOTALL)


def _is_alive(process: str | None) -> bool:
    """Whether another process of this number runs; where the system cannot be asked, one might."""
    if process is None or int(process) == os.getpid():
        return False
    if sys.platform == "win32":
        return True
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass  # another user's
    return True


def _of_path(fault: OSError | RuntimeError, temporary: Path, path: Path) -> Exception:
    """The fault of writing `path`, by its name; a fault of something else as it is.

    Most libraries say neither which file it was nor, some, that the disk is full.
    """
    if isinstance(fault, RuntimeError):
        if not any(word in str(fault) for word in ("PytorchStreamWriter", "unexpected pos")):
            return fault
        return OSError(errno.EIO, _IN_PART, str(path))
    if fault.filename not in (None, str(temporary)):
        return fault
    if fault.errno is None:  # numpy: "98304 requested and 24576 written"
        return OSError(errno.EIO, f"{_IN_PART} ({fault})", str(path))
    return OSError(fault.errno, os.strerror(fault.errno), str(path))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _not_regular(path: Path, mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return f"{path}: expected a file, got {kinds.get(stat.S_IFMT(mode), 'a device')}."
