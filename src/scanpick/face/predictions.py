"""``sp.convert_predictions``: change the form of predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scanpick.errors import ScanpickError
from scanpick.exporters.kitti_results import read_detections, write_kitti_results
from scanpick.files import without_places
from scanpick.formats.kitti_cameras import KittiCameras
from scanpick.formats.predictions import write_predictions
from scanpick.structures import Calibration


@dataclass(frozen=True)
class ConvertedPredictions:
    """Predictions in another form.

    Attributes:
        out: Where they are.
        frames: How many frames there are, also those without a box.
        boxes: How many boxes.
        assumed_size: Frames without an image, whose 2D boxes were clipped to the usual size.
    """

    out: Path
    frames: int
    boxes: int
    assumed_size: tuple[str, ...] = ()


def convert_predictions(
    source: str | Path,
    out: str | Path,
    *,
    calib: str | Path | None = None,
    image_size: tuple[int, int] | None = None,
    label_names: Sequence[str] = (),
    replace: bool = False,
) -> ConvertedPredictions:
    """Take predictions of other tools into a predictions table, or write a table as KITTI result files.

    Args:
        source: KITTI result files, a predictions table, or mmdetection3d's JSON files.
        out: A table (.parquet), or a folder for KITTI result files.
        calib: Folder of KITTI calibrations, to go between LiDAR and camera.
        image_size: Width and height in pixels; by default that of each image beside the calibrations.
        label_names: What the class numbers of mmdetection3d's JSON stand for.
        replace: Also replace result files that no export wrote or that were changed since.

    Raises:
        ScanpickError: The source is of no known form or malformed, calibrations are missing, or a file of somebody
            else is in the way.

    Example:
        >>> import scanpick as sp
        >>> boxes = [[12.0, 3.0, -0.9, 3.9, 1.6, 1.5, 0.1]]
        >>> import json, pathlib
        >>> values = {"bboxes_3d": boxes, "scores_3d": [0.8], "labels_3d": [0], "box_type_3d": "LiDAR"}
        >>> pathlib.Path("000007.json").write_text(json.dumps(values)) > 0
        True
        >>> sp.convert_predictions(".", "pool.parquet", label_names=["Car"]).boxes
        1
    """
    source, out = Path(source), Path(out)
    cameras = None if calib is None else KittiCameras(Path(calib), Path(calib).parent / "image_2", image_size)

    def camera_of(frame_id: str) -> Calibration:
        if cameras is None:
            raise ScanpickError("To go between LiDAR and camera, name the folder of KITTI calibrations: `calib=...`.")
        return cameras(frame_id)

    found = read_detections(source, camera_of, label_names=label_names)
    if out.suffix.lower() == ".parquet":
        write_predictions(out, found.values(), {"source": without_places(str(source))})
    else:
        write_kitti_results(out, found.values(), camera_of, replace=replace)
    assumed = () if cameras is None else tuple(sorted(set(cameras.assumed)))
    return ConvertedPredictions(out, len(found), sum(map(len, found.values())), assumed)
