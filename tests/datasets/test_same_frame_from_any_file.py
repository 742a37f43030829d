"""The same sweep in any format, scale, number of columns and type is the same frame and the same vector, or refused."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scanpick.arrays import Embeddings, Points
from scanpick.datasets.folder import PointCloudFolder
from scanpick.encoders.scan_context import ScanContext
from scanpick.encoders.statistics import Statistics
from scanpick.structures import Frame
from tests.datasets.point_files import files

COORDINATE_STEP_M = 1e-4
FORMATS = ("bin", "npy", "npz", "pcd ascii", "pcd binary", "pcd binary_compressed")
FORMATS += ("ply ascii", "ply binary_little_endian", "ply binary_big_endian", "las", "laz")
TABLES = ("bin", "npy", "npz")
LEVELS = np.arange(256) / 255
"""Intensities that are the same in 8 and in 16 bits."""


@cache
def street(seed: int) -> Points:
    """(700, 4) a flat ground, walls, and intensities that 8 bits hold."""
    rng = np.random.default_rng(seed)
    ranges, turn = rng.uniform(3, 50, 700), rng.uniform(-np.pi, np.pi, 700)
    heights = np.where(rng.random(700) < 0.6, -1.7, rng.uniform(-1.7, 4, 700))
    xyz = np.round(np.column_stack([ranges * np.cos(turn), ranges * np.sin(turn), heights]), 3)
    return np.column_stack([xyz, LEVELS[rng.integers(0, 256, 700)]]).astype(np.float32)


def content(points: Points, form: str, scale: int | None, columns: int, coordinates: str, intensity: str) -> bytes:
    """The bytes of a file that holds the points so."""
    xyz = points[:, :3].astype(coordinates)
    values = np.round(points[:, 3] * (scale or 0), 6).astype(intensity)
    rings, times = np.arange(len(points)) % 32, np.linspace(0, 0.1, len(points))
    if form in TABLES:
        beside = [*([values] if scale else []), rings, times][: columns - 3]
        table = np.column_stack([xyz, *beside]).astype(coordinates)
        return {"bin": table.tobytes, "npy": lambda: files.npy(table), "npz": lambda: files.npz(points=table)}[form]()
    if form in ("las", "laz"):
        return files.las(np.column_stack([xyz, points[:, 3] * (scale or 0)]), compressed=form == "laz")
    fields: dict[str, NDArray[np.generic]] = {name: xyz[:, axis] for axis, name in enumerate("xyz")}
    fields |= {"intensity": values} if scale else {}
    fields |= dict(list({"ring": rings.astype("u1"), "time": times.astype("f4")}.items())[: max(columns - 4, 0)])
    kind, data = form.split()
    return (files.pcd if kind == "pcd" else files.ply)(fields, data)


def cases() -> list[tuple[str, int | None, int, str, str]]:
    found = []
    for form in FORMATS:
        for scale in (1, 255, 65535, None):
            if form in ("las", "laz"):
                found += [(form, scale, 4, "f8", "u2")] if scale != 1 else []  # their intensities are whole numbers
                continue
            for columns in (4, 5, 6) if scale else (3,):
                for coordinates in ("f4", "f8"):
                    whole = {255: ["u1", "u2"], 65535: ["u2"]}.get(scale or 0, []) if form not in TABLES else []
                    found += [(form, scale, columns, coordinates, kind) for kind in ("f4", "f8", *whole)]
    return list(dict.fromkeys(case if case[0] not in TABLES else (*case[:4], case[3]) for case in found))


def vectors(frames: list[Frame]) -> list[Embeddings]:
    return [encoder.encode(frames) for encoder in (ScanContext(), Statistics())]


@cache
def reference(with_intensity: bool) -> tuple[list[Points], list[Embeddings]]:
    from scanpick.structures import FrameRecord

    clouds = [street(seed) * np.float32([1, 1, 1, with_intensity]) for seed in range(2)]
    frames = [Frame(FrameRecord(f"{seed}", "s", seed), cloud) for seed, cloud in enumerate(clouds)]
    return clouds, vectors(frames)


@pytest.mark.parametrize(("form", "scale", "columns", "coordinates", "intensity"), cases())
def test_the_same_frame_and_the_same_vector(
    tmp_path: Path, form: str, scale: int | None, columns: int, coordinates: str, intensity: str
) -> None:
    suffix = form.split()[0]
    for seed in range(2):
        made = content(street(seed), form, scale, columns, coordinates, intensity)
        (tmp_path / f"{seed}.{suffix}").write_bytes(made)
    dataset = PointCloudFolder(tmp_path)
    frames = [dataset.read(record.frame_id) for record in dataset.records]
    clouds, expected = reference(scale is not None)
    for frame, cloud in zip(frames, clouds, strict=True):
        np.testing.assert_allclose(frame.points[:, :4], cloud, rtol=0, atol=1e-3)
    for found, vector in zip(vectors(frames), expected, strict=True):
        np.testing.assert_allclose(found, vector, rtol=0, atol=1e-3)
