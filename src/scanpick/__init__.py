"""scanpick: pick the LiDAR frames whose labels improve a 3D detector most per unit of annotation cost."""

from importlib.metadata import version

__version__ = version("scanpick")
