"""Small drives in files, and encoders that make trouble."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from scanpick.arrays import Embeddings, Points
from scanpick.errors import FrameError
from scanpick.structures import Frame


def cloud(seed: int, points: int = 400) -> Points:
    """A flat ground with a few boxes on it, 360 degrees."""
    rng = np.random.default_rng(seed)
    range_m = rng.uniform(2, 60, points)
    azimuth = rng.uniform(-np.pi, np.pi, points)
    height = np.where(rng.random(points) < 0.7, 0.0, rng.uniform(0, 3, points)) - 1.7
    columns = [range_m * np.cos(azimuth), range_m * np.sin(azimuth), height, rng.random(points)]
    return np.stack(columns, axis=1).astype(np.float32)


def write_drives(folder: Path, frames: int = 40, drives: int = 2, seed: int = 0) -> Path:
    """Frames as .bin files in one sub-folder a drive; gives the folder."""
    for frame in range(frames):
        path = folder / f"drive_{frame * drives // frames}" / f"{frame:06d}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cloud(seed * 10_000 + frame).tobytes())
    return folder


class Toy(BaseModel):
    """Mean coordinates times a factor; slow, refusing or deadly where asked for. Logs what it encodes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    factor: float = 1.0
    seconds: float = 0.0
    log: Path | None = None
    refuses: frozenset[str] = frozenset()
    gives_nan: frozenset[str] = frozenset()
    dies_at: str = ""
    batch: int = 1
    parallel: bool = True

    @property
    def name(self) -> str:
        return "toy"

    @property
    def dimension(self) -> int:
        return 3

    @property
    def settings(self) -> dict[str, Any]:
        return {"factor": self.factor}

    @property
    def batch_size(self) -> int:
        return self.batch

    @property
    def in_workers(self) -> bool:
        return self.parallel

    def encode(self, frames: Sequence[Frame]) -> Embeddings:
        for frame in frames:
            if frame.frame_id in self.refuses:
                raise FrameError(f"The toy refuses {frame.frame_id}.")
            if frame.frame_id == self.dies_at:
                os._exit(9)
            time.sleep(self.seconds)
            if self.log is not None:
                with self.log.open("a") as file:
                    file.write(f"{frame.frame_id}\n")
        vectors = np.stack([frame.points[:, :3].mean(axis=0) * self.factor for frame in frames])
        for row, frame in enumerate(frames):
            if frame.frame_id in self.gives_nan:
                vectors[row, 0] = np.nan
        return vectors.astype(np.float32)


def encoded(log: Path) -> list[str]:
    """The frames that a `Toy` has encoded, in any order."""
    return log.read_text().split() if log.exists() else []


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path; no hidden ones."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }
