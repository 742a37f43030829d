"""KITTI's raw layout, synchronised drives.

::

    2011_09_26/2011_09_26_drive_0048_sync/velodyne_points/data/0000000002.bin
                                         /velodyne_points/timestamps.txt
                                         /image_02/data/0000000002.png
    2011_09_26/calib_velo_to_cam.txt  2011_09_26/calib_cam_to_cam.txt

Timestamps, images and calibrations are used where they are there.
Tracklets (``tracklet_labels.xml``) are not read: they are boxes of whole drives without the classes and levels that the
object and tracking labels have, which cover the same drives.
"""

from pathlib import Path

import numpy as np

from scanpick.datasets.boundary import Boundary
from scanpick.datasets.kitti_layout import NANOSECONDS_PER_FRAME, KittiLayout, frame_number
from scanpick.datasets.listed import counted, has_points, natural_key, point_files
from scanpick.datasets.point_reading import AUTO
from scanpick.errors import FrameError, ScanpickError
from scanpick.formats.kitti_text import read_raw_calibration
from scanpick.structures import Calibration, FrameRecord
from scanpick.texts import lines_of, read_text

CALIBRATION_FILES = ("calib_velo_to_cam.txt", "calib_cam_to_cam.txt")


class KittiRaw(KittiLayout):
    """KITTI raw drives. Frame ids are ``2011_09_26_drive_0048_sync/0000000002``.

    Times are those of ``timestamps.txt``; a drive without that file is counted at 10 Hz from its start.

    Args:
        root: The folder of the dates, of one date, or of one drive.
        columns: See `KittiLayout`.
        intensity: See `KittiLayout`.
        follow: Whether links that lead out of the root are followed. Otherwise linked frames and drives are passed
            over.

    Raises:
        ScanpickError: The folder is missing, or no frame is found.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        columns: int | str = AUTO,
        intensity: float | str = AUTO,
        follow: bool = False,
    ) -> None:
        self.root = Path(root)
        boundary = Boundary(self.root, follow)
        found = raw_drives(self.root)
        drives = [drive for drive in found if boundary.holds(drive / "velodyne_points" / "data")]
        boundary.passed_over += len(found) - len(drives)
        if not drives:
            raise ScanpickError(
                f"{self.root}: no raw drives found: expected files such as "
                f"2011_09_26/2011_09_26_drive_0048_sync/velodyne_points/data/0000000000.bin{boundary.told}."
            )
        self._drives = {drive.absolute().name: drive for drive in drives}
        if len(self._drives) < len(drives):
            raise ScanpickError(f"{self.root}: two drives have the same name. Open one of their dates at a time.")
        records = [record for drive in drives for record in _records(drive, boundary)]
        timed = sum((drive / "velodyne_points" / "timestamps.txt").is_file() for drive in drives)
        frames = f"{counted(len(records), 'frame')} of {counted(len(drives), 'drive')}"
        described = f"KITTI raw layout: {frames} ({timed} with timestamps)"
        super().__init__("kitti-raw", described, records, boundary, columns=columns, intensity=intensity)

    def calibration(self, frame_id: str) -> Calibration | None:
        """Calibration of the frame's date. See `Dataset.calibration`."""
        paths = [self._drives[self.record(frame_id).sequence].parent / name for name in CALIBRATION_FILES]
        if not all(path.is_file() for path in paths):
            return None
        for path in paths:
            if path.absolute().is_relative_to(self.root.absolute()):  # those of a drive alone lie beside it
                self._boundary.check(path)
        try:
            return read_raw_calibration(*paths)
        except ScanpickError as error:
            raise FrameError(str(error), kind="calibration") from error

    def _place(self, kind: str, record: FrameRecord) -> Path | None:
        if kind != "image" or record.path is None:
            return None
        return self._drives[record.sequence] / "image_02" / "data" / record.path.stem


def raw_drives(folder: Path) -> list[Path]:
    """The drives in a folder of dates, of one date, or that are the folder itself; none where it has not the layout."""
    patterns = ("velodyne_points/data", "*/velodyne_points/data", "*/*/velodyne_points/data")
    found = [data.parent.parent for pattern in patterns for data in folder.glob(pattern) if has_points(data)]
    found = [drive for drive in found if not any(name.startswith(".") for name in drive.relative_to(folder).parts)]
    return sorted(found, key=lambda drive: natural_key(drive.absolute().name))


def _records(drive: Path, boundary: Boundary) -> list[FrameRecord]:
    name = drive.absolute().name
    times_path = drive / "velodyne_points" / "timestamps.txt"
    boundary.check_layout(times_path)
    times = _read_timestamps(times_path)
    records = []
    for place, path in enumerate(boundary.held(point_files(drive / "velodyne_points" / "data"))):
        index = frame_number(path.stem, place)
        if times is None:
            timestamp_ns: int | None = index * NANOSECONDS_PER_FRAME
        else:
            timestamp_ns = times[index] if index < len(times) else None
        records.append(FrameRecord(f"{name}/{path.stem}", name, index, timestamp_ns, path))
    return records


def _read_timestamps(path: Path) -> list[int | None] | None:
    """Nanoseconds since 1970 (KITTI's local time taken as UTC) by line; None for a blank line, or without a file."""
    if not path.is_file():
        return None
    times: list[int | None] = []
    for number, line in enumerate(lines_of(read_text(path)), start=1):
        text = line.strip()
        try:
            time = np.datetime64(text.replace(" ", "T"), "ns")  # of an empty text: not a time
        except (ValueError, OverflowError):
            time = None
        if time is None or (np.isnat(time) and text):
            raise ScanpickError(
                f"{path}, line {number}: expected a time such as 2011-09-26 13:02:25.964389445, got {line[:80]!r}."
            )
        times.append(int(time.astype(np.int64)) if text else None)
    return times
