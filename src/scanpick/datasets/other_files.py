"""Files of points that are no sweeps: layouts that hold several kinds, and folders beside sweeps.

What a layout is known to hold beside its sweeps is passed over and counted, or the layout is refused by name with the
pattern that reads its sweeps.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

CONVERT = "Convert its sweeps to one of the point file formats, such as .npy, to use them."

NO_SWEEPS = {
    "*gt_database*": "object crops",
    "*dbinfos*": "object crops",
    "lidarseg": "labels",
    "panoptic": "labels",
    "label": "labels",
    "labels": "labels",
    "label_*": "labels",
    "labels_*": "labels",
    "annotations": "labels",
    "predictions": "predictions",
    "*embeddings*": "embeddings",
    "map": "maps",
    "maps": "maps",
    "radar*": "radar",
    "calib": "calibrations",
    "calibration": "calibrations",
    "poses": "poses",
}
"""Names of folders, in lower case, that stand beside the folder of the sweeps, and what they hold."""


@dataclass(frozen=True)
class UnreadLayout:
    """A layout that is recognised and not read as such.

    Attributes:
        name: What it is.
        signs: Patterns of files or folders of which one is there.
        sweeps: A pattern of folders of sweeps that can be read as a folder of point files; None where none can.
    """

    name: str
    signs: tuple[str, ...]
    sweeps: str | None = None

    def advice(self, folder: Path) -> str:
        """What to do with such a folder."""
        lidar = None if self.sweeps is None else next(iter(sorted(folder.glob(self.sweeps))), None)
        if lidar is None:
            return CONVERT
        return f"Its sweeps can be read as a folder of point files with the option pattern=*{lidar.name}*."


UNREAD_LAYOUTS = (
    UnreadLayout(
        "nuScenes without its tables (v1.0-mini/sample_data.json and the others)",
        ("samples/LIDAR_*", "sweeps/LIDAR_*", "samples/RADAR_*"),
        "s*/LIDAR_*",
    ),
)
UNREAD_SUFFIXES = {
    **dict.fromkeys((".bag", ".db3", ".mcap"), "recordings; give the file, or the folder that it lies in"),
    ".feather": "Arrow files, as Argoverse 2 has",
    ".gz": "packed files, of which those of PandaSet are read in its own folders",
    ".osf": "Ouster recordings; ouster-cli source FILE save NAME.bag makes one that is read",
    ".parquet": "Parquet files, of which Waymo Open 2 is read in its own folders",
    ".pcap": "packets of a sensor; its driver makes a ROS bag or .pcd of them",
    ".tfrecord": "Waymo Open's version 1; download the same frames as version 2, which is Parquet",
}
"""Files that hold sweeps and are not read yet."""


def unread_layout(folder: Path) -> str | None:
    """What a folder, or one up to two below it, is and what to do, where its layout is not read as such."""
    for base in _folders(folder, 2):
        for layout in UNREAD_LAYOUTS:
            if any(next(base.glob(sign), None) is not None for sign in layout.signs):
                return f"this looks like {layout.name}, which is not read as such. {layout.advice(base)}"
    return None


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    yield folder
    try:
        below = sorted(entry.name for entry in os.scandir(folder) if depth and entry.is_dir())
    except OSError:  # told where its files are listed
        return
    for name in below:
        if not name.startswith("."):
            yield from _folders(folder / name, depth - 1)


def kind_of_no_sweep(name: str) -> str | None:
    """What the file of a path below a data set's folder is by its folders' names, where that is no sweep."""
    folders = [folder.lower() for folder in PurePosixPath(name).parts[:-1]]
    return next((kind for pattern, kind in NO_SWEEPS.items() if any(fnmatch(f, pattern) for f in folders)), None)
