"""Calibrations and image sizes of a KITTI object folder."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from scanpick.errors import ScanpickError
from scanpick.formats.kitti_text import read_calibration
from scanpick.structures import Calibration

KITTI_IMAGE_SIZE = (1242, 375)
"""Width and height of most of KITTI's images, taken where an image is not there to be measured."""


@dataclass
class KittiCameras:
    """Calibrations and image sizes of a KITTI object folder, by frame id.

    Attributes:
        calib: Folder of calibration files.
        images: Folder of images, whose sizes 2D boxes are clipped to; it need not exist.
        image_size: Width and height for all frames, instead of looking at images.
        assumed: Frames whose size was taken to be `KITTI_IMAGE_SIZE`; grows as frames are asked for.
    """

    calib: Path
    images: Path
    image_size: tuple[int, int] | None = None
    assumed: list[str] = field(default_factory=list)

    @classmethod
    def beside(cls, labels: Path, image_size: tuple[int, int] | None = None) -> KittiCameras:
        """Those that lie beside a folder of labels: ``../calib`` and ``../image_2``."""
        return cls(labels.parent / "calib", labels.parent / "image_2", image_size)

    def __call__(self, frame_id: str) -> Calibration:
        """The calibration of a frame, with its image's size.

        Raises:
            ScanpickError: There is no calibration file, or a file cannot be read.
        """
        path = self.calib / f"{frame_id}.txt"
        if not os.path.isfile(path):  # Path.is_file raises an error where the name is too long
            raise ScanpickError(
                f"{path}: no calibration of frame '{frame_id}', which its LiDAR boxes need to be compared with KITTI "
                f"labels. Name the folder of calibrations with `calib=...`."
            )
        calibration = read_calibration(path)
        return Calibration(calibration.camera_SE3_lidar, calibration.projection, self._size(frame_id))

    def _size(self, frame_id: str) -> tuple[int, int]:
        if self.image_size is not None:
            return self.image_size
        path = find_image(self.images / frame_id)
        if path is not None:
            size = image_size(path)
            if size is None:
                raise ScanpickError(f"{path}: cannot read the image's size.")
            return size
        self.assumed.append(frame_id)
        return KITTI_IMAGE_SIZE


def find_image(place: Path) -> Path | None:
    """The image of this path, which has no suffix, whatever its format; None where there is none."""
    paths = (place.with_name(f"{place.name}{suffix}") for suffix in (".png", ".jpg", ".jpeg"))
    # Path.is_file raises an error where a suffix makes a name too long for the file system.
    return next((path for path in paths if os.path.isfile(path)), None)


def image_size(path: Path) -> tuple[int, int] | None:
    """Width and height from an image's header; None where it is broken."""
    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def parse_image_size(text: str) -> tuple[int, int]:
    """Width and height from text such as "1242x375"; a `ScanpickError` for another form."""
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise ScanpickError(f"Image size: expected WIDTHxHEIGHT in pixels such as 1242x375, got '{text}'.")
    return int(width), int(height)
