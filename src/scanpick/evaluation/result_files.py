"""Where detections to evaluate come from: KITTI result files, the predictions table, mmdetection3d's JSON.

Boxes in the LiDAR frame are put into the camera's with the calibrations of a KITTI folder, and their 2D boxes are
projected. Pickles are never opened: loading one runs what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from scanpick.errors import ScanpickError
from scanpick.formats.kitti_text import LABEL_COLUMNS, objects_from_rows, read_calibration
from scanpick.formats.mmdet3d_json import read_mmdet3d_folder
from scanpick.formats.object_table import ObjectTable, read_object_files
from scanpick.formats.predictions import read_predictions
from scanpick.geometry.image_boxes import kitti_objects_from_detections
from scanpick.structures import Calibration, CameraObjects, Detections
from scanpick.structures.checks import name_some

KITTI_IMAGE_SIZE = (1242, 375)
"""Width and height of most of KITTI's images, taken where an image is not there to be measured."""

_RESULT_SUBFOLDERS = ("data", "pred_instances_3d", "preds")  # where OpenPCDet and mmdetection3d put them
_PICKLES = (".pkl", ".pickle")
_NO_OBJECTS = objects_from_rows([], np.zeros((0, len(LABEL_COLUMNS) - 1)))


@dataclass
class KittiCameras:
    """Calibrations and image sizes of a KITTI object folder, by frame id.

    Attributes:
        calib: Folder of calibration files.
        images: Folder of images, whose sizes 2D boxes are clipped to; it need not exist.
        image_size: Width and height for all frames, instead of looking at images.
        assumed: Frames whose size was taken to be `KITTI_IMAGE_SIZE`; grows as frames are asked for.
    """

    calib: Path
    images: Path
    image_size: tuple[int, int] | None = None
    assumed: list[str] = field(default_factory=list)

    @classmethod
    def beside(cls, labels: Path, image_size: tuple[int, int] | None = None) -> KittiCameras:
        """Those that lie beside a folder of labels: ``../calib`` and ``../image_2``."""
        return cls(labels.parent / "calib", labels.parent / "image_2", image_size)

    def __call__(self, frame_id: str) -> Calibration:
        """The calibration of a frame, with its image's size.

        Raises:
            ScanpickError: There is no calibration file, or a file cannot be read.
        """
        path = self.calib / f"{frame_id}.txt"
        if not path.is_file():
            raise ScanpickError(
                f"{path}: no calibration of frame '{frame_id}', which its LiDAR boxes need to be compared with KITTI "
                f"labels. Name the folder of calibrations with --calib."
            )
        calibration = read_calibration(path)
        return Calibration(calibration.camera_SE3_lidar, calibration.projection, self._size(frame_id))

    def _size(self, frame_id: str) -> tuple[int, int]:
        if self.image_size is not None:
            return self.image_size
        for suffix in (".png", ".jpg"):
            path = self.images / f"{frame_id}{suffix}"
            if path.is_file():
                try:
                    with Image.open(path) as image:
                        return image.size
                except (OSError, UnidentifiedImageError) as error:
                    raise ScanpickError(f"{path}: cannot read the image's size: {error}.") from error
        self.assumed.append(frame_id)
        return KITTI_IMAGE_SIZE


@dataclass(frozen=True, eq=False)
class Results:
    """Detections as they were found in files.

    Attributes:
        table: The frames asked for.
        missing: Frames of which nothing was there, taken as frames without detections.
        others: How many frames were there that nobody asked for.
    """

    table: ObjectTable
    missing: tuple[str, ...]
    others: int


