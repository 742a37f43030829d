"""Writes simulated drives as a KITTI object folder, which every KITTI tool reads.

::

training/velodyne_reduced/000123.bin     what the camera sees, or velodyne/ for the whole turn
training/label_2/000123.txt   training/calib/000123.txt
ImageSets/train.txt  val.txt  trainval.txt
mapping/train_mapping.txt  train_rand.txt   which drive and sweep each frame is, in the form of KITTI's devkit
simulated.json                           the settings
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scanpick.datasets.simulated.drives import SimulatedDrives
from scanpick.errors import ScanpickError
from scanpick.files import place_below, write_bytes, write_text
from scanpick.formats.kitti_text import format_calibration, format_objects
from scanpick.structures import FrameRecord
from scanpick.texts import read_json, write_json

MANIFEST = "simulated.json"
JOB_FRAMES = 10
VALIDATION_DRIVES = 5
"""Every so many drives one is for validation, where the set has no drives for evaluation."""

Job = tuple[int, ...]
"""Places in the list of frames: neighbours in one drive, so that its world is built once."""


@dataclass(frozen=True)
class KittiWriter:
    """Writes frames of `dataset` below `folder`. Picklable, and called with a `Job`."""

    dataset: SimulatedDrives
    folder: Path

    def __call__(self, job: Job) -> int:
        """Write the frames of a job; gives their number."""
        for place in job:
            self._write(place)
        return len(job)

    def prepare(self) -> list[Job]:
        """Write down the settings, or compare them with those the folder was begun with; gives what is left to do.

        Raises:
            ScanpickError: The folder holds something else, or frames with other settings.
        """
        manifest = self.folder / MANIFEST
        if not manifest.is_file():
            if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
                raise ScanpickError(f"{self.folder}: expected a new or empty folder, or one begun by this command.")
            write_json(manifest, self.dataset.settings)
        self._compare(manifest)
        left = [place for place in range(len(self.dataset.records)) if not self._is_done(place)]
        return _jobs(left, self.dataset.records)

    def finish(self) -> None:
        """Write the lists and the mapping, once all frames are there."""
        records = self.dataset.records
        names = [_name(place) for place in range(len(records))]
        held_out = _held_out(records)
        train = [name for name, record in zip(names, records, strict=True) if record.sequence not in held_out]
        validation = [name for name, record in zip(names, records, strict=True) if record.sequence in held_out]
        for title, lines in (("train", train), ("val", validation), ("trainval", names)):
            write_text(place_below(self.folder, f"ImageSets/{title}.txt"), "".join(f"{line}\n" for line in lines))
        lines = [f"simulated {record.sequence} {record.index_in_sequence:010d}\n" for record in records]
        write_text(place_below(self.folder, "mapping/train_mapping.txt"), "".join(lines))
        order = ",".join(str(place + 1) for place in range(len(records)))
        write_text(place_below(self.folder, "mapping/train_rand.txt"), order + "\n")

    def _write(self, place: int) -> None:
        record = self.dataset.records[place]
        frame, labels = self.dataset.read(record.frame_id), self.dataset.labels(record.frame_id)
        assert labels.camera_objects is not None
        calibration, label, points = self._paths(place)
        write_text(calibration, format_calibration(self.dataset.calibration(record.frame_id)))
        write_text(label, format_objects(labels.camera_objects))
        write_bytes(points, frame.points.tobytes())  # last: it tells that the frame is done

    def _is_done(self, place: int) -> bool:
        return all(path.is_file() for path in self._paths(place))

    def _paths(self, place: int) -> tuple[Path, Path, Path]:
        points, name = "velodyne" if self.dataset.settings["full"] else "velodyne_reduced", _name(place)
        places = (f"calib/{name}.txt", f"label_2/{name}.txt", f"{points}/{name}.bin")
        calibration, label, cloud = (place_below(self.folder, f"training/{place}") for place in places)
        return calibration, label, cloud

    def _compare(self, manifest: Path) -> None:
        begun = read_json(manifest, "Start in a new folder")
        wanted = self.dataset.settings
        if begun != wanted:
            different = [
                f"{name} {begun.get(name)}, now {wanted[name]}" for name in wanted if begun.get(name) != wanted[name]
            ]
            raise ScanpickError(
                f"{self.folder}: was begun with other settings ({'; '.join(different) or 'unknown ones'}). "
                "Use the same ones, or another folder."
            )


def _jobs(places: Sequence[int], records: Sequence[FrameRecord]) -> list[Job]:
    jobs: list[list[int]] = []
    for place in places:
        previous = jobs[-1] if jobs else []
        joins = previous and records[previous[-1]].sequence == records[place].sequence and len(previous) < JOB_FRAMES
        if joins:
            previous.append(place)
        else:
            jobs.append([place])
    return [tuple(job) for job in jobs]


def _held_out(records: Sequence[FrameRecord]) -> set[str]:
    """Drives for validation."""
    evaluation = {record.sequence for record in records if record.metadata["split"] == "evaluation"}
    drives = list(dict.fromkeys(record.sequence for record in records))
    return evaluation or set(drives[VALIDATION_DRIVES - 1 :: VALIDATION_DRIVES])


def _name(place: int) -> str:
    return f"{place:06d}"
