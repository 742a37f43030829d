"""The folder on disk: where things are, and reading them with a check that they are whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from scanpick.datasets import Dataset
from scanpick.errors import ScanpickError, call, unknown_name
from scanpick.files import is_read_only, sha256_of_file
from scanpick.formats.predictions import read_predictions
from scanpick.structures import Detections, EmbeddingTable
from scanpick.workspace.changes import Changes
from scanpick.workspace.embedding_files import StoredEmbedding, read_embedding, remove_unfinished
from scanpick.workspace.frame_table import FrameTable, read_frame_table
from scanpick.workspace.lock import write_lock
from scanpick.workspace.manifest import Manifest, read_manifest, write_manifest
from scanpick.workspace.source import open_source

Value = TypeVar("Value")

MANIFEST = "scanpick.toml"
"""The file that makes a folder a workspace."""

_LONGEST_NAME = 200
"""Bytes of a name, which files have with their endings; file systems take 255."""


@dataclass(frozen=True)
class Workspace:
    """A folder that holds the steps of a job; see docs/architecture.md for what is in it.

    What was read is kept, and read again only where its files were replaced since: one job asks for the same settings
    and frames again and again, and building 100,000 records takes seconds.

    Attributes:
        path: The folder.

    Example:
        >>> workspace = Workspace.open(Path("my-pool"))  # doctest: +SKIP
        >>> workspace.frames().usable.sum(), workspace.embedding("scan_context").values.shape  # doctest: +SKIP
        (91, (91, 1260))
    """

    path: Path
    _kept: dict[str, tuple[Any, Any]] = field(default_factory=dict, init=False, compare=False)

    @classmethod
    def open(cls, path: Path) -> Workspace:
        """Open a workspace that was indexed.

        Raises:
            ScanpickError: The folder is none.
        """
        workspace = cls(path)
        if not workspace.manifest_path.is_file():
            raise ScanpickError(
                f"{path} is not a workspace: it has no {workspace.manifest_path.name}. "
                f"Make one with: {call('index', 'DATASET', out=path)}"
            )
        return workspace

    def __reduce__(self) -> Any:
        return type(self), (self.path,)  # to a worker process it goes without what was read

    def __repr__(self) -> str:
        try:
            frames = self.manifest().frames
        except ScanpickError:
            return f"Workspace('{self.path}')"
        held = f"embeddings {self.embedding_names()}, selections {self.selection_names()}"
        if self.prediction_names():
            held += f", predictions {self.prediction_names()}"
        return f"Workspace('{self.path}': {frames.usable} of {frames.count} frames usable, {held})"

    @property
    def manifest_path(self) -> Path:
        """``scanpick.toml``."""
        return self.path / MANIFEST

    @property
    def frames_path(self) -> Path:
        """``frames.parquet``."""
        return self.path / "frames.parquet"

    def embedding_folder(self, name: str) -> Path:
        """``embeddings/<name>``."""
        return self.path / "embeddings" / _checked("embedding", name)

    def selection_path(self, name: str) -> Path:
        """``selections/<name>.parquet``; the CSV is beside it."""
        return self.path / "selections" / f"{_checked('selection', name)}.parquet"

    def predictions_path(self, name: str) -> Path:
        """``predictions/<name>.parquet``."""
        return self.path / "predictions" / f"{_checked('predictions', name)}.parquet"

    @property
    def labels_path(self) -> Path:
        """``labels/labels.parquet``: the labels of the data set."""
        return self.path / "labels" / "labels.parquet"

    @property
    def rounds_path(self) -> Path:
        """``rounds.toml``: what happened round by round."""
        return self.path / "rounds.toml"

    def hand_off_path(self, number: int) -> Path:
        """``hand-offs/<number>.csv``: the annotation tool's name of each frame."""
        return self.path / "hand-offs" / f"{number:03d}.csv"

    def returned_path(self, number: int) -> Path:
        """``labels/<number>.parquet``: labels that came back."""
        return self.path / "labels" / f"{number:03d}.parquet"

    def detector_path(self, name: str) -> Path:
        """``detectors/<name>``: a detector that was trained on labels that came back."""
        return self.path / "detectors" / _checked("detector", name)

    def embedding_names(self) -> list[str]:
        """Names of the embeddings that are complete, sorted."""
        return sorted(path.parent.name for path in self.path.glob("embeddings/*/meta.json"))

    def selection_names(self) -> list[str]:
        """Names of the selections, sorted."""
        return self._tables("selections")

    def prediction_names(self) -> list[str]:
        """Names of the predictions, sorted."""
        return self._tables("predictions")

    def _tables(self, folder: str) -> list[str]:
        return sorted(path.stem for path in self.path.glob(f"{folder}/*.parquet") if not path.name.startswith("."))

    def manifest(self) -> Manifest:
        """What the workspace points at, and its settings."""
        path = self.manifest_path
        return self._once("manifest", _marks([path]), lambda: read_manifest(path))

    def write_manifest(self, manifest: Manifest) -> None:
        """Write ``scanpick.toml`` atomically."""
        write_manifest(self.manifest_path, manifest)
        self._kept["manifest"] = _marks([self.manifest_path]), manifest

    def frames(self) -> FrameTable:
        """The frames.

        Raises:
            ScanpickError: ``frames.parquet`` is missing, cut off or changed since it was written.
        """
        sha256 = self.manifest().frames.table_sha256
        return self._once("frames", (sha256, _marks([self.frames_path])), lambda: self._read_frames(sha256))

    def _read_frames(self, sha256: str) -> FrameTable:
        if not self.frames_path.is_file() or sha256_of_file(self.frames_path) != sha256:
            raise ScanpickError(
                f"{self.frames_path}: missing, cut off or changed since it was written. Run again: {self.index_again()}"
            )
        return read_frame_table(self.frames_path)

    def dataset(self) -> Dataset:
        """Open the data set that the workspace points at, to be read as it was when it was indexed.

        Raises:
            ScanpickError: It cannot be opened; where it is no longer there, how to name its new place.
        """
        source = self.manifest().dataset
        for place in source.places:
            if place.is_absolute() and not place.exists():
                raise ScanpickError(
                    f"{place}: the data set of {self.path} is no longer there. Where it has moved, name its new place: "
                    f"{call('index', 'NEW/PLACE', out=self.path, moved=True)}"
                )
        return self._once("dataset", source, lambda: open_source(source))

    def index_again(self, **how: Any) -> str:
        """How to have the index look at the data set again, for messages."""
        source = self.manifest().dataset
        return call("study", ...) if source.parts else call("index", source.specification, out=self.path, **how)

    def keep_dataset(self, dataset: Dataset) -> None:
        """Let `dataset` give this one, which is open already: the one that the manifest names."""
        self._kept["dataset"] = self.manifest().dataset, dataset

    @property
    def changes(self) -> Changes | None:
        """What the look at the data set that was made just now found new, changed and gone; None without one."""
        return self._kept["changes"][1] if "changes" in self._kept else None

    def keep_changes(self, changes: Changes) -> None:
        """Let `changes` tell it."""
        self._kept["changes"] = None, changes

    def embedding(self, name: str) -> EmbeddingTable:
        """An embedding, memory-mapped.

        Raises:
            ScanpickError: There is none of this name, or its files are damaged.
        """
        return self.stored_embedding(name).table

    def stored_embedding(self, name: str) -> StoredEmbedding:
        """The same with the digests of the points that the vectors were made from."""
        if name not in self.embedding_names():
            if not self.embedding_names():
                raise ScanpickError(
                    f"{self.path} has no embeddings yet. Make some with: {call('embed', self.path, encoder='NAME')}"
                )
            raise unknown_name("embedding", name, self.embedding_names())
        folder = self.embedding_folder(name)
        return self._once(f"embedding {name}", _marks(folder.iterdir()), lambda: read_embedding(folder))

    def predictions(self, name: str | None = None) -> tuple[Path, dict[str, Detections]]:
        """Predictions with their file; without a name, the only ones.

        Raises:
            ScanpickError: There are none of this name, several to choose from, or the file is damaged.
        """
        names = self.prediction_names()
        if not names:
            raise ScanpickError(
                f"{self.path} has no predictions yet. Make some with: {call('predict', self.path, weights='DETECTOR')}"
            )
        if name is None and len(names) > 1:
            raise ScanpickError(f"{self.path} has {len(names)} predictions: {', '.join(names)}. Name one.")
        name = names[0] if name is None else name
        if name not in names:
            raise unknown_name("predictions", name, names)
        path = self.predictions_path(name)
        return path, self._once(f"predictions {name}", _marks([path]), lambda: read_predictions(path))

    def whole_embedding(self, name: str) -> StoredEmbedding | None:
        """The embedding of this name; None where there is none, or its files are damaged."""
        try:
            return self.stored_embedding(name) if name in self.embedding_names() else None
        except ScanpickError:
            return None

    def record_step(self, step: str, settings: Mapping[str, Any]) -> None:
        """Write the resolved settings of a step into ``scanpick.toml``; it is the last one then."""
        manifest = self.manifest()
        steps = {name: value for name, value in manifest.steps.items() if name != step} | {step: settings}
        self.write_manifest(replace(manifest, steps=steps))

    @property
    def read_only(self) -> bool:
        """Whether nothing can, or is meant to, be written into the folder."""
        return is_read_only(self.path)

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        """Hold the workspace for writing; an error where another process does. What killed runs left is removed."""
        with write_lock(self.path):
            for folder in self.path.glob("embeddings/*"):
                remove_unfinished(folder)
            yield

    def _once(self, name: str, marks: Any, read: Callable[[], Value]) -> Value:
        """What `read` gives, read again only where the marks of its files are others than before."""
        if name not in self._kept or self._kept[name][0] != marks:
            self._kept[name] = marks, read()
        value: Value = self._kept[name][1]
        return value


def _marks(paths: Iterable[Path]) -> dict[str, tuple[int, int, int]]:
    """What tells that files were written again: they are replaced whole, so each is a file of its own."""
    found = {}
    for path in paths:
        if path.exists():
            status = path.stat()
            found[path.name] = status.st_ino, status.st_size, status.st_mtime_ns
    return found


def _checked(kind: str, name: str) -> str:
    """A name that is one plain file name, since it comes from the command line."""
    if not name or name.startswith(".") or Path(name).name != name or any(letter in name for letter in '\\/:*?"<>|\0'):
        raise ScanpickError(f"'{name}' cannot be the name of a {kind}: expected letters, digits, '-', '_' and '.'.")
    if len(name.encode(errors="replace")) > _LONGEST_NAME:
        raise ScanpickError(f"'{name[:40]}...' cannot be the name of a {kind}: expected at most {_LONGEST_NAME} bytes.")
    return name
