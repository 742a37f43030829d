"""Which form predictions are in: KITTI result files, the predictions table, mmdetection3d's JSON.

Pickles are never opened: loading one runs whatever it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from scanpick.errors import ScanpickError
from scanpick.formats.mmdet3d_json import read_mmdet3d_folder
from scanpick.formats.object_table import text_files
from scanpick.formats.predictions import read_predictions
from scanpick.structures import Detections

_SUBFOLDERS = ("data", "pred_instances_3d", "preds")  # where OpenPCDet and mmdetection3d put them
_PICKLES = (".pkl", ".pickle")


class Form(StrEnum):
    """The forms that are read."""

    TABLE = "predictions table"
    KITTI = "KITTI result files"
    MMDET3D = "mmdetection3d's JSON files"


@dataclass(frozen=True)
class ResultSource:
    """Where predictions are and in which form: a table, or a folder with files by frame id."""

    form: Form
    path: Path
    files: dict[str, Path]


def find_results(path: Path, *, may_be_empty: bool = False) -> ResultSource:
    """Look at a predictions table or a folder of files; also into the folders that OpenPCDet and mmdetection3d make.

    A folder without files may be KITTI results of no frame (`may_be_empty`).

    Raises:
        ScanpickError: There is nothing of a known form, or there are only pickles.
    """
    if path.suffix.lower() in _PICKLES:
        raise _pickle_error(path)
    if path.is_file():
        return ResultSource(Form.TABLE, path, {})
    if not path.is_dir():
        raise ScanpickError(
            f"{path}: expected a folder of KITTI result files or a predictions table (.parquet), got neither."
        )
    for folder in (path, *(path / name for name in _SUBFOLDERS)):
        for form, suffix in ((Form.KITTI, ".txt"), (Form.MMDET3D, ".json")):
            if folder.is_dir() and (files := text_files(folder, suffix)):
                return ResultSource(form, folder, files)
    if pickles := sorted(found for found in path.iterdir() if found.suffix.lower() in _PICKLES):
        raise _pickle_error(pickles[0])
    if may_be_empty:
        return ResultSource(Form.KITTI, path, {})
    raise ScanpickError(f"{path}: expected KITTI result files (000000.txt, ...), found none.")


def read_lidar_detections(source: ResultSource, label_names: Sequence[str] = ()) -> dict[str, Detections]:
    """Frame id -> detections of a table or of mmdetection3d's JSON, whose class numbers `label_names` names.

    Raises:
        ScanpickError: A file is malformed, or class names are needed.
    """
    if source.form is Form.TABLE:
        return read_predictions(source.path)
    if not label_names:
        raise ScanpickError(
            f"{source.path}: mmdetection3d's JSON has class numbers only. Name the classes of the model's "
            f"configuration in its order, such as `label_names='Pedestrian,Cyclist,Car'`."
        )
    return read_mmdet3d_folder(source.path, label_names)


def _pickle_error(path: Path) -> ScanpickError:
    return ScanpickError(
        f"{path}: pickles are not opened, since loading one runs whatever it says. Export KITTI result files instead: "
        f"OpenPCDet's tools/test.py --save_to_file writes them to final_result/data, mmdetection3d's KittiMetric to "
        f"the folder named by submission_prefix; or mmdetection3d's inferencer writes JSON files to preds."
    )
