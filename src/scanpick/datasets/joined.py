"""Several data sets as one, with the names of drives made the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from scanpick.arrays import Transform
from scanpick.datasets.dataset import Dataset, cameras, ego_pose, has_labels, licence
from scanpick.errors import ScanpickError
from scanpick.structures import Calibration, Camera, Frame, FrameRecord, Labels
from scanpick.structures.checks import name_some


@dataclass(frozen=True)
class Part:
    """One of several data sets.

    Attributes:
        dataset: The data set.
        prefix: Put before its frame ids, with a slash; needed where two parts have the same ids.
        drives: New names of sequences, where another part calls the same drive otherwise.
    """

    dataset: Dataset
    prefix: str = ""
    drives: Mapping[str, str] = field(default_factory=dict)

    def id_of(self, frame_id: str) -> str:
        """What a frame of the part is called in the whole."""
        return f"{self.prefix}/{frame_id}" if self.prefix else frame_id


class JoinedDataset:
    """Several data sets as one.

    Args:
        parts: The data sets.

    Raises:
        ScanpickError: Two have the same frame id, or a sequence that is to be renamed is not there.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        records: list[FrameRecord] = []
        self._places: dict[str, tuple[Dataset, str]] = {}
        for part in self.parts:
            _check_drives(part)
            for record in part.dataset.records:
                frame_id = part.id_of(record.frame_id)
                if frame_id in self._places:
                    raise ScanpickError(
                        f"Frame '{frame_id}' is in two data sets: {self._places[frame_id][0].description} and "
                        f"{part.dataset.description}. Give one of them a prefix."
                    )
                self._places[frame_id] = part.dataset, record.frame_id
                sequence = part.drives.get(record.sequence, record.sequence)
                records.append(replace(record, frame_id=frame_id, sequence=sequence))
        self.records: Sequence[FrameRecord] = tuple(records)

    @property
    def name(self) -> str:
        """The names of the parts."""
        return " + ".join(part.dataset.name for part in self.parts)

    @property
    def description(self) -> str:
        """The descriptions of the parts."""
        return "; ".join(part.dataset.description for part in self.parts)

    def read(self, frame_id: str) -> Frame:
        """See `Dataset.read`."""
        dataset, own_id = self._place(frame_id)
        frame = dataset.read(own_id)
        return replace(frame, record=replace(frame.record, frame_id=frame_id))

    def labels(self, frame_id: str) -> Labels | None:
        """See `Dataset.labels`."""
        dataset, own_id = self._place(frame_id)
        return dataset.labels(own_id)

    def has_labels(self, frame_id: str) -> bool:
        """See `scanpick.datasets.dataset.has_labels`."""
        return has_labels(*self._place(frame_id))

    def calibration(self, frame_id: str) -> Calibration | None:
        """See `Dataset.calibration`."""
        dataset, own_id = self._place(frame_id)
        return dataset.calibration(own_id)

    def ego_pose(self, frame_id: str) -> Transform | None:
        """See `scanpick.datasets.dataset.ego_pose`."""
        return ego_pose(*self._place(frame_id))

    def cameras(self, frame_id: str) -> tuple[Camera, ...]:
        """See `scanpick.datasets.dataset.cameras`."""
        return cameras(*self._place(frame_id))

    @property
    def licence(self) -> str:
        """The licences of the parts."""
        return "; ".join(dict.fromkeys(filter(None, (licence(part.dataset) for part in self.parts))))

    def _place(self, frame_id: str) -> tuple[Dataset, str]:
        if frame_id not in self._places:
            raise ScanpickError(
                f"Unknown frame '{frame_id}' among the {len(self.records)} of {self.name}. Expected ids such as "
                f"{name_some(list(self._places), 3)}."
            )
        return self._places[frame_id]


def _check_drives(part: Part) -> None:
    known = {record.sequence for record in part.dataset.records}
    unknown = [name for name in part.drives if name not in known]
    if unknown:
        raise ScanpickError(
            f"{part.dataset.name}: 'drives' renames sequences that are not there: {name_some(unknown)}. "
            f"There are: {name_some(sorted(known))}."
        )
