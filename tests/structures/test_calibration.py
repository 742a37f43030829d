"""A calibration is an invertible transform and a projection."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.structures import Calibration

PROJECTION = np.eye(3, 4)


@pytest.mark.parametrize(
    ("transform", "projection", "message"),
    [
        (np.eye(3), PROJECTION, r"camera_SE3_lidar: expected shape \(4, 4\), got \(3, 3\)"),
        (np.eye(4), np.eye(4), r"projection: expected shape \(3, 4\), got \(4, 4\)"),
        (np.full((4, 4), np.nan), PROJECTION, "expected finite numbers"),
        (np.zeros((4, 4)), PROJECTION, "expected an invertible transform"),
    ],
)
def test_wrong_calibrations_are_refused(transform: np.ndarray, projection: np.ndarray, message: str) -> None:
    with pytest.raises(ScanpickError, match=message):
        Calibration(transform, projection)


def test_arrays_cannot_be_changed() -> None:
    calibration = Calibration(np.eye(4), PROJECTION, (1242, 375))
    with pytest.raises(ValueError, match="read-only"):
        calibration.projection[0, 0] = 2
