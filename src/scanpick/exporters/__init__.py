"""Hand-off of picked frames to other tools."""

from scanpick.exporters.exporter import Exporter, ExportSummary, FrameSource
from scanpick.registry import Registry

EXPORTERS: Registry[Exporter] = Registry(
    "exporter",
    {"kitti_subset": "scanpick.exporters.kitti_subset:export_kitti_subset"},
    group="scanpick.exporters",
    given=("name", "replace", "advance"),
)

__all__ = ["EXPORTERS", "ExportSummary", "Exporter", "FrameSource"]
