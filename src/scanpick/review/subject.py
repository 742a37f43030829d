"""What the page is about: a workspace, or a data set that was not indexed. It reads; only decisions are written."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from scanpick.arrays import Embeddings, Float32Array, Int64Array
from scanpick.datasets import Dataset
from scanpick.datasets.dataset import ego_pose
from scanpick.errors import FrameError, ScanpickError, unknown_name
from scanpick.formats.selection_table import read_selection
from scanpick.review.clouds import boxes_of, cameras_of, packed_points
from scanpick.review.frames import FrameColumns, column_arrays
from scanpick.review.maps import PCA, ROUTE, UMAP, embedded_map, placed
from scanpick.selection.kernels.distances import read_only, squared_distances_to
from scanpick.structures import Camera, Detections, Selection
from scanpick.workspace import Workspace
from scanpick.workspace.selections import newest_selection

_KEPT_CLOUDS = 24
_FARTHEST_SWEEPS = 10


@dataclass(eq=False)
class Subject:
    """What the page shows, each part read when it is first asked for, and again where its file was replaced.

    Attributes:
        name: What the page is called.
        workspace: The workspace; None for a data set alone.
        given: The data set that was opened, where there is no workspace.
        tables: Name -> predictions that were given as a file.
        columns: Further columns by name, one value a frame.
    """

    name: str
    workspace: Workspace | None = None
    given: Dataset | None = None
    tables: dict[str, dict[str, Detections]] = field(default_factory=dict)
    columns: dict[str, pa.Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._opening = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._kept: dict[str, tuple[Any, Any]] = {}
        self._clouds: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def warm_up(self) -> None:
        """Load what the first frame needs, while the page itself is loaded: compiled code above all."""
        with suppress(ScanpickError, OSError):
            usable = np.flatnonzero(self.frames.usable)
            if len(usable):
                self.boxes(int(usable[0]), [])

    # Frames

    @property
    def frames(self) -> FrameColumns:
        """The frames."""
        if self.workspace is None:
            return self.once("frames", None, lambda: FrameColumns.of_dataset(self.dataset))
        workspace = self.workspace
        return self.once("frames", _mark(workspace.frames_path), lambda: FrameColumns.of_workspace(workspace))

    @property
    def dataset(self) -> Dataset:
        """Reads frames.

        Raises:
            ScanpickError: It cannot be opened any more.
        """
        if self.given is not None:
            return self.given
        assert self.workspace is not None
        with self._opening:  # the first requests come at once, and one of them is enough to open it
            return self.workspace.dataset()

    def column_names(self) -> list[str]:
        """What frames can be coloured by, besides their sequence."""
        counted = [f"boxes: {name}" for name in self.prediction_names()]
        return [*self.frames.columns, *self.columns, *counted]

    def column(self, name: str) -> tuple[dict[str, Any], np.ndarray]:
        """One value a frame: numbers, or codes with their names. See `column_arrays`.

        Raises:
            ScanpickError: There is no such column.
        """
        frames = self.frames
        if name == "sequence":
            codes, names = frames.sequence_codes
            return {"names": names}, codes.astype(np.float32)
        if name.startswith("boxes: "):
            table = self.predictions(name.removeprefix("boxes: "))
            counts = np.full(len(frames), np.nan, np.float32)
            rows = frames.rows_of(list(table))
            found = np.array([len(one) for one in table.values()], dtype=np.float32)
            counts[rows[rows >= 0]] = found[rows >= 0]
            return {"names": None}, counts
        known = {**frames.columns, **self.columns}
        if name not in known:
            raise unknown_name("column", name, self.column_names())
        return column_arrays(known[name])

    # Embeddings

    def embedding_names(self) -> list[str]:
        """Embeddings that are complete."""
        return [] if self.workspace is None else self.workspace.embedding_names()

    def embedding(self, name: str) -> tuple[Embeddings, Int64Array]:
        """(n, D) vectors of usable frames, in the order of the data set, and their rows.

        Raises:
            ScanpickError: There is none of this name, or its files are damaged.
        """
        if self.workspace is None:
            raise unknown_name("embedding", name, [])
        workspace = self.workspace

        def read() -> tuple[Embeddings, Int64Array]:
            table, frames = workspace.embedding(name), self.frames
            rows = frames.rows_of(pa.array(table.frame_ids, pa.string()))
            order = np.argsort(rows, kind="stable")
            order = order[rows[order] >= 0]
            order = order[frames.usable[rows[order]]]
            whole = len(order) == len(rows) and (order == np.arange(len(order))).all()
            return (table.values if whole else table.values[order]), rows[order]

        mark = _mark(workspace.embedding_folder(name) / "meta.json")
        return self.once(f"embedding {name}", mark, read)

    def map_methods(self) -> list[str]:
        """The maps that there may be of an embedding, or of the way that the vehicles drove."""
        columns = self.frames.columns
        drives = {"position_x_m", "position_y_m"} <= columns.keys()
        return [*([PCA, UMAP] if self.embedding_names() else []), *([ROUTE] if drives else [])]

    def map(self, method: str, embedding: str) -> Float32Array:
        """(N, 2) positions from -1 to 1, NaN where a frame has none.

        Raises:
            ScanpickError: There is no such map.
        """
        frames = self.frames
        if method == ROUTE:
            places = [frames.columns[name].to_numpy(zero_copy_only=False) for name in ("position_x_m", "position_y_m")]
            return placed(np.column_stack(places).astype(np.float64), np.arange(len(frames)), len(frames))
        values, rows = self.embedding(embedding)
        assert self.workspace is not None
        cache = self.workspace.path / "cache"
        mark = (id(values), len(frames))
        return self.once(
            f"map {method} {embedding}", mark, lambda: embedded_map(method, values, rows, len(frames), cache)
        )

    def nearest(self, row: int, embedding: str, most: int = 12) -> list[tuple[int, float]]:
        """Rows of the frames that are nearest to one in an embedding, with their distances, itself left out."""
        values, rows = self.embedding(embedding)
        own = int(np.searchsorted(rows, row))
        if own >= len(rows) or rows[own] != row:
            return []
        squared = squared_distances_to(read_only(values), np.arange(len(values)), np.asarray(values[own], np.float64))
        squared[own] = np.inf
        order = np.argpartition(squared, min(most, len(squared) - 1))[:most]
        order = order[np.argsort(squared[order], kind="stable")]
        return [(int(rows[one]), float(np.sqrt(squared[one]))) for one in order if np.isfinite(squared[one])]

    # Selections and predictions

    def selection_names(self) -> list[str]:
        """Selections, the newest first where that is known."""
        if self.workspace is None:
            return []
        names, newest = self.workspace.selection_names(), newest_selection(self.workspace)
        return sorted(names, key=lambda name: name != newest)

    def selection(self, name: str) -> Selection:
        """A selection.

        Raises:
            ScanpickError: There is none of this name, or its file is damaged.
        """
        if self.workspace is None or name not in self.workspace.selection_names():
            raise unknown_name("selection", name, self.selection_names())
        path = self.workspace.selection_path(name)
        return self.once(f"selection {name}", _mark(path), lambda: read_selection(path))

    def prediction_names(self) -> list[str]:
        """Predictions: the given ones, then those of the workspace."""
        return [*self.tables, *([] if self.workspace is None else self.workspace.prediction_names())]

    def predictions(self, name: str) -> dict[str, Detections]:
        """Frame id -> what a detector found.

        Raises:
            ScanpickError: There are none of this name, or the file is damaged.
        """
        if name in self.tables:
            return self.tables[name]
        if self.workspace is None:
            raise unknown_name("predictions", name, self.tables)
        with self._opening:
            return self.workspace.predictions(name)[1]

    # One frame

    def cloud(self, row: int, sweeps: int = 0) -> bytes:
        """The points of a frame, and of so many sweeps before and behind it in its sequence. See `packed_points`."""
        sweeps = min(max(sweeps, 0), _FARTHEST_SWEEPS)
        frames, key = self.frames, (self.frames.frame_id(row), sweeps)
        with self._lock:
            if key in self._clouds:
                self._clouds.move_to_end(key)
                return self._clouds[key]
        near = range(max(row - sweeps, 0), min(row + sweeps + 1, len(frames)))
        sequence = frames.sequences[row]
        others = [frames.frame_id(one) for one in near if one != row and frames.sequences[one] == sequence]
        packed = packed_points(self.dataset, key[0], others)
        with self._lock:
            self._clouds[key] = packed
            while len(self._clouds) > _KEPT_CLOUDS:
                self._clouds.popitem(last=False)
        return packed

    def boxes(self, row: int, names: list[str]) -> dict[str, Any]:
        """The labels of a frame and these predictions. See `boxes_of`."""
        tables = {name: self.predictions(name) for name in names}
        return boxes_of(self.dataset, self.frames.frame_id(row), True, tables)

    def cameras(self, row: int) -> list[Camera]:
        """The cameras of a frame; none where they cannot be read."""
        try:
            return cameras_of(self.dataset, self.frames.frame_id(row))
        except FrameError:
            return []

    def has_poses(self, row: int) -> bool:
        """Whether it is known where the vehicle was."""
        try:
            return ego_pose(self.dataset, self.frames.frame_id(row)) is not None
        except ScanpickError:
            return False

    def once(self, name: str, mark: Any, read: Callable[[], Any]) -> Any:
        """What was read under this name while its mark was the same, or else is read now."""
        with self._lock:
            own = self._locks[name]
        with own:  # a second request for the same waits for the first; one for something else does not
            if name not in self._kept or self._kept[name][0] != mark:
                self._kept[name] = mark, read()
            return self._kept[name][1]


def _mark(path: Any) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
