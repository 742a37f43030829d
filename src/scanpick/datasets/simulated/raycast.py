"""Rays against the ground and against objects: first hits, and who is hidden behind whom.

A fan of rays has C columns (azimuths) and B beams (elevations, lowest first). Rays start at the sensor, the origin of
the sensor frame (x forward, y left, z up). A ray is measured by its **horizontal** distance: the point at distance r is
r * (cos azimuth, sin azimuth, tan elevation), so that a beam is a straight line over the ground profile of its column.

Objects are visited one by one and only under the rays inside the angles they fill, into a depth buffer; the cost grows
with the rays that they cover, not with rays times objects.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.datasets.simulated import shapes
from scanpick.datasets.simulated.ground import GroundArrays, ground_at

NOTHING, GROUND = -2, -1
"""Owners of a ray that hits no object: one that leaves into the sky, one that meets the ground."""

_FAR = 1e9
_MISS = (_FAR, -_FAR, 0.0)


class Rays(NamedTuple):
    """A fan of rays.

    Attributes:
        azimuths: (C,) radians of the columns, ascending by `step`, the azimuth step in radians.
        tangents: (B,) tangents of the elevations, ascending.
        x: (C, B) and y: (C, B) cosine and sine of each ray's own azimuth, which may be off its column's by less than
            a step.
        numbers: (C,) of the columns in the full turn, so that a ray's random numbers do not depend on the fan.
        counted: (C,) whether the column counts for the visibility of objects.
        seed: Of what is random about rays: the way into foliage.
    """

    azimuths: Float64Array
    step: float
    tangents: Float64Array
    x: Float64Array
    y: Float64Array
    numbers: Int64Array
    counted: BoolArray
    seed: np.uint64


class Hits(NamedTuple):
    """First hits of rays. All (C, B).

    Attributes:
        distance: Horizontal distance in metres; large where there is none.
        owner: Index of the object, or `GROUND`, or `NOTHING`.
        material: `Material` of the surface.
        incidence: Cosine of the angle between ray and surface normal.
    """

    distance: Float64Array
    owner: Int64Array
    material: Int64Array
    incidence: Float64Array


class Objects(NamedTuple):
    """O objects in the sensor frame.

    Attributes:
        x, y, z: (O,) centre of the footprint, z on the ground.
        cos, sin: (O,) of the yaw.
        slope_x, slope_y: (O,) rise of the ground under the object along its own axes. The object is sheared with it.
        low, high: (O, 3) bounds of its primitives in its own frame.
        first, rows: (O,) where its rows in `primitives` begin, and how many they are.
        primitives: (P, 13), see `shapes.COLUMNS`.
        labelled: (O,) whether the rays that it would stop alone are to be counted.
    """

    x: Float64Array
    y: Float64Array
    z: Float64Array
    cos: Float64Array
    sin: Float64Array
    slope_x: Float64Array
    slope_y: Float64Array
    low: Float64Array
    high: Float64Array
    first: Int64Array
    rows: Int64Array
    primitives: Float64Array
    labelled: BoolArray


class View(NamedTuple):
    """Where the sensor is over the ground.

    Attributes:
        x, y, cos, sin: Position in the world in metres, and heading.
        z: Height of the sensor above the world's zero in metres.
        pitch, roll: Rise of the sensor's x and y axes per metre. The tilt is a shear: z = height - (z + pitch x + roll
            y), so that upright things stay upright in the sensor frame, as KITTI's boxes assume.
    """

    x: float
    y: float
    cos: float
    sin: float
    z: float
    pitch: float
    roll: float


@njit(cache=True, nogil=True)
def random_unit(seed: np.uint64, column: int, beam: int, purpose: int) -> float:
    """A number in (0, 1) that only depends on the arguments (splitmix64): the same in any order and on any thread."""
    place = (np.uint64(column) << np.uint64(40)) | (np.uint64(beam) << np.uint64(32)) | np.uint64(purpose)
    z = seed + (place + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (float(z >> np.uint64(11)) + 0.5) / 9007199254740992.0


@njit(cache=True, nogil=True)
def cast_ground(ground: GroundArrays, view: View, rays: Rays, max_distance: float) -> Hits:
    """First hits on the ground.

    The ground's profile is sampled once along each column, in steps that grow with distance. Walking outwards, the
    lowest beam that is still in the air is always the next to land, so one walk serves all beams.
    """
    columns, beams = rays.x.shape
    distance = np.full((columns, beams), _FAR)
    owner = np.full((columns, beams), NOTHING)
    material = np.zeros((columns, beams), dtype=np.int64)
    incidence = np.zeros((columns, beams))
    for c in range(columns):
        cos, sin = math.cos(rays.azimuths[c]), math.sin(rays.azimuths[c])
        world_cos, world_sin = view.cos * cos - view.sin * sin, view.sin * cos + view.cos * sin
        tilt = view.pitch * cos + view.roll * sin
        # A random start keeps the samples from forming circles around the sensor.
        near = 1.0 + 0.1 * random_unit(rays.seed, rays.numbers[c], 0, 1)
        near_z = ground_at(ground, view.x + near * world_cos, view.y + near * world_sin)[0] - view.z - tilt * near
        beam = 0
        while beam < beams and near < max_distance:
            far = near * 1.012 + 0.1
            far_z = ground_at(ground, view.x + far * world_cos, view.y + far * world_sin)[0] - view.z - tilt * far
            while beam < beams and rays.tangents[beam] * far <= far_z:
                tangent = rays.tangents[beam]
                above = max(tangent * near - near_z, 0.0)
                r = near + (far - near) * above / (above + far_z - tangent * far + 1e-12)
                slope = (far_z - near_z) / (far - near)
                x = view.x + r * world_cos
                y = view.y + r * world_sin
                distance[c, beam] = r
                owner[c, beam] = GROUND
                material[c, beam] = ground_at(ground, x, y)[1]
                incidence[c, beam] = abs(slope - tangent) / math.sqrt((1 + slope * slope) * (1 + tangent * tangent))
                beam += 1
            near, near_z = far, far_z
    return Hits(distance, owner, material, incidence)


@njit(cache=True, nogil=True)
def cast_objects(objects: Objects, rays: Rays, hits: Hits) -> Int64Array:
    """Move `hits` to the objects that stand before them.

    Returns:
        (O,) how many counted rays would hit each labelled object if nothing else stood in the world; 0 for others.
    """
    alone = np.zeros(len(objects.x), dtype=np.int64)
    counted_for = np.full(rays.x.shape, -1)  # the last object for which a ray was counted
    turn = round(2 * math.pi / rays.step)
    for o in range(len(objects.x)):
        low, high = objects.low[o], objects.high[o]
        start, stop, _, _, _ = _extent(objects, o, rays, low[0], high[0], low[1], high[1], low[2], high[2])
        if not _meets(start, stop, len(rays.azimuths), turn):
            continue
        for row in range(objects.first[o], objects.first[o] + objects.rows[o]):
            _cast_primitive(objects, o, row, rays, hits, counted_for, alone, turn)
    return alone


@njit(cache=True, nogil=True)
def _cast_primitive(
    objects: Objects,
    o: int,
    row: int,
    rays: Rays,
    hits: Hits,
    counted_for: Int64Array,
    alone: Int64Array,
    turn: int,
) -> None:
    """`cast_objects` for one primitive of object `o`."""
    p = objects.primitives[row]
    back, front = min(p[shapes.BACK], p[shapes.BACK_TOP]), max(p[shapes.FRONT], p[shapes.FRONT_TOP])
    right, left = min(p[shapes.RIGHT], p[shapes.RIGHT_TOP]), max(p[shapes.LEFT], p[shapes.LEFT_TOP])
    start, stop, low_beam, high_beam, nearest = _extent(
        objects, o, rays, back, front, right, left, p[shapes.BOTTOM], p[shapes.TOP]
    )
    for shift in (-turn, 0, turn):
        for c in range(max(start + shift, 0), min(stop + shift, len(rays.azimuths))):
            counts = objects.labelled[o] and rays.counted[c]
            for b in range(low_beam, high_beam):
                counts_here = counts and counted_for[c, b] != o
                if hits.distance[c, b] < nearest and not counts_here:
                    continue
                distance, incidence = _hit(objects, o, row, rays, c, b)
                if distance == _FAR:
                    continue
                if counts_here:
                    counted_for[c, b] = o
                    alone[o] += 1
                if distance < hits.distance[c, b]:
                    hits.distance[c, b] = distance
                    hits.owner[c, b] = o
                    hits.material[c, b] = int(p[shapes.MATERIAL])
                    hits.incidence[c, b] = incidence


@njit(cache=True, nogil=True)
def _meets(start: int, stop: int, columns: int, turn: int) -> bool:
    """Whether columns from `start` to `stop`, of whatever turn, are among the first `columns`."""
    here = max(start, 0) < min(stop, columns)
    before = max(start - turn, 0) < min(stop - turn, columns)
    after = max(start + turn, 0) < min(stop + turn, columns)
    return here or before or after


@njit(cache=True, nogil=True)
def _extent(
    objects: Objects,
    o: int,
    rays: Rays,
    back: float,
    front: float,
    right: float,
    left: float,
    bottom: float,
    top: float,
) -> tuple[int, int, int, int, float]:
    """The rays that may meet a box in the frame of object `o`: from and to columns and beams; its least distance."""
    cos, sin = objects.cos[o], objects.sin[o]
    own_x = -(objects.x[o] * cos + objects.y[o] * sin)  # the sensor in the object's frame
    own_y = -(-objects.x[o] * sin + objects.y[o] * cos)
    gap_x = max(back - own_x, 0.0, own_x - front)
    gap_y = max(right - own_y, 0.0, own_y - left)
    nearest = math.sqrt(gap_x * gap_x + gap_y * gap_y)
    if nearest < 1e-6:
        return 0, round(2 * math.pi / rays.step), 0, len(rays.tangents), 0.0
    centre = math.atan2((right + left) / 2 - own_y, (back + front) / 2 - own_x)
    least, most, farthest, z_low, z_high = 0.0, 0.0, 0.0, _FAR, -_FAR
    for i in range(4):
        x = back if i & 1 else front
        y = right if i & 2 else left
        turned = math.atan2(y - own_y, x - own_x) - centre
        turned -= 2 * math.pi * round(turned / (2 * math.pi))
        least, most = min(least, turned), max(most, turned)
        farthest = max(farthest, math.hypot(x - own_x, y - own_y))
        base = objects.z[o] + objects.slope_x[o] * x + objects.slope_y[o] * y
        z_low, z_high = min(z_low, base + bottom), max(z_high, base + top)
    yaw = math.atan2(sin, cos)
    start = math.floor((centre + least + yaw - rays.azimuths[0]) / rays.step) - 1
    stop = math.ceil((centre + most + yaw - rays.azimuths[0]) / rays.step) + 2
    tangent_low = z_low / (nearest if z_low < 0 else farthest)
    tangent_high = z_high / (nearest if z_high > 0 else farthest)
    low_beam, high_beam = 0, len(rays.tangents)
    while low_beam < high_beam and rays.tangents[low_beam] < tangent_low:
        low_beam += 1
    while low_beam < high_beam and rays.tangents[high_beam - 1] > tangent_high:
        high_beam -= 1
    return start, stop, low_beam, high_beam, nearest


@njit(cache=True, nogil=True)
def _hit(objects: Objects, o: int, row: int, rays: Rays, c: int, b: int) -> tuple[float, float]:
    """Distance and cosine of incidence where a primitive of object `o` stops ray (c, b); `_FAR` where it does not."""
    cos, sin = objects.cos[o], objects.sin[o]
    # The ray in the object's frame; z is measured from the sloping ground under the object.
    origin_x = -(objects.x[o] * cos + objects.y[o] * sin)
    origin_y = -(-objects.x[o] * sin + objects.y[o] * cos)
    origin_z = -objects.z[o] - objects.slope_x[o] * origin_x - objects.slope_y[o] * origin_y
    x = rays.x[c, b] * cos + rays.y[c, b] * sin
    y = -rays.x[c, b] * sin + rays.y[c, b] * cos
    z = rays.tangents[b] - objects.slope_x[o] * x - objects.slope_y[o] * y
    primitive = objects.primitives[row]
    if primitive[shapes.KIND] == shapes.TAPERED_BOX:
        entry, leave, incidence = cross_tapered_box(primitive, origin_x, origin_y, origin_z, x, y, z)
    else:
        entry, leave, incidence = cross_round(primitive, origin_x, origin_y, origin_z, x, y, z)
    if leave <= max(entry, 0.0):
        return _FAR, 0.0
    length = math.sqrt(1 + rays.tangents[b] ** 2)
    if primitive[shapes.FREE_PATH] > 0:
        u = random_unit(rays.seed, rays.numbers[c], b, 64 + row)
        entry = max(entry, 0.0) - math.log(u) * primitive[shapes.FREE_PATH] / length
        return (entry, 0.6) if entry < leave else (_FAR, 0.0)
    return (entry, min(incidence / length, 1.0)) if entry > 0 else (_FAR, 0.0)


@njit(cache=True, nogil=True)
def cross_tapered_box(
    box: Float64Array, origin_x: float, origin_y: float, origin_z: float, x: float, y: float, z: float
) -> tuple[float, float, float]:
    """Where the line origin + t (x, y, z) enters and leaves a tapered box, and direction times normal at the entry.

    The box is six half-spaces; the line is cut by one after the other. A miss has entry > leave.
    """
    entry, leave, incidence = -_FAR, _FAR, 0.0
    height = max(box[shapes.TOP] - box[shapes.BOTTOM], 1e-9)
    above = origin_z - box[shapes.BOTTOM]
    for face in range(6):
        if face == 0:
            lean = (box[shapes.FRONT_TOP] - box[shapes.FRONT]) / height
            outside, rate = origin_x - box[shapes.FRONT] - lean * above, x - lean * z
        elif face == 1:
            lean = (box[shapes.BACK_TOP] - box[shapes.BACK]) / height
            outside, rate = box[shapes.BACK] + lean * above - origin_x, lean * z - x
        elif face == 2:
            lean = (box[shapes.LEFT_TOP] - box[shapes.LEFT]) / height
            outside, rate = origin_y - box[shapes.LEFT] - lean * above, y - lean * z
        elif face == 3:
            lean = (box[shapes.RIGHT_TOP] - box[shapes.RIGHT]) / height
            outside, rate = box[shapes.RIGHT] + lean * above - origin_y, lean * z - y
        elif face == 4:
            lean, outside, rate = 0.0, origin_z - box[shapes.TOP], z
        else:
            lean, outside, rate = 0.0, box[shapes.BOTTOM] - origin_z, -z
        if rate < 0:
            t = -outside / rate
            if t > entry:
                entry, incidence = t, -rate / math.sqrt(1 + lean * lean)
        elif rate > 0:
            leave = min(leave, -outside / rate)
        elif outside > 0:
            return _MISS
        if entry > leave:
            return _MISS
    return entry, leave, incidence


@njit(cache=True, nogil=True)
def cross_round(
    primitive: Float64Array, origin_x: float, origin_y: float, origin_z: float, x: float, y: float, z: float
) -> tuple[float, float, float]:
    """`cross_tapered_box` for cylinders and ellipsoids: a quadratic in the frame where the shape is a unit one."""
    kind = primitive[shapes.KIND]
    half_x = (primitive[shapes.FRONT] - primitive[shapes.BACK]) / 2
    half_y = (primitive[shapes.LEFT] - primitive[shapes.RIGHT]) / 2
    half_z = (primitive[shapes.TOP] - primitive[shapes.BOTTOM]) / 2
    px = (origin_x - (primitive[shapes.FRONT] + primitive[shapes.BACK]) / 2) / half_x
    py = (origin_y - (primitive[shapes.LEFT] + primitive[shapes.RIGHT]) / 2) / half_y
    pz = (origin_z - (primitive[shapes.TOP] + primitive[shapes.BOTTOM]) / 2) / half_z
    dx, dy, dz = x / half_x, y / half_y, z / half_z
    # The axis of a cylinder does not enter the quadratic; its two ends cut the line instead.
    axis_p, axis_d, axis_half = 0.0, 0.0, 1.0
    if kind == shapes.UPRIGHT_CYLINDER:
        axis_p, axis_d, axis_half, pz, dz = pz, dz, half_z, 0.0, 0.0
    elif kind == shapes.LYING_CYLINDER:
        axis_p, axis_d, axis_half, py, dy = py, dy, half_y, 0.0, 0.0
    a, b, c = dx * dx + dy * dy + dz * dz, px * dx + py * dy + pz * dz, px * px + py * py + pz * pz - 1
    root = b * b - a * c
    if root <= 0 or a == 0:
        if a > 0 or c > 0:
            return _MISS
        entry, leave = -_FAR, _FAR  # along the axis, inside
    else:
        root = math.sqrt(root)
        entry, leave = (-b - root) / a, (-b + root) / a
    nx, ny, nz = (px + entry * dx) / half_x, (py + entry * dy) / half_y, (pz + entry * dz) / half_z
    norm = math.sqrt(nx * nx + ny * ny + nz * nz)
    incidence = abs(nx * x + ny * y + nz * z) / max(norm, 1e-12)
    if kind in (shapes.UPRIGHT_CYLINDER, shapes.LYING_CYLINDER):
        if axis_d == 0:
            if abs(axis_p) > 1:
                return _MISS
        else:
            first, second = (-1 - axis_p) / axis_d, (1 - axis_p) / axis_d
            if first > second:
                first, second = second, first
            if first > entry:
                entry, incidence = first, abs(axis_d) * axis_half
            leave = min(leave, second)
    return (entry, leave, incidence) if entry <= leave else _MISS
