"""KITTI result files: one text file a frame, as KITTI's server and most evaluation tools want them."""

from collections.abc import Callable, Iterable
from pathlib import Path

from scanpick.errors import ScanpickError
from scanpick.files import write_text
from scanpick.formats.kitti_text import format_objects
from scanpick.geometry.image_boxes import kitti_objects_from_detections
from scanpick.structures import Calibration, Detections


def write_kitti_results(
    folder: Path, detections: Iterable[Detections], camera_of: Callable[[str], Calibration]
) -> list[Path]:
    """Write ``<frame id>.txt`` for every frame, an empty one where nothing was detected.

    Args:
        folder: Where to.
        detections: LiDAR boxes of each frame.
        camera_of: Frame id -> calibration with an image size.

    Raises:
        ScanpickError: A frame id or class name cannot stand in a file name or line, or a calibration or image size is
            not known.
    """
    written = []
    for frame in detections:
        if Path(frame.frame_id).name != frame.frame_id:
            raise ScanpickError(
                f"Frame '{frame.frame_id}' cannot name a KITTI result file: expected an id without folders."
            )
        spaced = [name for name in frame.boxes.class_names.tolist() if len(name.split()) != 1]
        if spaced:
            raise ScanpickError(
                f"Frame '{frame.frame_id}': KITTI's lines are split at spaces, so that the class '{spaced[0]}' "
                f"cannot be written. Expected names of one word."
            )
        path = folder / f"{frame.frame_id}.txt"
        text = format_objects(kitti_objects_from_detections(frame, camera_of(frame.frame_id))) if len(frame) else ""
        write_text(path, text)
        written.append(path)
    return written
