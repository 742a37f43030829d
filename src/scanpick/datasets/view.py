"""A data set seen through another."""

from __future__ import annotations

from collections.abc import Sequence

from scanpick.arrays import Transform
from scanpick.datasets.dataset import Dataset, cameras, ego_pose, has_labels, licence
from scanpick.structures import Calibration, Camera, Frame, FrameRecord, Labels


class DatasetView:
    """Another data set as it is; subclasses change what they are about.

    Args:
        dataset: The other data set.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    @property
    def name(self) -> str:
        """See `Dataset.name`."""
        return self.dataset.name

    @property
    def description(self) -> str:
        """See `Dataset.description`."""
        return self.dataset.description

    @property
    def licence(self) -> str:
        """See `scanpick.datasets.dataset.licence`."""
        return licence(self.dataset)

    @property
    def records(self) -> Sequence[FrameRecord]:
        """See `Dataset.records`."""
        return self.dataset.records

    def read(self, frame_id: str) -> Frame:
        """See `Dataset.read`."""
        return self.dataset.read(frame_id)

    def labels(self, frame_id: str) -> Labels | None:
        """See `Dataset.labels`."""
        return self.dataset.labels(frame_id)

    def has_labels(self, frame_id: str) -> bool:
        """See `scanpick.datasets.dataset.has_labels`."""
        return has_labels(self.dataset, frame_id)

    def calibration(self, frame_id: str) -> Calibration | None:
        """See `Dataset.calibration`."""
        return self.dataset.calibration(frame_id)

    def cameras(self, frame_id: str) -> tuple[Camera, ...]:
        """See `scanpick.datasets.dataset.cameras`."""
        return cameras(self.dataset, frame_id)

    def ego_pose(self, frame_id: str) -> Transform | None:
        """See `scanpick.datasets.dataset.ego_pose`."""
        return ego_pose(self.dataset, frame_id)
