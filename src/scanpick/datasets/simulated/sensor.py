"""A spinning sensor of 64 beams: which way its rays go, and what comes back."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from scanpick.arrays import Float64Array, Int64Array, Points
from scanpick.datasets.simulated.materials import REFLECTIVITY, ROUGHNESS_M, Material
from scanpick.datasets.simulated.raycast import NOTHING, Hits, Rays, random_unit
from scanpick.datasets.simulated.world import Weather

COLUMNS = 2300
"""Rays of one beam in a turn: 0.157 degrees apart, as in KITTI's clouds."""

MAX_RANGE_M = 80.0
FIELD_OF_VIEW_RAD = math.radians(42.0)
"""Half the width of the fan that covers the camera's image."""

RANGE_NOISE_M = 0.012
DROP_OUT = 0.02
"""Share of rays that are lost for no reason."""

INTENSITY_NOISE = 0.045

BEAM_GAINS: Float64Array = 1.0 + 0.22 * np.sin(np.arange(64) * 2.4) * (1 + 0.5 * np.sin(np.arange(64) * 0.7))
"""Some beams report brighter than others."""

SENSITIVITY = 60.0
"""Of the detector: an echo of strength 1 / 60 has a chance of 63 % to be noticed."""

_LEVELS = np.interp(
    np.arange(MAX_RANGE_M) + 0.5,
    [0.0, 6.0, 10.0, 14.0, 20.0, 32.0, 55.0, 80.0],
    [0.6, 0.8, 0.92, 1.0, 0.95, 0.62, 0.24, 0.12],
)
"""How the sensor's compensation of distance leaves intensities, metre by metre, measured on KITTI's clouds."""

_FAR_AWAY = 1e12
_METAL, _PLATE = int(Material.METAL), int(Material.REFLECTOR)
_ASPHALT, _DASHED = int(Material.ASPHALT), int(Material.DASHED_MARKING)


def beam_elevations() -> Float64Array:
    """(64,) radians, lowest first: 32 beams 0.51 degrees apart up from -24.8, 32 beams 1/3 degree apart up to +2."""
    upper = np.linspace(2.0, -25.0 / 3.0, 32)
    lower = np.linspace(-8.83, -24.8, 32)
    return np.radians(np.concatenate([upper, lower])[::-1])


def fan(frame_seed: int, *, full: bool) -> Rays:
    """The rays of one turn, or those of its part that the camera sees; that part is the same either way.

    The turn starts at another angle in every frame, and each beam is a little ahead of or behind its column.
    """
    seed = np.uint64(frame_seed)
    step = 2 * np.pi / COLUMNS
    azimuths = np.asarray((np.arange(COLUMNS) + random_unit(seed, 0, 0, 2)) * step - np.pi, dtype=np.float64)
    in_view = np.abs(azimuths) <= FIELD_OF_VIEW_RAD
    numbers = np.arange(COLUMNS) if full else np.flatnonzero(in_view)
    elevations = beam_elevations()
    ahead = (np.arange(len(elevations)) * 0.618034 % 1.0 - 0.5) * step
    own = azimuths[numbers, None] + ahead[None, :]  # (C, B)
    return Rays(azimuths[numbers], step, np.tan(elevations), np.cos(own), np.sin(own), numbers, in_view[numbers], seed)


def sweep(rays: Rays, hits: Hits, paint: Float64Array, weather: Weather) -> tuple[Points, Int64Array]:
    """What the sensor reports of first hits; `paint` is the (O,) reflectivity of each object's painted parts.

    Returns:
        (P, 4) x, y, z in metres and intensity from 0 to 1, beam by beam from the top, by azimuth; and (P,) whose they
        are: the index of an object, or `GROUND`, or `NOTHING` for drops of rain.
    """
    return _sweep(rays, hits, paint, weather.rain, weather.wet, REFLECTIVITY, ROUGHNESS_M, BEAM_GAINS)


