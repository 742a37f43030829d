"""Where the frames of a pool come from: a data set, or several as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scanpick.datasets import DATASETS, Dataset, open_dataset
from scanpick.datasets.dataset import licence
from scanpick.datasets.joined import JoinedDataset, Part


@dataclass(frozen=True)
class DatasetSource:
    """Where frames come from.

    Attributes:
        specification: What `scanpick.datasets.open_dataset` is given, with an absolute path.
        options: The options it is given.
        name: What the reader calls itself.
        description: The reader's line on what was found and how it was understood.
        reading: The options that the reader found itself (columns, scale of intensities), to open it so again.
        parts: The data sets that are joined in this one; None where it is a single one.
        licence: The terms of the data, where the reader knows them.
    """

    specification: str
    options: Mapping[str, Any]
    name: str
    description: str
    reading: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[SourcePart, ...] | None = None
    licence: str = ""

    @property
    def root(self) -> Path:
        """The folder that the specification names; a plain name where frames are simulated."""
        name = self.specification
        return Path(name if Path(name).is_absolute() else name.partition(":")[2])

    @property
    def place(self) -> Path:
        """The path in the specification; relative where frames are not in a folder."""
        name, _, argument = self.specification.partition(":")
        return Path(argument if name in DATASETS.names() else self.specification)

    @property
    def reader(self) -> DatasetSource:
        """The same without what may change from one look at the files to the next: equal readers, equal frames."""
        parts = None
        if self.parts is not None:
            parts = tuple(replace(part, source=part.source.reader) for part in self.parts)
        return replace(self, description="", parts=parts, licence="")

    @property
    def places(self) -> list[Path]:
        """The `place` of each data set that is read."""
        return [self.place] if self.parts is None else [part.source.place for part in self.parts]


@dataclass(frozen=True)
class SourcePart:
    """One of several data sets, see `scanpick.datasets.joined.Part`."""

    source: DatasetSource
    prefix: str = ""
    drives: Mapping[str, str] = field(default_factory=dict)


def find_source(specification: str, options: Mapping[str, Any]) -> tuple[DatasetSource, Dataset]:
    """Open a data set by an absolute path, so that a workspace can be used from anywhere.

    Raises:
        ScanpickError: It cannot be opened.
    """
    name, colon, argument = specification.partition(":")
    named = bool(colon) and name in DATASETS.names()
    location = Path(argument if named else specification).expanduser()
    if location.exists() and not named:
        specification = str(location.resolve())
    dataset = open_dataset(specification, **options)
    description, reading = dataset.description, getattr(dataset, "reading", None)
    found = {} if reading is None else dict(reading.options)
    # A folder may have the name of a simulated set: only where frames are files is the argument a path.
    if location.exists() and named and any(record.path is not None for record in dataset.records):
        absolute = f"{name}:{location.resolve()}"
        if absolute != specification:
            specification, dataset = absolute, open_dataset(absolute, **{**options, **found})
    return DatasetSource(
        specification, dict(options), dataset.name, description, found, licence=licence(dataset)
    ), dataset


def join_sources(parts: Sequence[tuple[SourcePart, Dataset]]) -> tuple[DatasetSource, Dataset]:
    """Several data sets as one; one that is alone and keeps its names is itself.

    Raises:
        ScanpickError: They do not go together, see `JoinedDataset`.
    """
    (first, dataset), *others = parts
    if not (others or first.prefix or first.drives):
        return first.source, dataset
    joined = JoinedDataset([Part(dataset, part.prefix, part.drives) for part, dataset in parts])
    sources = tuple(part for part, _ in parts)
    specification = " + ".join(part.source.specification for part in sources)
    return DatasetSource(specification, {}, joined.name, joined.description, parts=sources), joined


def open_source(source: DatasetSource) -> Dataset:
    """Open the data set again, to be read as it was.

    Raises:
        ScanpickError: It cannot be opened.
    """
    if source.parts is None:
        return open_dataset(source.specification, **{**source.options, **source.reading})
    return join_sources([(part, open_source(part.source)) for part in source.parts])[1]
