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
        "mcap": "scanpick.exporters.mcap_file:McapFile",
        "mmdet3d": "scanpick.exporters.detector_folders:Mmdet3d",
        "openlabel": "scanpick.exporters.openlabel:OpenLabel",
        "openpcdet": "scanpick.exporters.detector_folders:OpenPcdet",
        "scale": "scanpick.exporters.scale:Scale",
        "segments": "scanpick.exporters.segments:Segments",
        "supervisely": "scanpick.exporters.supervisely:Supervisely",
        "sustechpoints": "scanpick.exporters.sustechpoints:SustechPoints",
        "xtreme1": "scanpick.exporters.xtreme1:Xtreme1",
    },
    group="scanpick.exporters",
    protocol=Exporter,
)

__all__ = ["EXPORTERS", "ExportSummary", "Exporter", "FrameSource", "HandOff", "LabelReader", "ReturnedLabels"]
