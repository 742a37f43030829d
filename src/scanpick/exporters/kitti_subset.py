"""A KITTI object folder of picked frames, which KITTI tools read as they read KITTI.

::

training/velodyne/000123.bin   training/label_2/000123.txt   training/calib/000123.txt   training/image_2/000123.png
ImageSets/<name>.txt           the frames of this selection, in the order in which they were picked
frame_ids.csv                  name in this folder -> frame id, where names had to be given
.scanpick-export.json          what was written, by digest, so that nothing else is replaced
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replace_in
from pathlib import Path

import numpy as np

from scanpick.errors import FrameError, ScanpickError
from scanpick.exporters.exporter import ExportSummary, FrameSource, HandOff, ReturnedLabels
from scanpick.exporters.folder import ExportFile, ExportFolder
from scanpick.exporters.kitti_results import check_one_word
from scanpick.exporters.returned import Cuboid, ReturnedFiles, Returning
from scanpick.files import read_bytes
from scanpick.formats.kitti_text import (
    format_calibration,
    format_objects,
    parse_calibration,
    parse_objects,
    read_calibration,
)
from scanpick.geometry.image_boxes import kitti_objects_from_detections
from scanpick.geometry.transforms import camera_boxes_to_lidar
from scanpick.structures import Calibration, CameraObjects, Detections, Frame
from scanpick.structures.checks import check_unique
from scanpick.texts import format_csv, parse_csv, parsing, read_text

POINT_FOLDERS = ("velodyne", "velodyne_reduced")
COUNTED = {"velodyne": "points", "label_2": "labels", "calib": "calibrations", "image_2": "images"}
"""Folder below ``training`` -> what is counted in it."""

_NAMES = "frame_ids.csv"
_PLAIN_NAME = r"\w[\w.-]{0,199}"
"""A frame id that can be a file's name everywhere, whatever suffix it gets."""


@dataclass(frozen=True)
class KittiSubset:
    """A KITTI object folder, which most detection tools read; with `link` as links to files that can stay as they are.

    Pre-labels are the label files of their frames, with the score as 16th column; a frame without a calibration gets
    that of a camera in the LiDAR's place which looks along +x, so that its boxes mean something.

    Attributes:
        link: Links in place of copies, where a file is in KITTI's form already.
        calib: For reading: the folder of calibrations, where it is not beside ``label_2``.
    """

    link: bool = False
    calib: Path | None = None

    def write(
        self,
        hand_off: HandOff,
        out: Path,
        *,
        replace: bool = False,
        advance: Callable[[int], None] = lambda steps: None,
    ) -> ExportSummary:
        """See `Exporter.write`."""
        if out.suffix.lower() == ".zip":
            raise ScanpickError(f"{out}: a KITTI object folder is written as a folder. Give a name without .zip.")
        source, frame_ids = hand_off.source, hand_off.all_ids
        pre_labels = {frame_id: hand_off.boxes(frame_id) for frame_id in frame_ids if frame_id in hand_off.pre_labels}
        for found in pre_labels.values():
            check_one_word(found)
        return export_kitti_subset(
            source,
            frame_ids,
            out,
            name=hand_off.name,
            replace=replace,
            advance=advance,
            link=self.link,
            pre_labels=pre_labels,
        )

    def read(self, path: Path, items: Mapping[str, str]) -> ReturnedLabels:
        """See `LabelReader.read`: the files of ``label_2`` with the calibrations beside. "DontCare" is passed over."""
        files = ReturnedFiles(path, "a KITTI tool")
        returned = Returning(path, items)
        found = files.matching("label_2/*.txt", "label_2/*.txt")
        known = set(files.names)
        for name in found:
            objects = parse_objects(files.text(name), source=files.where(name))
            objects = objects[objects.class_names != "DontCare"]
            cuboids: list[Cuboid] = []
            if len(objects):
                array = camera_boxes_to_lidar(
                    objects.bottom_centres, objects.sizes_hwl, objects.rotation_y, self._camera_of(files, name, known)
                )
                rows = zip(objects.class_names.tolist(), array.tolist(), strict=True)
                cuboids = [Cuboid(kind, (x, y, z), (a, b, c), yaw) for kind, (x, y, z, a, b, c, yaw) in rows]
            returned.add(name, cuboids)
        return returned.result()

    def _camera_of(self, files: ReturnedFiles, name: str, known: Collection[str]) -> Calibration:
        if self.calib is not None:
            return read_calibration(self.calib / name.rpartition("/")[2])
        beside = (
            "/calib/".join(name.rsplit("/label_2/", 1)) if "/label_2/" in name else f"calib/{name.rpartition('/')[2]}"
        )
        if beside not in known:
            raise ScanpickError(
                f"{files.where(name)}: expected its calibration as {beside}, found none. Give the folder of "
                f"calibrations that was handed over as the option calib."
            )
        return parse_calibration(files.text(beside), Path(files.where(beside)))


