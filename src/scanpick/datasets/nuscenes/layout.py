"""Where nuScenes' tables and those of its relatives lie, and what their file names are relative to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scanpick.datasets.listed import natural_key

NUSCENES, T4, LYFT = "nuScenes", "T4", "Lyft Level 5"
_SIGN = "sample_data.json"


@dataclass(frozen=True)
class TableFolder:
    """A folder of tables.

    Attributes:
        tables: The folder of ``sample_data.json`` and the others.
        root: What file names in the tables are relative to.
        kind: `NUSCENES`, `T4` or `LYFT`.
    """

    tables: Path
    root: Path
    kind: str

    @property
    def version(self) -> str:
        """What the option `version` calls it: ``v1.0-mini``; of T4 the name of the folder above ``annotation``."""
        return (self.root.absolute() if self.kind == T4 else self.tables.absolute()).name


def table_folders(folder: Path) -> list[TableFolder]:
    """The tables in a folder, in one of its sub-folders or below these; none where there are none.

    The folder may also be one of tables itself.
    """
    if (folder / _SIGN).is_file():
        return [_in_place(folder.absolute())]
    for above in ("", "*/", "*/*/"):
        found = sorted(set(_found(folder, above)), key=lambda one: natural_key(str(one.tables)))
        if found:
            return found
    return []


def _found(folder: Path, above: str) -> Iterator[TableFolder]:
    for pattern in ("v1.0*", "v1.0*/v1.0*", "annotation"):
        for sign in folder.glob(f"{above}{pattern}/{_SIGN}"):
            if not any(name.startswith(".") for name in sign.relative_to(folder).parts):
                yield _in_place(sign.parent)


def _in_place(tables: Path) -> TableFolder:
    if tables.name == "annotation":
        return TableFolder(tables, tables.parent, T4)
    kind = LYFT if tables.name.startswith("v1.01") else NUSCENES
    # Lyft's archives hold v1.01-train/v1.01-train beside v1.01-train/lidar; some lay lidar one higher.
    nested = tables.parent.name.startswith("v1.01") and not (tables.parent / "lidar").is_dir()
    return TableFolder(tables, tables.parent.parent if nested else tables.parent, kind)
