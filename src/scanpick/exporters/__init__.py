"""Hand-off of picked frames to other tools, and labels back from them."""

from scanpick.exporters.exporter import (
    Exporter,
    ExportSummary,
    FrameSource,
    HandOff,
    LabelReader,
    ReturnedLabels,
)
from scanpick.registry import Registry

EXPORTERS: Registry[type[Exporter]] = Registry(
    "exporter",
    {
        "cvat": "scanpick.exporters.cvat:Cvat",
        "kitti_subset": "scanpick.exporters.kitti_subset:KittiSubset",
        "segments": "scanpick.exporters.segments:Segments",
        "supervisely": "scanpick.exporters.supervisely:Supervisely",
    },
    group="scanpick.exporters",
    protocol=Exporter,
)

__all__ = ["EXPORTERS", "ExportSummary", "Exporter", "FrameSource", "HandOff", "LabelReader", "ReturnedLabels"]