_AHEAD = Calibration(
    np.array([[0.0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]]),
    np.array([[700.0, 0, 600, 0], [0, 700, 180, 0], [0, 0, 1, 0]]),
)
"""A camera in the LiDAR's place that looks along +x."""


def export_kitti_subset(
    source: FrameSource,
    frame_ids: Sequence[str],
    folder: Path,
    *,
    name: str,
    replace: bool = False,
    advance: Callable[[int], None] = lambda steps: None,
    link: bool = False,
    pre_labels: Mapping[str, Detections] | None = None,
) -> ExportSummary:
    """Write frames as a KITTI object folder; with `link` as links to files that can stay as they are.

    Files that are in KITTI's form already are copied or linked as they are; others are written in it: four columns of
    points, labels and calibration as far as the data set knows them. Frame ids that are no plain file names
    ("0000/000012", names that differ in case alone) are numbered from 000000 in order of rank, and ``frame_ids.csv``
    keeps the numbers, so that a second selection exported into the same folder shares frames with the first.

    Raises:
        ScanpickError: A place is taken by a file that no export wrote or that was changed since (nothing is written
            then), a file cannot be linked or written, or the folder is the one that the frames come from.
    """
    target = ExportFolder(folder, replace=replace)
    names, lists = _names(frame_ids, folder)

    def files_of(frame_id: str) -> Iterator[ExportFile]:
        frame = _read(source, frame_id)
        _check_apart(frame, folder)
        return _files(source, frame, names[frame_id], (pre_labels or {}).get(frame_id), link=link)

    # Before the first byte is written
    target.check([*lists, _list_of(name, [names[frame_id] for frame_id in frame_ids])])
    target.check(_files_in_the_way(target, names, files_of))

    counts: Counter[str] = Counter()
    failed = {}
    with target.remembered():
        target.write(lists)
        target.remember()
        for frame_id in frame_ids:
            try:
                files = list(files_of(frame_id))
                target.write(files)
                counts.update(COUNTED[file.place.split("/")[1]] for file in files)
            except FrameError as error:
                failed[frame_id] = str(error)
            advance(1)
        order = _list_of(name, [names[frame_id] for frame_id in frame_ids if frame_id not in failed])
        target.write([order])
    given = {frame_id: names[frame_id] for frame_id in frame_ids}
    if pre_labels:
        counts["pre-labels"] = sum(len(found) for frame_id, found in pre_labels.items() if frame_id not in failed)
    return ExportSummary(folder, given, dict(counts), failed, folder / order.place, (folder,))


def _list_of(name: str, lines: Sequence[str]) -> ExportFile:
    return ExportFile(f"ImageSets/{name}.txt", "".join(f"{line}\n" for line in lines).encode())


def _files_in_the_way(
    target: ExportFolder, names: Mapping[str, str], files_of: Callable[[str], Iterator[ExportFile]]
) -> Iterator[ExportFile]:
    """The files of frames of whose name there are files already, and of the first, which shows what else is wrong."""
    taken = {name for folder in COUNTED for name in target.names_in(f"training/{folder}")}
    for place, (frame_id, name) in enumerate(names.items()):
        if place == 0 or name in taken:
            try:
                yield from files_of(frame_id)
            except FrameError:
                continue  # told when its turn comes


def _read(source: FrameSource, frame_id: str) -> Frame:
    """A frame; one that the data set no longer has costs only itself, too."""
    try:
        return source.read(frame_id)
    except FrameError:
        raise
    except ScanpickError as error:
        raise FrameError(str(error)) from error


