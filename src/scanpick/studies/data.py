"""Which frames a study is about: one or several data sets, their split, and what is labelled at first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from scanpick.datasets import Dataset
from scanpick.errors import ScanpickError
from scanpick.studies.checked import Checked
from scanpick.workspace.source import DatasetSource, SourcePart, find_source, join_sources


class DataConfig(Checked):
    """One data set of a study.

    Attributes:
        source: What `open_dataset` takes: ``simulated:drives``, ``kitti-object:FOLDER``, a folder.
        options: Options of the data set.
        prefix: Put before its frame ids, with a slash; needed where two data sets have the same ids.
        drives: New names of sequences, where another data set of the study calls the same drive otherwise.
        optional: Leave it out where it is not there, instead of an error.
    """

    source: str
    options: dict[str, Any] = Field(default_factory=dict)
    prefix: str = ""
    drives: dict[str, str] = Field(default_factory=dict)
    optional: bool = False


class MetadataSplit(Checked):
    """The data set says which frames are which, in a metadata column.

    Attributes:
        column: The column.
        pool: Its value in frames that may be labelled.
        evaluation: Its value in frames that are evaluated; several are sets that every training is evaluated on
            apart.
    """

    by: Literal["metadata"]
    column: str = "split"
    pool: str = "pool"
    evaluation: tuple[str, ...] = Field(default=("evaluation",), min_length=1)

    @field_validator("evaluation", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _sets_differ(self) -> MetadataSplit:
        if len(set(self.evaluation)) < len(self.evaluation) or self.pool in self.evaluation:
            raise ValueError(
                f"expected a pool and evaluation sets of different names, got {self.pool} and {list(self.evaluation)}"
            )
        return self


class FilesSplit(Checked):
    """Two lists of frame ids. A drive may be on both sides only where that is asked for."""

    by: Literal["files"]
    pool: Path
    evaluation: Path
    allow_shared_drives: bool = False


class OfficialSplit(Checked):
    """KITTI's published lists, ``ImageSets/train.txt`` and ``val.txt``, whose frames share drives."""

    by: Literal["official"]
    pool: str = "train"
    evaluation: str = "val"


class FoldSplit(Checked):
    """k folds of whole drives, of about as many frames each: all together evaluate every drive once.

    Attributes:
        folds: k.
        seed: Of the order in which drives of the same size are dealt out.
        take: Only the first so many folds, where all of them take too long: then some drives are never evaluated.
    """

    by: Literal["drives"]
    folds: int = Field(ge=2)
    seed: int = Field(default=0, ge=0)
    take: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _no_more_than_there_are(self) -> FoldSplit:
        if self.take is not None and self.take > self.folds:
            raise ValueError(f"expected to take 1 to {self.folds} folds, got {self.take}")
        return self


SplitConfig = Annotated[MetadataSplit | FilesSplit | OfficialSplit | FoldSplit, Field(discriminator="by")]


class StartConfig(Checked):
    """The frames that are labelled before anything is selected: a number or share at random, or a given list."""

    frames: int | None = Field(default=None, ge=1)
    share: float | None = Field(default=None, gt=0, le=1)
    file: Path | None = None

    @model_validator(mode="after")
    def _one_of(self) -> StartConfig:
        given = [name for name in ("frames", "share", "file") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected one of frames, share and file, got {' and '.join(given) or 'none'}")
        return self

    def count(self, pool: int) -> int:
        """How many of a pool's frames."""
        return self.frames if self.frames is not None else max(1, round((self.share or 0) * pool))


def open_data(configs: Sequence[DataConfig]) -> tuple[DatasetSource, Dataset]:
    """Open the data sets of a study, as one.

    Raises:
        ScanpickError: One cannot be opened and is not optional, none is left, or they do not go together.
    """
    parts = []
    for config in configs:
        try:
            source, dataset = find_source(config.source, config.options)
        except ScanpickError:
            if not config.optional:
                raise
            continue
        parts.append((SourcePart(source, config.prefix, config.drives), dataset))
    if not parts:
        raise ScanpickError(f"None of the study's data sets is there: {', '.join(one.source for one in configs)}.")
    return join_sources(parts)
