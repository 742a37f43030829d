"""A road: a centre line with a distance along it (s) and beside it (d, to the left)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float64Array


@dataclass(frozen=True, eq=False)
class Road:
    """A centre line, sampled every `step` metres.

    Attributes:
        start: s of the first sample in metres; the ego vehicle starts at s = 0.
        step: Metres between samples.
        x, y, heading: (S,) world position in metres and direction in radians.
    """

    start: float
    step: float
    x: Float64Array
    y: Float64Array
    heading: Float64Array

    @classmethod
    def from_curvature(cls, start: float, step: float, curvature: Float64Array) -> Road:
        """Integrate (S,) curvatures in 1/m. It passes through the world's origin along +x at s = 0."""
        heading = np.concatenate([[0.0], np.cumsum(curvature[:-1]) * step])
        middle = heading + curvature * step / 2
        x = np.concatenate([[0.0], np.cumsum(np.cos(middle[:-1])) * step])
        y = np.concatenate([[0.0], np.cumsum(np.sin(middle[:-1])) * step])
        origin = round(-start / step)
        turn = heading[origin]
        cos, sin = np.cos(turn), np.sin(turn)
        x, y = x - x[origin], y - y[origin]
        return cls(start, step, cos * x + sin * y, -sin * x + cos * y, heading - turn)

    @classmethod
    def straight(cls, x: float, y: float, heading: float, half_length: float) -> Road:
        """A straight road through (x, y), where s = 0."""
        s = np.arange(-half_length, half_length + 1.0, 1.0)
        return cls(-half_length, 1.0, x + s * np.cos(heading), y + s * np.sin(heading), np.full_like(s, heading))

    def at(self, s: Float64Array | float, d: Float64Array | float) -> tuple[Float64Array, Float64Array, Float64Array]:
        """World x, y and heading at `s` along and `d` to the left; straight on beyond the ends."""
        place = (np.asarray(s, dtype=np.float64) - self.start) / self.step
        low = np.clip(np.floor(place).astype(np.int64), 0, len(self.x) - 2)
        part = np.clip(place - low, 0.0, 1.0)
        heading = self.heading[low] * (1 - part) + self.heading[low + 1] * part
        beyond = (place - low - part) * self.step
        x = self.x[low] * (1 - part) + self.x[low + 1] * part + beyond * np.cos(heading)
        y = self.y[low] * (1 - part) + self.y[low + 1] * part + beyond * np.sin(heading)
        return x - d * np.sin(heading), y + d * np.cos(heading), heading
