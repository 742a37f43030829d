"""What surfaces are made of, as the sensor sees them."""

from enum import IntEnum

import numpy as np

from scanpick.arrays import Float64Array


class Material(IntEnum):
    """A surface. `PAINT` takes its reflectivity from the object, since every car has its own colour."""

    PAINT = 0
    GLASS = 1
    RUBBER = 2
    PLASTIC = 3
    METAL = 4
    REFLECTOR = 5
    CLOTH = 6
    SKIN = 7
    ASPHALT = 8
    MARKING = 9
    DASHED_MARKING = 10  # painted or asphalt, by the distance along the road
    PAVING = 11
    GRASS = 12
    GRAVEL = 13
    SOIL = 14
    PLASTER = 15
    BRICK = 16
    CONCRETE = 17
    WOOD = 18
    BARK = 19
    FOLIAGE = 20
    WATER = 21


# Material: reflectivity (an intensity at close range and right angles), height of its roughness in metres.
_TABLE: dict[Material, tuple[float, float]] = {
    Material.PAINT: (0.0, 0.0),
    Material.GLASS: (0.02, 0.0),
    Material.RUBBER: (0.05, 0.0),
    Material.PLASTIC: (0.15, 0.0),
    Material.METAL: (0.40, 0.0),
    Material.REFLECTOR: (1.60, 0.0),
    Material.CLOTH: (0.42, 0.01),
    Material.SKIN: (0.45, 0.0),
    Material.ASPHALT: (0.33, 0.004),
    Material.MARKING: (0.65, 0.004),
    Material.DASHED_MARKING: (0.65, 0.004),
    Material.PAVING: (0.42, 0.005),
    Material.GRASS: (0.50, 0.030),
    Material.GRAVEL: (0.42, 0.012),
    Material.SOIL: (0.40, 0.025),
    Material.PLASTER: (0.58, 0.003),
    Material.BRICK: (0.46, 0.004),
    Material.CONCRETE: (0.50, 0.003),
    Material.WOOD: (0.46, 0.004),
    Material.BARK: (0.38, 0.010),
    Material.FOLIAGE: (0.50, 0.0),
    Material.WATER: (0.05, 0.0),
}

REFLECTIVITY: Float64Array = np.array([_TABLE[material][0] for material in Material])
ROUGHNESS_M: Float64Array = np.array([_TABLE[material][1] for material in Material])
"""(number of materials,) each, by `Material`."""
