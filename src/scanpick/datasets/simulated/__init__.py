"""Drives from our own LiDAR simulator, in KITTI's geometry: deterministic, varied, labelled."""

from scanpick.datasets.simulated.drives import SimulatedDrives

__all__ = ["SimulatedDrives"]
