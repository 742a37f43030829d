"""Metadata columns that readers share, so that selection finds them under one name whatever the data set.

=================================  =====================================================================
``position_x_m``, ``_y_m``         where the vehicle was in the data set's world; ``--min-gap 10m`` reads them
``speed``                          metres a second
``location``                       the town or region ("boston-seaport")
``log``                            the recording that the sequence was cut from
``time_of_day``, ``weather``       as the data set says
``split``                          the official split: "train", "val", "test"
=================================  =====================================================================

Columns that a data set does not tell are left out, never guessed.
"""

import numpy as np

from scanpick.arrays import Float64Array, Int64Array

LOCATION, LOG, TIME_OF_DAY, WEATHER, SPLIT = "location", "log", "time_of_day", "weather", "split"


def motion_columns(positions_m: Float64Array, timestamps_ns: Int64Array) -> list[dict[str, float]]:
    """Position and speed for each of the frames of one sequence, in time order.

    Args:
        positions_m: (N, >= 2) x and y in the world, metres.
        timestamps_ns: (N,) times, rising.

    Returns:
        N dicts of columns; no speed where a sequence has one frame.

    Example:
        >>> motion_columns(np.array([[0.0, 0], [3, 4]]), np.array([0, 500_000_000]))[1]
        {'position_x_m': 3.0, 'position_y_m': 4.0, 'speed': 10.0}
    """
    columns = [
        {"position_x_m": x, "position_y_m": y} for x, y in np.round(positions_m[:, :2], 3).astype(np.float64).tolist()
    ]
    if len(columns) > 1:
        seconds = (timestamps_ns - timestamps_ns[0]) * 1e-9
        velocity = np.gradient(positions_m[:, :2], seconds, axis=0)
        for row, speed in zip(columns, np.linalg.norm(velocity, axis=1), strict=True):
            row["speed"] = round(float(speed), 3)
    return columns
