"""The scale of intensities: sensors and formats give 0 to 1, 0 to 255 or 0 to 65535, frames hold 0 to 1.

The files do not say which, and one frame does not tell: a dark one of 0 to 65535 ends below 255. So the scale is found
from several files, holds for the whole data set, and every frame is held against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanpick.arrays import Float32Array
from scanpick.datasets.point_files.cloud import NO_INTENSITY, PointCloud
from scanpick.errors import FrameError, ScanpickError
from scanpick.structures.checks import name_some

SCALES = (1.0, 255.0, 65535.0)
CUT_TO_SCALE = "points whose intensity was out of range, cut to it"
LEFT_OUT = "none"

_OUTLIERS = 0.01
"""Share of points that may lie beyond a scale: a retroreflector, or one odd point among millions, is no other scale."""
_OTHER_SCALE = 0.05
"""Share of points beyond the scale with which a frame is on another one."""
_CLEAR_MAJORITY = 2 / 3
_FEWEST_POINTS = 100
"""Fewer tell nothing of a scale; what is beyond it in them is cut."""
_FAR_APART = 50
"""How many times brighter one file may be than another of the same scale."""


@dataclass(frozen=True)
class Intensity:
    """What intensities are divided by, where 0 leaves them out, and how it was found."""

    scale: float
    reason: str

    @property
    def option(self) -> str | int | float:
        """The value of the option that asks for it."""
        if not self.scale:
            return LEFT_OUT
        return int(self.scale) if self.scale.is_integer() else self.scale

    @property
    def description(self) -> str:
        """In words."""
        what = f"0 to {self.option}" if self.scale else "left out"
        return f"intensity {what} ({self.reason})"

    def applied(self, cloud: PointCloud, path: Path) -> PointCloud:
        """The cloud with intensities from 0 to 1; a `FrameError` where its intensities are on another scale."""
        if NO_INTENSITY in cloud.notes:
            return cloud
        if not self.scale:
            points = cloud.points.copy()
            points[:, 3] = 0
            return PointCloud(points, {**cloud.notes, NO_INTENSITY: len(points)})
        raw = cloud.points[:, 3]
        low, high = float(raw.min()), float(raw.max())
        if self.scale > _FAR_APART and 0 < high <= 1 and _shows_unit_scale(raw):
            raise self._misfit(path, f"end at {high:.3g}, as on a scale of 0 to 1", 1)
        if low >= 0 and high <= self.scale:
            if self.scale == 1:
                return cloud
            beyond = 0
        else:
            beyond = int(((raw < 0) | (raw > self.scale)).sum())
            if len(raw) >= _FEWEST_POINTS and beyond > _OTHER_SCALE * len(raw):
                told = f"are out of range in {beyond} of {len(raw)} points, from {low:.4g} to {high:.4g}"
                raise self._misfit(path, told, next((s for s in SCALES if low >= 0 and high <= s), None))
        points = cloud.points.copy()
        points[:, 3] = np.clip(raw / np.float32(self.scale), 0, 1)
        return PointCloud(points, {**cloud.notes, CUT_TO_SCALE: beyond} if beyond else cloud.notes)

    def _misfit(self, path: Path, told: str, other: float | None) -> FrameError:
        way = f"intensity={LEFT_OUT}" if other is None else f"intensity={other:.0f}"
        return FrameError(
            f"{path}: intensities {told}, where the data set's are 0 to {self.option} ({self.reason}). "
            f"Give the option {way} if all files are like this.",
            kind="intensity",
        )


def given_intensity(value: float | str) -> Intensity | None:
    """What the option says; None for "auto", a `ScanpickError` where it is no scale."""
    if value == "auto":
        return None
    if value == LEFT_OUT:
        return Intensity(0.0, "as asked")
    try:
        scale = float(value)
    except (TypeError, ValueError):
        scale = 0.0
    if isinstance(value, bool) or not 0 < scale < float("inf"):
        raise ScanpickError(
            f"Option intensity: expected the largest intensity that the sensor gives (1, 255, 65535, or another "
            f"number above 0), none to leave intensities out, or auto, got {value!r}."
        )
    return Intensity(scale, "as asked")


def infer_intensity(clouds: Mapping[Path, PointCloud]) -> Intensity:
    """Find the scale from the points of some files: the smallest of `SCALES` that few points go beyond.

    Raises:
        ScanpickError: Files are on different scales, or intensities are negative or beyond all scales.
    """
    raws = {path: cloud.points[:, 3] for path, cloud in clouds.items() if NO_INTENSITY not in cloud.notes}
    raws = {path: raw for path, raw in raws.items() if raw.any()}
    if not raws:
        return Intensity(1.0, "no file looked at has any" if clouds else "no file could be looked at")
    raws = _in_range(raws)
    unit = [path for path, raw in raws.items() if _shows_unit_scale(raw)]
    beyond = [path for path, raw in raws.items() if _share_beyond(raw, 1) > _OTHER_SCALE]
    raws = _of_one_scale(raws, unit, beyond, ("from 0 to 1", "beyond 1"))
    if _scale(raws) == SCALES[-1]:
        brightness = {path: float(np.percentile(raw, 99)) for path, raw in raws.items()}
        faint = [path for path in raws if brightness[path] * _FAR_APART <= max(brightness.values())]
        bright = [path for path in raws if path not in faint]
        raws = _of_one_scale(raws, faint, bright, ("faint", f"{_FAR_APART} times as bright"))
    largest = max(float(raw.max()) for raw in raws.values())
    return Intensity(_scale(raws), f"inferred from {len(raws)} of {len(clouds)} files looked at, up to {largest:.4g}")


def _scale(raws: Mapping[Path, Float32Array]) -> float:
    everything = np.concatenate(list(raws.values()))
    return next((scale for scale in SCALES if _share_beyond(everything, scale) <= _OUTLIERS), SCALES[-1])


def _in_range(raws: Mapping[Path, Float32Array]) -> dict[Path, Float32Array]:
    """The files whose intensities are on any scale at all, where these are clearly most."""
    low, high = 0.0, SCALES[-1]
    fine = {
        path: raw
        for path, raw in raws.items()
        if len(raw) < _FEWEST_POINTS or ((raw < low) | (raw > high)).mean() <= _OTHER_SCALE
    }
    if len(fine) >= _CLEAR_MAJORITY * len(raws):
        return fine
    path, raw = next((path, raw) for path, raw in raws.items() if path not in fine)
    raise ScanpickError(
        f"{path}: intensities from {raw.min():.4g} to {raw.max():.4g}, where 0 to 1, 0 to 255 or 0 to 65535 were "
        f"expected{': decibels?' if raw.min() < 0 else '.'} {len(raws) - len(fine)} of {len(raws)} files looked at are "
        f"like this. Give the option intensity={LEFT_OUT} to leave them out, or the number that they end at."
    )


def _of_one_scale(
    raws: dict[Path, Float32Array], first: Sequence[Path], second: Sequence[Path], names: tuple[str, str]
) -> dict[Path, Float32Array]:
    """Without the smaller of two groups of files that are on different scales; refused where neither is small."""
    if not first or not second:
        return raws
    most, fewest = (first, second) if len(first) > len(second) else (second, first)
    if len(most) < _CLEAR_MAJORITY * (len(first) + len(second)):
        raise ScanpickError(
            f"The intensities of the files are on different scales: {names[0]} in {len(first)} files looked at "
            f"({name_some(first, 2)}), {names[1]} in {len(second)} ({name_some(second, 2)}). Read one kind with the "
            f"option pattern, or say what all end at: intensity=1, intensity=255 or intensity=65535; "
            f"intensity={LEFT_OUT} leaves them out."
        )
    return {path: raw for path, raw in raws.items() if path not in fewest}


def _share_beyond(raw: Float32Array, scale: float) -> float:
    return float((raw > scale).mean())


def _shows_unit_scale(raw: Float32Array) -> bool:
    """Whether intensities are fractions of 1, as they are on no other scale."""
    seen = raw[raw > 0]
    fractions = (seen < 1) & (seen != np.floor(seen))
    return len(seen) >= _FEWEST_POINTS and float(fractions.mean()) > 0.1 and _share_beyond(raw, 1) <= _OUTLIERS
