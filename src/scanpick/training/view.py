"""Which points of a frame a detector sees. Here, since a command line names it before torch is there."""

from enum import StrEnum


class View(StrEnum):
    """Which points of a frame are taken.

    Frames in KITTI's form have labels in the front camera's view only: objects beside and behind it are not labelled,
    and a detector that trains on all points learns to overlook them. ``AUTO`` cuts frames that have a camera and reach
    around the sensor, as ``CAMERA`` does; ``ALL`` takes frames as they are.
    """

    AUTO = "auto"
    CAMERA = "camera"
    ALL = "all"
