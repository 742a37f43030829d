"""The data set and the detector of the studies' tests."""

from tests.studies.conftest import toy_detector, toy_kitti

__all__ = ["toy_detector", "toy_kitti"]
