"""The frames of a study: one or several data sets as one, with the names of drives made the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from scanpick.datasets import Dataset, open_dataset
from scanpick.errors import ScanpickError
from scanpick.structures import Calibration, Frame, FrameRecord, Labels
from scanpick.structures.checks import name_some
from scanpick.studies.data_config import DataConfig


@dataclass(frozen=True)
class _Place:
    """Where a frame of the joined data set is: which part, and its id there."""

    part: int
    frame_id: str


@dataclass(eq=False)
class JoinedDataset:
    """Several data sets as one. Frame ids get a prefix where one is given; sequences are drives.

    Attributes:
        parts: The data sets.
        configs: What they were opened by.
    """

    parts: Sequence[Dataset]
    configs: Sequence[DataConfig]
    records: Sequence[FrameRecord] = field(init=False)
    _places: dict[str, _Place] = field(init=False)

    def __post_init__(self) -> None:
        records: list[FrameRecord] = []
        places: dict[str, _Place] = {}
        for number, (part, config) in enumerate(zip(self.parts, self.configs, strict=True)):
            _check_drives(part, config)
            for record in part.records:
                frame_id = f"{config.prefix}/{record.frame_id}" if config.prefix else record.frame_id
                if frame_id in places:
                    raise ScanpickError(
                        f"Frame '{frame_id}' is in two data sets: {self.configs[places[frame_id].part].source} and "
                        f"{config.source}. Give one of them a prefix."
                    )
                places[frame_id] = _Place(number, record.frame_id)
                sequence = config.drives.get(record.sequence, record.sequence)
                records.append(replace(record, frame_id=frame_id, sequence=sequence))
        self.records, self._places = tuple(records), places

    @property
    def name(self) -> str:
        """The names of the parts."""
        return " + ".join(part.name for part in self.parts)

    @property
    def description(self) -> str:
        """The descriptions of the parts."""
        return "; ".join(part.description for part in self.parts)

    def read(self, frame_id: str) -> Frame:
        """See `Dataset.read`."""
        part, own_id = self._part(frame_id)
        frame = part.read(own_id)
        return replace(frame, record=replace(frame.record, frame_id=frame_id))

    def labels(self, frame_id: str) -> Labels | None:
        """See `Dataset.labels`."""
        part, own_id = self._part(frame_id)
        return part.labels(own_id)

    def calibration(self, frame_id: str) -> Calibration | None:
        """See `Dataset.calibration`."""
        part, own_id = self._part(frame_id)
        return part.calibration(own_id)

    def _part(self, frame_id: str) -> tuple[Dataset, str]:
        if frame_id not in self._places:
            raise ScanpickError(
                f"Unknown frame '{frame_id}' among the {len(self.records)} of {self.name}. Expected ids such as "
                f"{name_some(list(self._places), 3)}."
            )
        place = self._places[frame_id]
        return self.parts[place.part], place.frame_id


def open_data(configs: Sequence[DataConfig]) -> JoinedDataset:
    """Open the data sets of a study.

    Raises:
        ScanpickError: One cannot be opened and is not optional, or none is left.
    """
    parts, kept = [], []
    for config in configs:
        try:
            parts.append(open_dataset(config.source, **config.options))
        except ScanpickError:
            if not config.optional:
                raise
            continue
        kept.append(config)
    if not parts:
        raise ScanpickError(f"None of the study's data sets is there: {', '.join(one.source for one in configs)}.")
    return JoinedDataset(parts, kept)


def _check_drives(part: Dataset, config: DataConfig) -> None:
    known = {record.sequence for record in part.records}
    unknown = [name for name in config.drives if name not in known]
    if unknown:
        raise ScanpickError(
            f"{config.source}: 'drives' renames sequences that are not there: {name_some(unknown)}. "
            f"There are: {name_some(sorted(known))}."
        )
