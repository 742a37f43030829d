"""``scanpick.toml``: what a workspace points at, and the settings and versions it was made with."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from scanpick.errors import ScanpickError, call
from scanpick.formats.toml import format_toml
from scanpick.texts import parse_toml, parsing, read_sealed, write_sealed
from scanpick.workspace.source import DatasetSource

FORMAT = 1
"""Raised when a newer scanpick can no longer read the workspaces of an older one."""


@dataclass(frozen=True)
class FrameSummary:
    """What is in ``frames.parquet``.

    Attributes:
        count: Frames listed.
        usable: Frames that can be used; the others are set aside.
        data_sha256: Fingerprint of all ids and points.
        table_sha256: Fingerprint of the file, to notice damage.
    """

    count: int
    usable: int
    data_sha256: str
    table_sha256: str


@dataclass(frozen=True)
class Manifest:
    """The content of ``scanpick.toml``.

    Attributes:
        dataset: Where the frames come from.
        frames: What was found in them.
        steps: The resolved settings of each further step that was run ("pick", "export"), seeds included.
        versions: Package -> version that the frames were read with.
    """

    dataset: DatasetSource
    frames: FrameSummary
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def current_versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on: torch only where it is used."""
    packages = ["scanpick", "numpy", "numba", "pyarrow", "scipy", *({"torch"} & sys.modules.keys())]
    machine = f"{platform.system()} {platform.machine()}"
    return {"python": platform.python_version(), "platform": machine} | {name: version(name) for name in packages}


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write ``scanpick.toml`` atomically."""
    write_sealed(path, format_toml({"format": FORMAT, **asdict(manifest)}))


def read_manifest(path: Path) -> Manifest:
    """Read ``scanpick.toml``.

    Raises:
        ScanpickError: The file is missing, is no TOML, lacks an entry, or was changed since it was written.
    """
    document = parse_toml(read_sealed(path, f"Make it again with: {call('index', 'DATASET', out=...)}"), str(path))
    if document.get("format") != FORMAT:
        raise ScanpickError(
            f"{path}: expected a workspace of format {FORMAT}, got {document.get('format')!r}. "
            f"It was made by another version of scanpick; make it anew with: scanpick index."
        )
    with parsing(str(path), "the entries of a workspace"):
        manifest = Manifest(
            dataset=DatasetSource(**{"options": {}, **document["dataset"]}),
            frames=FrameSummary(**document["frames"]),
            steps=document.get("steps", {}),
            versions=document.get("versions", {}),
        )
        try:
            return TypeAdapter(Manifest).validate_python(asdict(manifest))
        except ValidationError as fault:
            first = fault.errors()[0]
            raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from fault
