"""A data set that remembers what was read last: trainings of a study read the same frames again and again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from scanpick.datasets import Dataset
from scanpick.errors import FrameError
from scanpick.structures import Calibration, Frame, FrameRecord, Labels

MOST_BYTES = 512 * 2**20


class FrameCache:
    """Another data set, with its latest frames and labels kept in memory. It holds nothing when it is pickled.

    Args:
        dataset: Where frames are read.
        most_bytes: About how much memory points may take; frames not used for longest are forgotten first.
    """

    def __init__(self, dataset: Dataset, most_bytes: int = MOST_BYTES) -> None:
        self._dataset = dataset
        self._most_bytes = most_bytes
        self._forget()

    def __getstate__(self) -> tuple[Dataset, int]:
        return self._dataset, self._most_bytes

    def __setstate__(self, state: tuple[Dataset, int]) -> None:
        self._dataset, self._most_bytes = state
        self._forget()

    @property
    def name(self) -> str:
        """See `Dataset.name`."""
        return self._dataset.name

    @property
    def description(self) -> str:
        """See `Dataset.description`."""
        return self._dataset.description

    @property
    def records(self) -> Sequence[FrameRecord]:
        """See `Dataset.records`."""
        return self._dataset.records

    def read(self, frame_id: str) -> Frame:
        """See `Dataset.read`."""
        with self._lock:
            if frame_id in self._frames:
                self._frames.move_to_end(frame_id)
                return self._frames[frame_id]
        frame = self._dataset.read(frame_id)
        labels: Labels | FrameError | None
        try:  # what computes its frames has the labels at hand now
            labels = self._dataset.labels(frame_id)
        except FrameError as error:
            labels = error
        with self._lock:
            self._labels[frame_id] = labels
            if frame_id not in self._frames:
                self._frames[frame_id] = frame
                self._bytes += frame.points.nbytes
            while self._bytes > self._most_bytes and len(self._frames) > 1:
                _, oldest = self._frames.popitem(last=False)
                self._bytes -= oldest.points.nbytes
        return frame

    def labels(self, frame_id: str) -> Labels | None:
        """See `Dataset.labels`."""
        with self._lock:
            known = frame_id in self._labels
            labels = self._labels.get(frame_id)
        if not known:
            return self._dataset.labels(frame_id)
        if isinstance(labels, FrameError):
            raise labels
        return labels

    def calibration(self, frame_id: str) -> Calibration | None:
        """See `Dataset.calibration`."""
        return self._dataset.calibration(frame_id)

    def _forget(self) -> None:
        self._frames: OrderedDict[str, Frame] = OrderedDict()
        self._labels: dict[str, Labels | FrameError | None] = {}
        self._bytes = 0
        self._lock = Lock()