@njit(cache=True, nogil=True)
def _sweep(
    rays: Rays,
    hits: Hits,
    paint: Float64Array,
    rain: float,
    wet: float,
    reflectivity: Float64Array,
    roughness: Float64Array,
    gains: Float64Array,
) -> tuple[Points, Int64Array]:
    columns, beams = rays.x.shape
    points = np.empty((columns * beams, 4), dtype=np.float32)
    owners = np.empty(columns * beams, dtype=np.int64)
    count = 0
    for b in range(beams - 1, -1, -1):
        length = math.sqrt(1 + rays.tangents[b] ** 2)
        for c in range(columns):
            number, owner = rays.numbers[c], hits.owner[c, b]
            range_m = hits.distance[c, b] * length
            drop = _drop(rain, rays.seed, number, b)
            if drop < range_m:
                owner = NOTHING
                range_m, rough, intensity = drop, 0.0, 0.06 * random_unit(rays.seed, number, b, 5)
            elif owner == NOTHING or range_m >= MAX_RANGE_M:
                continue
            else:
                material = hits.material[c, b]
                own = paint[owner] if material == 0 else reflectivity[material]
                intensity, chance = _echo(own, material, hits.incidence[c, b], range_m, wet)
                if random_unit(rays.seed, number, b, 6) >= chance * (1 - DROP_OUT):
                    continue
                rough = roughness[material]
                intensity = intensity * gains[b] + INTENSITY_NOISE * _normal(rays.seed, number, b, 7)
            r = (range_m + RANGE_NOISE_M * _normal(rays.seed, number, b, 8)) / length
            z = r * rays.tangents[b] + rough * _normal(rays.seed, number, b, 9)
            # Millimetres and hundredths, as in KITTI's files.
            points[count, 0] = math.floor(r * rays.x[c, b] * 1000 + 0.5) / 1000
            points[count, 1] = math.floor(r * rays.y[c, b] * 1000 + 0.5) / 1000
            points[count, 2] = math.floor(z * 1000 + 0.5) / 1000
            points[count, 3] = math.floor(min(max(intensity, 0.0), 0.99) * 100 + 0.5) / 100
            owners[count] = owner
            count += 1
    return points[:count].copy(), owners[:count].copy()


@njit(cache=True, nogil=True)
def _drop(rain: float, seed: np.uint64, column: int, beam: int) -> float:
    """Distance in metres at which a drop of rain stops the ray; large where none does."""
    if rain == 0 or random_unit(seed, column, beam, 3) >= rain:
        return _FAR_AWAY
    return 1.5 - 3.0 * math.log(random_unit(seed, column, beam, 4))


@njit(cache=True, nogil=True)
def _echo(own: float, material: int, incidence: float, range_m: float, wet: float) -> tuple[float, float]:
    """Intensity of an echo, and the chance that it is strong enough to be noticed.

    The intensity follows what KITTI's clouds show: rough surfaces look the same from all sides, smooth ones only when
    met squarely; beyond 25 m intensities fall and many echoes report none.
    """
    if material == _PLATE:
        return 0.99, 1.0
    smooth = material <= _METAL
    if wet > 0 and _ASPHALT <= material <= _DASHED:
        own *= 1 - 0.9 * wet
    level = _LEVELS[min(int(range_m), len(_LEVELS) - 1)]
    intensity = own * level * (incidence if smooth else 0.8 + 0.2 * incidence)
    # Of what falls in at a grazing angle little comes back.
    caught = 0.4 * incidence * incidence if smooth else 1.4 * (0.05 + incidence)
    signal = own * caught * (30.0 / range_m) ** 2
    return intensity - 0.03, 1 - math.exp(-SENSITIVITY * signal)


@njit(cache=True, nogil=True)
def _normal(seed: np.uint64, column: int, beam: int, purpose: int) -> float:
    """Nearly a normal deviate: the sum of the four 13-bit parts of one random number, scaled to variance 1."""
    bits = int(random_unit(seed, column, beam, purpose) * 4503599627370496.0)  # 52 of them
    total = (bits & 8191) + (bits >> 13 & 8191) + (bits >> 26 & 8191) + (bits >> 39 & 8191)
    return (total / 8192.0 - 2.0 + 2.0 / 8192.0) * 1.7320508
