"""The nouns that cross every boundary: frozen dataclasses, checked when they are built. numpy only."""

from scanpick.structures.boxes import Boxes3D
from scanpick.structures.calibration import Calibration
from scanpick.structures.camera import Camera
from scanpick.structures.camera_objects import CameraObjects
from scanpick.structures.detections import Detections
from scanpick.structures.embeddings import EmbeddingTable
from scanpick.structures.frame import Frame, FrameRecord
from scanpick.structures.labels import Labels
from scanpick.structures.selection import Selection

__all__ = [
    "Boxes3D",
    "Calibration",
    "Camera",
    "CameraObjects",
    "Detections",
    "EmbeddingTable",
    "Frame",
    "FrameRecord",
    "Labels",
    "Selection",
]
