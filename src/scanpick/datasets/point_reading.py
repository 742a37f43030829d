"""How all point files of a data set are read: the cut of ``.bin`` files, and the scale of intensities.

Both are found once for the whole data set, from a sample of its files, never file by file: the same sensor must not be
read in two ways. Each frame is held against them as it is read; one that says otherwise is set aside with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scanpick.datasets.intensity import Intensity, given_intensity, infer_intensity
from scanpick.datasets.options import whole_number
from scanpick.datasets.point_files import PointCloud, read_points
from scanpick.datasets.point_files.bin_columns import CANDIDATES, USUAL, Cut, InferredCut, infer_cut, spread
from scanpick.errors import FrameError, ScanpickError
from scanpick.structures import FrameRecord

AUTO = "auto"
_FILES_SAMPLED = 8


@dataclass(frozen=True)
class PointReading:
    """How the point files of a data set are read: the cut of ``.bin`` files, if there are any, and the scale.

    With `insist`, files are cut so even where their values look like another cut.
    """

    cut: InferredCut | None
    intensity: Intensity
    insist: bool = False

    def read(self, path: Path) -> PointCloud:
        """The points of one file, intensities from 0 to 1; a `FrameError` where it cannot be used or read like this."""
        return self.intensity.applied(self._read_raw(path), path)

    def _read_raw(self, path: Path) -> PointCloud:
        return read_points(path, bin_cut=USUAL if self.cut is None else self.cut.cut, insist=self.insist)

    @property
    def options(self) -> Mapping[str, str | int | float]:
        """The options of the data set that ask for this reading."""
        cut: dict[str, str | int | float] = {}
        if self.cut is not None:
            cut["columns"] = self.cut.cut.columns
            cut |= {"dtype": self.cut.cut.dtype} if self.cut.cut.dtype != "float32" else {}
        return {**cut, "intensity": self.intensity.option}

    @property
    def description(self) -> str:
        """What was found, in words."""
        cut = [] if self.cut is None else [f".bin has {self.cut.cut} ({self.cut.reason})"]
        return "; ".join([*cut, self.intensity.description])


def find_reading(
    records: Sequence[FrameRecord], *, columns: int | str = AUTO, dtype: str = AUTO, intensity: float | str = AUTO
) -> PointReading:
    """Find how files are to be read, from what was asked for and from the values of some of them.

    Args:
        records: All frames.
        columns: Columns of ``.bin`` files; "auto" to infer them.
        dtype: Their numbers, "float32", "float64" or "auto". With both given, they are read so whatever they look like.
        intensity: What intensities are divided by to reach from 0 to 1; "none" leaves them out, "auto" infers.

    Raises:
        ScanpickError: An option has an impossible value, or the files leave open how they are to be read.
    """
    dtypes = ["float32", "float64"] if dtype == AUTO else [dtype]
    given = given_intensity(intensity)
    asked = None if columns == AUTO else whole_number("columns", columns, least=3, most=16)
    paths = [record.path for record in records if record.path is not None]
    bins = _bins(records)
    cut = None
    if bins and asked is None:
        cut = infer_cut(bins, [cut for cut in CANDIDATES if cut.dtype in dtypes])
    elif bins and asked is not None:
        cut = InferredCut(_of_asked_columns(bins, asked, dtypes), "as asked")
    raw = PointReading(cut, Intensity(1.0, ""), insist=asked is not None and dtype != AUTO)
    return replace(raw, intensity=given or infer_intensity(_intensities(raw, paths)))


def find_kitti_reading(
    records: Sequence[FrameRecord], *, columns: int | str = AUTO, intensity: float | str = AUTO
) -> PointReading:
    """As `find_reading`, for layouts with 4 float32 columns; files whose values show others are an error."""
    if columns == AUTO:
        _check_usual(_bins(records))
    reading = find_reading(
        records, columns=USUAL.columns if columns == AUTO else columns, dtype=USUAL.dtype, intensity=intensity
    )
    if reading.cut is None or columns != AUTO:
        return reading
    return replace(reading, cut=replace(reading.cut, reason="as the layout has"), insist=False)


def _of_asked_columns(bins: Sequence[Path], columns: int, dtypes: Sequence[str]) -> Cut:
    """The type that the values show, or the first."""
    try:
        return infer_cut(bins, [Cut(columns, dtype) for dtype in dtypes]).cut
    except ScanpickError:
        return Cut(columns, dtypes[0])


def _bins(records: Sequence[FrameRecord]) -> list[Path]:
    return [record.path for record in records if record.path is not None and record.path.suffix.lower() == ".bin"]


def _check_usual(bins: Sequence[Path]) -> None:
    try:
        cut = infer_cut(bins).cut if bins else USUAL
    except ScanpickError:  # left open: the layout decides
        return
    if cut != USUAL:
        raise ScanpickError(
            f"The values of the .bin files look like points of {cut}, where KITTI's layout has {USUAL} "
            f"({bins[0]}). "
            + (
                f"Give the option {cut.options} to read them so, or {USUAL.options} to insist."
                if cut.dtype == USUAL.dtype
                else f"Open the folder as folder:PATH with the options {cut.options}."
            )
        )


def _intensities(reading: PointReading, paths: Sequence[Path]) -> dict[Path, PointCloud]:
    """The points of some files as they are; those that cannot be read are passed over here."""
    clouds = {}
    for path in spread(paths, _FILES_SAMPLED):
        try:
            clouds[path] = reading._read_raw(path)
        except FrameError:
            continue
    return clouds
