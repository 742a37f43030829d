"""What surfaces are made of, as the sensor sees them."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from scanpick.arrays import Float64Array


class Material(IntEnum):
    """A surface: number, reflectivity (an intensity near and at right angles), height of its roughness in metres.

    `PAINT` takes its reflectivity from the object, since every car has its own colour.
    """

    reflectivity: float
    roughness_m: float

    def __new__(cls, number: int, reflectivity: float, roughness_m: float) -> Material:
        """A member of the number, with the rest as its attributes."""
        member = int.__new__(cls, number)
        member._value_ = number
        member.reflectivity, member.roughness_m = reflectivity, roughness_m
        return member

    PAINT = 0, 0.0, 0.0
    GLASS = 1, 0.02, 0.0
    RUBBER = 2, 0.05, 0.0
    PLASTIC = 3, 0.15, 0.0
    METAL = 4, 0.40, 0.0
    REFLECTOR = 5, 1.60, 0.0
    CLOTH = 6, 0.42, 0.01
    SKIN = 7, 0.45, 0.0
    ASPHALT = 8, 0.33, 0.004
    MARKING = 9, 0.65, 0.004
    DASHED_MARKING = 10, 0.65, 0.004  # painted or asphalt, by the distance along the road
    PAVING = 11, 0.42, 0.005
    GRASS = 12, 0.50, 0.030
    GRAVEL = 13, 0.42, 0.012
    SOIL = 14, 0.40, 0.025
    PLASTER = 15, 0.58, 0.003
    BRICK = 16, 0.46, 0.004
    CONCRETE = 17, 0.50, 0.003
    WOOD = 18, 0.46, 0.004
    BARK = 19, 0.38, 0.010
    FOLIAGE = 20, 0.50, 0.0
    WATER = 21, 0.05, 0.0


REFLECTIVITY: Float64Array = np.array([material.reflectivity for material in Material])
ROUGHNESS_M: Float64Array = np.array([material.roughness_m for material in Material])
"""(number of materials,) each, by `Material`."""
