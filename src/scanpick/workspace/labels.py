"""``labels/labels.parquet``: the labels of a data set, read once and kept.

One row an object: ``frame_id, class``, the box in the LiDAR frame (``x, y, z, length, width, height, yaw``, empty for
regions that are not labelled), ``track_id``, then what KITTI's evaluation and its levels of difficulty read, as the
label files have it: ``truncated, occluded, alpha, left, top, right, bottom``, and sizes, place and turn in the camera's
frame. A frame that is labelled and holds no object has no row; such frames, and those whose labels cannot be read, are
listed in the file's metadata.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scanpick.arrays import Float64Array
from scanpick.datasets import Dataset
from scanpick.datasets.kitti_labels import DONT_CARE
from scanpick.datasets.view import DatasetView
from scanpick.errors import FrameError, ScanpickError
from scanpick.formats.kitti_cameras import KITTI_IMAGE_SIZE
from scanpick.formats.kitti_text import LABEL_COLUMNS, objects_from_rows, rows_from_objects
from scanpick.formats.parquet import notes_of, read_parquet, strings_of, write_parquet
from scanpick.formats.predictions import BOX_COLUMNS
from scanpick.geometry.image_boxes import kitti_objects_from_detections
from scanpick.structures import Boxes3D, Detections, Labels
from scanpick.texts import parsing
from scanpick.workspace.reading import labels_in
from scanpick.workspace.readings import Found
from scanpick.workspace.rounds import Returned, Rounds
from scanpick.workspace.workspace import Workspace

_IN_CAMERA = ("height", "width", "length", "x", "y", "z")
KITTI_COLUMNS = tuple(f"camera_{name}" if name in _IN_CAMERA else name for name in LABEL_COLUMNS[1:-1])
"""The 14 numbers of a label line, by names that are not those of the box."""

_NUMBERS = (*BOX_COLUMNS, "track_id", *KITTI_COLUMNS)
_TRACK, _KITTI, _TURN = len(BOX_COLUMNS), len(BOX_COLUMNS) + 1, len(_NUMBERS) - 1


@dataclass(frozen=True, eq=False)
class LabelTable:
    """The labels of frames.

    Attributes:
        labels: Frame id -> labels, of every frame that has some. Doubts about single boxes are not kept.
        problems: Frame id -> why its labels cannot be read: the kind of trouble, a colon, the message.
        contents: Frame id -> digest of the points that it had, of every frame that has labels.
    """

    labels: Mapping[str, Labels] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    contents: Mapping[str, str] = field(default_factory=dict)


def update_labels(
    workspace: Workspace, frame_ids: Iterable[str] | None = None, found: Mapping[str, Found] | None = None
) -> LabelTable:
    """Bring the table up to date for these frames, and give it.

    Labels in files are read each time, since the mark of a frame's points does not tell that they changed; where frames
    are computed, the same points have the same labels.

    Args:
        workspace: An indexed workspace.
        frame_ids: Frames; all that can be used by default.
        found: What was read of labels just now.
    """
    frames, found = workspace.frames(), found or {}
    before = _table_before(workspace.labels_path)
    labels, problems, contents = dict(before.labels), dict(before.problems), dict(before.contents)
    wanted = [
        one for one in (frames.frame_ids if frame_ids is None else frame_ids) if frames.usable[frames.row_of[one]]
    ]
    for frame_id in wanted:
        row = frames.row_of[frame_id]
        if frame_id not in found and not frames.sources[row] and contents.get(frame_id) == frames.contents[row]:
            continue
        one = found[frame_id] if frame_id in found else labels_in(workspace.dataset(), frame_id)
        for known in (labels, problems, contents):
            known.pop(frame_id, None)
        if isinstance(one, FrameError):
            problems[frame_id] = f"{one.kind}: {one}"
        elif one is not None:
            labels[frame_id], contents[frame_id] = one, frames.contents[row]
    order = [frame_id for frame_id in frames.frame_ids if frame_id in labels]
    table = LabelTable(
        {one: labels[one] for one in order},
        {one: why for one, why in problems.items() if one in frames.row_of},
        {one: contents[one] for one in order},
    )
    with workspace.write_lock():
        write_label_table(workspace.labels_path, table)
    return table


class LabelledPool(DatasetView):
    """The data set of a pool with labels from its table, so that each file of labels is read once.

    Args:
        dataset: Where frames are read.
        table: Their labels.
        returned: Frame id -> labels that came back from annotators, which go before those of the data set.
    """

    def __init__(self, dataset: Dataset, table: LabelTable, returned: Mapping[str, Labels] | None = None) -> None:
        super().__init__(dataset)
        self.table, self.returned = table, returned or {}

    def has_labels(self, frame_id: str) -> bool:
        """See `scanpick.datasets.dataset.has_labels`."""
        return frame_id in self.returned or super().has_labels(frame_id)

    def labels(self, frame_id: str) -> Labels | None:
        """The labels of one frame. See `Dataset.labels`."""
        if frame_id in self.returned:
            return self._in_camera(frame_id, self.returned[frame_id])
        if frame_id in self.table.problems:
            kind, _, why = self.table.problems[frame_id].partition(": ")
            raise FrameError(why, kind=kind)
        return self.table.labels[frame_id] if frame_id in self.table.labels else self.dataset.labels(frame_id)

    def _in_camera(self, frame_id: str, labels: Labels) -> Labels:
        """The same in KITTI's form, too, where the frame has a camera: KITTI's evaluation reads it."""
        calibration = None if labels.camera_objects is not None else self.dataset.calibration(frame_id)
        if calibration is None:
            return labels
        boxes = Detections(frame_id, labels.boxes, np.ones(len(labels)))
        camera = replace(calibration, image_size=calibration.image_size or KITTI_IMAGE_SIZE)
        objects = kitti_objects_from_detections(boxes, camera)
        return replace(labels, camera_objects=replace(objects, scores=None))


def write_label_table(path: Path, table: LabelTable) -> None:
    """Write the table atomically; equal labels give equal bytes."""
    names: list[str] = []
    parts: list[Float64Array] = [np.zeros((0, len(_NUMBERS)))]
    frame_ids: list[str] = []
    for frame_id, labels in table.labels.items():
        class_names, numbers = _rows_of(labels)
        names += class_names
        parts.append(numbers)
        frame_ids += [frame_id] * len(class_names)
    columns: dict[str, pa.Array] = {"frame_id": pa.array(frame_ids, pa.string()), "class": pa.array(names, pa.string())}
    for name, values in zip(_NUMBERS, np.concatenate(parts).T, strict=True):
        columns[name] = pa.array(values, pa.int64() if name == "track_id" else pa.float64(), from_pandas=True)
    notes = {
        "contents": dict(table.contents),
        "problems": dict(table.problems),
        # What the rows of a frame without objects would tell
        "kitti": [one for one, labels in table.labels.items() if not len(labels) and labels.camera_objects is not None],
    }
    write_parquet(path, pa.table(columns), notes)


def read_label_table(path: Path) -> LabelTable:
    """Read the table.

    Raises:
        ScanpickError: The file is missing, damaged, or lacks a column.
    """
    again = "Remove it; it is then made again"
    table = read_parquet(path, again)
    notes = notes_of(table, path)
    with parsing(str(path), f"labels. {again}"):
        contents = {str(one): str(content) for one, content in notes["contents"].items()}
        problems = {str(one): str(why) for one, why in notes["problems"].items()}
        kitti = set(notes["kitti"])
        ids, names = (np.array(strings_of(table, name, path), dtype=np.str_) for name in ("frame_id", "class"))
        numbers = np.column_stack([table[name].cast(pa.float64()).to_numpy() for name in _NUMBERS])
        rows: dict[str, list[int]] = {one: [] for one in contents}
        for row, frame_id in enumerate(ids.tolist()):
            rows[frame_id].append(row)
        labels = {one: _labels_of(names[of], numbers[of], kitti=one in kitti) for one, of in rows.items()}
    return LabelTable(labels, problems, contents)


def _table_before(path: Path) -> LabelTable:
    try:
        return read_label_table(path) if path.is_file() else LabelTable()
    except ScanpickError:  # damaged: made again
        return LabelTable()


def _rows_of(labels: Labels) -> tuple[list[str], Float64Array]:
    """The class and the numbers of each row: of objects and regions in the file's order where they are KITTI's."""
    objects, count = labels.camera_objects, len(labels)
    if objects is not None:
        real = np.char.lower(objects.class_names) != DONT_CARE
        if np.array_equal(objects.class_names[real], labels.boxes.class_names):
            numbers = np.full((len(objects), len(_NUMBERS)), np.nan)
            numbers[:, _KITTI:] = rows_from_objects(objects)
            numbers[real, : len(BOX_COLUMNS)] = labels.boxes.array
            if labels.track_ids is not None:
                numbers[real, _TRACK] = labels.track_ids
            return objects.class_names.tolist(), numbers
    regions = np.zeros((0, 4)) if objects is not None else labels.dont_care_image_boxes
    numbers = np.full((count + len(regions), len(_NUMBERS)), np.nan)
    numbers[:count, : len(BOX_COLUMNS)] = labels.boxes.array
    for column, values in ((_TRACK, labels.track_ids), (_KITTI, labels.truncation), (_KITTI + 1, labels.occlusion)):
        if values is not None:
            numbers[:count, column] = values
    if labels.image_boxes is not None:
        numbers[:count, _KITTI + 3 : _KITTI + 7] = labels.image_boxes
    numbers[count:, _KITTI + 3 : _KITTI + 7] = regions
    names = [*labels.boxes.class_names.tolist(), *["DontCare"] * len(regions)]
    if objects is None:
        return names, numbers
    alone = np.full((len(objects), len(_NUMBERS)), np.nan)  # objects of a file whose boxes are others
    alone[:, _KITTI:] = rows_from_objects(objects)
    return [*names, *objects.class_names.tolist()], np.concatenate([numbers, alone])


def _labels_of(names: np.ndarray, numbers: Float64Array, *, kitti: bool) -> Labels:
    """The inverse of `_rows_of`."""
    names, numbers = names.reshape(-1), numbers.reshape(-1, len(_NUMBERS))
    real, of_file = ~np.isnan(numbers[:, 0]), ~np.isnan(numbers[:, _TURN])
    objects = objects_from_rows(names[of_file].tolist(), numbers[of_file, _KITTI:]) if of_file.any() or kitti else None

    def known(columns: Any) -> Any:
        values = numbers[real][:, columns]
        return None if np.isnan(values).any() or not (len(values) or objects is not None) else values

    tracks = known(_TRACK)
    regions = ~real & ~np.isnan(numbers[:, _KITTI + 3]) & (np.char.lower(names) == DONT_CARE)
    return Labels(
        boxes=Boxes3D(numbers[real, : len(BOX_COLUMNS)], names[real]),
        truncation=known(_KITTI),
        occlusion=known(_KITTI + 1),
        image_boxes=known(slice(_KITTI + 3, _KITTI + 7)),
        track_ids=tracks if tracks is None else tracks.astype(np.int64),
        dont_care_image_boxes=numbers[regions, _KITTI + 3 : _KITTI + 7],
        camera_objects=objects,
    )


def labels_for(workspace: Workspace, frame_ids: Sequence[str]) -> LabelledPool:
    """The data set of a workspace with the labels of these frames.

    What came back from annotators goes first; the others' are in the table, which is brought up to date.
    """
    returned = returned_labels(workspace)
    others = [frame_id for frame_id in frame_ids if frame_id not in returned]
    return LabelledPool(workspace.dataset(), update_labels(workspace, others) if others else LabelTable(), returned)


def returned_labels(workspace: Workspace) -> dict[str, Labels]:
    """Frame id -> labels that came back from annotators, of every frame; the newest import that has it says."""
    found: dict[str, Labels] = {}
    for event in Rounds.of(workspace).of_kind(Returned):
        found |= read_label_table(workspace.returned_path(event.number)).labels
    return found
