"""Digests of the files that scanpick writes and reads back: a flipped bit is told, and not used.

A digest stands in the file itself, so that both are replaced at once and stay together when they are copied: as the
last entry of JSON, as a comment at the end of TOML, YAML and zip archives, in Parquet's metadata. CSV and lists have no
such place: their digest is beside, in ``.<name>.sha256``. A file without a digest (an older one, or somebody else's) is
read as it is; so is one whose digest was removed, which is how a change by hand is made on purpose.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from scanpick.errors import ScanpickError
from scanpick.files import write_bytes

ENTRY = "seal"
"""The name of the digest among the entries of a JSON object or of Parquet's metadata."""

BLANK = f"scanpick-sha256:{'0' * 64}"
"""What stands in place of the digest while the digest is computed."""

_SEAL = re.compile(rb"scanpick-sha256:[0-9a-f]{64}")


def sealed(content: bytes) -> bytes:
    """A content with its digest in place of the last `BLANK` in it."""
    start = content.rindex(BLANK.encode())
    return content[:start] + _seal_of(content) + content[start + len(BLANK) :]


def sealed_archive(archive: bytes) -> bytes:
    """A zip archive without a comment, such as ``.npz`` and torch's, with its digest as the comment.

    Readers need not look at the checksums in it, and torch does not.
    """
    # The length of the comment are the last two bytes of an archive without one.
    return sealed(archive[:-2] + len(BLANK).to_bytes(2, "little") + BLANK.encode())


def check_seal(content: bytes, where: str, again: str = "") -> None:
    """Compare a content with the digest in it, where there is one; `again` says how to have it written again.

    Raises:
        ScanpickError: They differ; `where` names the file.
    """
    found = list(_SEAL.finditer(content))
    if found:
        start, end = found[-1].span()
        if _seal_of(content[:start] + BLANK.encode() + content[end:]) != content[start:end]:
            raise ScanpickError(
                f"{where}: changed or damaged since scanpick wrote it: expected the content of the digest in it. "
                f"{again or 'Have it made again'}; where it was changed on purpose, remove the entry "
                f"'scanpick-sha256:...'."
            )


def write_beside(path: Path, content: bytes) -> None:
    """Write a file atomically, with its digest beside it.

    The digest before is kept as the second line: whenever a process is killed, the file fits one of both.
    """
    beside = _beside(path)
    before = _digests(beside)[:1]
    write_bytes(beside, "".join(f"{one}\n" for one in [_digest(content), *before]).encode())
    write_bytes(path, content)


def check_beside(path: Path, content: bytes) -> None:
    """Raise `ScanpickError` where the content of a file differs from the digest beside it."""
    beside = _beside(path)
    if (digests := _digests(beside)) and _digest(content) not in digests:
        raise ScanpickError(
            f"{path}: changed or damaged since scanpick wrote it: expected the content of the digest in {beside.name}. "
            f"Have it made again; where it was changed on purpose, remove {beside.name}."
        )


def _seal_of(content: bytes) -> bytes:
    return f"scanpick-sha256:{_digest(content)}".encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.sha256")


def _digests(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").split()
    except OSError:  # none, or a name so long that none can be
        return []