def read_results(
    path: Path,
    frame_ids: Sequence[str],
    camera_of: Callable[[str], Calibration],
    *,
    missing_is_empty: bool = False,
    label_names: Sequence[str] = (),
) -> Results:
    """The detections of these frames, in this order.

    Args:
        path: A folder of KITTI result files, a predictions table (.parquet), or a folder of mmdetection3d's JSON files.
        frame_ids: The frames that are evaluated; others are passed over.
        camera_of: Frame id -> calibration with an image size; only asked where boxes are in the LiDAR frame.
        missing_is_empty: Take a frame without file or row as one without detections, instead of an error.
        label_names: What the class numbers of mmdetection3d's JSON stand for.

    Raises:
        ScanpickError: The path is of no known form, a file is malformed, or frames are missing; they are named.
    """
    if path.suffix.lower() in _PICKLES:
        raise _pickle_error(path)
    if path.is_file():
        detections, files = read_predictions(path), None
    else:
        folder = _folder_of_results(path, missing_is_empty)
        files = {found.stem: found for found in sorted(folder.glob("*.txt"))}
        detections = {} if files else _read_json(folder, label_names)
    present: Mapping[str, object] = files or detections
    missing = tuple(frame_id for frame_id in frame_ids if frame_id not in present)
    if missing and not missing_is_empty:
        raise ScanpickError(_missing_message(path, missing, frame_ids, present))
    if files:
        table = read_object_files({frame_id: files.get(frame_id) for frame_id in frame_ids}, with_scores=True)
    else:
        table = _project(detections, frame_ids, camera_of)
    return Results(table, missing, others=len(present) - len(frame_ids) + len(missing))


def _read_json(folder: Path, label_names: Sequence[str]) -> dict[str, Detections]:
    if not any(folder.glob("*.json")):
        return {}
    if not label_names:
        raise ScanpickError(
            f"{folder}: mmdetection3d's JSON has class numbers only. Name the classes of the model's configuration "
            f"in its order, such as --label-names Pedestrian,Cyclist,Car."
        )
    return read_mmdet3d_folder(folder, label_names)


def _project(
    found: Mapping[str, Detections], frame_ids: Sequence[str], camera_of: Callable[[str], Calibration]
) -> ObjectTable:
    frames: dict[str, CameraObjects] = {}
    for frame_id in frame_ids:
        detections = found.get(frame_id)
        frames[frame_id] = kitti_objects_from_detections(detections, camera_of(frame_id)) if detections else _NO_OBJECTS
    return ObjectTable.from_frames(frames)


def _folder_of_results(path: Path, may_be_empty: bool) -> Path:
    """The folder itself, or the one below it into which OpenPCDet or mmdetection3d write."""
    if not path.is_dir():
        raise ScanpickError(
            f"{path}: expected a folder of KITTI result files or a predictions table (.parquet), got neither."
        )
    folders = [path, *(path / name for name in _RESULT_SUBFOLDERS)]
    for folder in folders:
        if any(folder.glob("*.txt")) or any(folder.glob("*.json")):
            return folder
    pickles = sorted(found for found in path.iterdir() if found.suffix.lower() in _PICKLES)
    if pickles:
        raise _pickle_error(pickles[0])
    if may_be_empty:
        return path
    raise ScanpickError(f"{path}: expected KITTI result files (000000.txt, ...), found none.")


def _pickle_error(path: Path) -> ScanpickError:
    return ScanpickError(
        f"{path}: pickles are not opened, since loading one runs whatever it says. Export KITTI result files instead: "
        f"OpenPCDet's tools/test.py --save_to_file writes them to final_result/data, mmdetection3d's KittiMetric to "
        f"the folder named by submission_prefix; or mmdetection3d's inferencer writes JSON files to preds."
    )


def _missing_message(path: Path, missing: Sequence[str], wanted: Sequence[str], present: Mapping[str, object]) -> str:
    if len(missing) == len(wanted):
        hint = f"None of the frames is there; there are: {name_some(list(present)) or 'no frames'}."
    else:
        hint = (
            "List the frames to evaluate in a file (--frames), or count these as frames without detections "
            "(--missing empty)."
        )
    return f"{path}: no detections for {len(missing)} of {len(wanted)} frames: {name_some(missing)}. {hint}"