def _check_apart(frame: Frame, folder: Path) -> None:
    """Copies would overwrite the data set's own files, and links would replace them by themselves."""
    path = frame.record.path
    if path is not None and path.parent.resolve().is_relative_to((folder / "training").resolve()):
        raise ScanpickError(f"{folder} is the data set's own folder ({path} is in it). Export into another folder.")


def _files(
    source: FrameSource, frame: Frame, name: str, pre_labels: Detections | None, *, link: bool
) -> Iterator[ExportFile]:
    """The files of a frame: points, and labels, calibration and image where there are any."""

    def same(place: str, original: Path) -> ExportFile:
        return ExportFile(place, None if link else read_bytes(original, error=FrameError), original)

    place = f"training/velodyne/{name}.bin"
    path = frame.record.path
    content = frame.points[:, :4].astype("<f4").tobytes()
    is_kitti = path is not None and path.suffix == ".bin" and read_bytes(path, error=FrameError) == content
    yield ExportFile(place, None if link and is_kitti else content, path)

    place = f"training/label_2/{name}.txt"
    if pre_labels is not None:
        yield ExportFile(place, format_objects(_objects(pre_labels, frame.calibration or _AHEAD)).encode())
    elif (original := _beside(frame, "label_2")) is not None:
        yield same(place, original)
    elif (labels := source.labels(frame.frame_id)) is not None and labels.camera_objects is not None:
        yield ExportFile(place, format_objects(labels.camera_objects).encode())

    place = f"training/calib/{name}.txt"
    if frame.calibration is not None and (original := _beside(frame, "calib")) is not None:
        yield same(place, original)
    elif frame.calibration is not None or pre_labels is not None:
        yield ExportFile(place, format_calibration(frame.calibration or _AHEAD).encode())

    if frame.image_path is not None:
        yield same(f"training/image_2/{name}{frame.image_path.suffix}", frame.image_path)


def _objects(detections: Detections, calibration: Calibration) -> CameraObjects:
    """Pre-labels all around, also where no camera sees them: their image boxes are left open."""
    open_boxes = np.full((len(detections), 4), -1.0)
    return kitti_objects_from_detections(replace_in(detections, image_boxes=open_boxes), calibration)


def _beside(frame: Frame, folder: str) -> Path | None:
    """The frame's file in another folder of a KITTI object layout, where its points lie in one.

    None where it is a link that leads out of the layout: what is behind it is the data set's to read or not.
    """
    points = frame.record.path
    if points is None or points.parent.name not in POINT_FOLDERS:
        return None
    layout = points.parent.parent
    path = layout / folder / f"{points.stem}.txt"
    return path if path.is_file() and path.resolve().is_relative_to(layout.resolve()) else None


def _names(frame_ids: Sequence[str], folder: Path) -> tuple[dict[str, str], list[ExportFile]]:
    """A plain file name for each frame, and the list of names where ids are none.

    A frame's id is its name where all of them can be; else it gets a number, which it keeps.
    """
    given = _read_names(folder / _NAMES)
    alike = len({frame_id.casefold() for frame_id in frame_ids}) < len(set(frame_ids))
    plain = not alike and all(re.fullmatch(_PLAIN_NAME, frame_id, flags=re.ASCII) for frame_id in frame_ids)
    if plain and not given:
        return {frame_id: frame_id for frame_id in frame_ids}, []
    if not given and any((folder / "training" / "velodyne").glob("*.bin")):
        raise ScanpickError(f"{folder}: holds frames of another export, whose names these would take. Use another.")
    names = dict(given)
    number = 1 + max((int(name) for name in given.values()), default=-1)
    for frame_id in frame_ids:
        if frame_id not in names:
            names[frame_id] = f"{number:06d}"
            number += 1
    table = format_csv(("name", "frame_id"), ({"name": name, "frame_id": one} for one, name in names.items()))
    return {frame_id: names[frame_id] for frame_id in frame_ids}, [ExportFile(_NAMES, table.encode())]


def _read_names(path: Path) -> dict[str, str]:
    """Frame id -> the name that an earlier export gave it."""
    if not path.is_file():
        return {}
    with parsing(f"{path}: cannot read the names of an earlier export", "numbers beside frame ids"):
        rows = parse_csv(read_text(path), str(path))
        names = {row["frame_id"]: f"{int(row['name']):06d}" for row in rows}
    check_unique(str(path), list(names.values()))
    return names
