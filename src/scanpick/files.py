"""Files that are read if they are files, written whole or not at all, and fingerprints of what they hold."""

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scanpick.errors import ScanpickError

_IN_PART = "only a part could be written; the disk may be full"

_unfinished: set[Path] = set()


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
                raise error(f"{path}: expected a file, got {_kind(status.st_mode)}.")
            if most_bytes is not None and status.st_size > most_bytes:
                raise error(f"{path}: {status.st_size} bytes; expected at most {most_bytes}.")
            return file.read()
    except OSError as fault:
        raise error(f"{path}: cannot be read: {fault.strerror or fault}.") from fault
    except ValueError as fault:  # a name with a zero byte
        raise error(f"{str(path)!r}: cannot be read: {fault}.") from fault


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    r"""Give a temporary path beside `path`, renamed to it when the block ends well and removed when it does not.

    A reader never sees half a file, and a killed writer leaves the old one in place.

    Example:
        >>> with atomic_path(Path("picks.csv")) as temporary:  # doctest: +SKIP
        ...     temporary.write_text("rank,frame_id\n")
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix is kept, since numpy and matplotlib choose or append formats by it.
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=f".tmp{path.suffix}", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    _unfinished.add(temporary)
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
        _unfinished.discard(temporary)


def remove_unfinished() -> None:
    """Remove what `atomic_path` has begun and not ended; for a process that ends in the midst of it."""
    for temporary in list(_unfinished):
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def sha256_of_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_text(text: str) -> str:
    """Hex SHA-256 of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


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


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
