"""Files of the scene encoder's weights: plain arrays in half precision, read without torch, and without running them.

An ``.npz`` archive holds each array under the name that it has in `Pretraining`, and ``about``: in JSON the size of the
network and where the weights come from.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpick.encoders.ssl.cells import CELL_FEATURES, COARSE, FINE
from scanpick.errors import ScanpickError
from scanpick.files import read_bytes, write_bytes
from scanpick.networks.fit import check_fit, first_few
from scanpick.options import build_checked_dataclass
from scanpick.seals import check_seal, sealed_archive
from scanpick.texts import parse_json, parsing

SHIPPED = Path(__file__).parent / "scanpick-ssl.npz"
"""The weights that come with scanpick; docs/results/model-card-scanpick-ssl.md says how they were made."""

MOST_CHANNELS = 4096
"""More than this in a file is damage, not a network: it is not allocated."""

MOST_BYTES = 2**30
"""Nor is more than this unpacked."""

PARTS = 3
"""What is told of a place of 0.32 m: whether anything is there, something that stands low (0.3 to 2.4 m), or high."""

CHILDREN = 64
"""Places of 0.32 m in a cell of 2.56 m."""

THING_TARGETS = 5
"""What is told of a thing: length, width, top, bottom and density."""

HIDDEN, PROJECTED, DECODED = 128, 64, 64
"""Channels of the heads: of things on the way to words, of words, and of the decoder of hidden cells."""


@dataclass(frozen=True)
class NetworkConfig:
    """The size of the network.

    Attributes:
        channels: Of the five levels, from the finest.
        outputs: Channels of the features that are given out.
    """

    channels: tuple[int, int, int, int, int] = (16, 24, 48, 64, 96)
    outputs: int = 48


@dataclass(frozen=True, eq=False)
class SslWeights:
    """The weights of the scene network and of the heads that it is trained through.

    Attributes:
        config: The size of the network.
        vocabulary: Words.
        arrays: Name -> array, see `shapes_of`; matrices in half precision, all numbers finite.
        origin: How they were trained, JSON-serialisable.
    """

    config: NetworkConfig
    vocabulary: int
    arrays: Mapping[str, NDArray[Any]]
    origin: Mapping[str, Any]


def write_weights(path: Path, weights: SslWeights) -> None:
    """Write weights atomically, with a digest. The same weights give the same bytes."""
    about = {"encoder": "scanpick-ssl", "network": asdict(weights.config), "vocabulary": weights.vocabulary}
    packed = io.BytesIO()
    arrays: dict[str, Any] = {"about": np.array(json.dumps(about | {"told": weights.origin})), **weights.arrays}
    np.savez(packed, allow_pickle=False, **arrays)
    write_bytes(path, sealed_archive(packed.getvalue()))


def read_weights(path: Path) -> SslWeights:
    """The weights in a file of `write_weights`.

    Raises:
        ScanpickError: The file cannot be read, holds anything but arrays and plain values, or does not fit.
    """
    about, arrays = _read(path)
    given, words = about.get("network"), about.get("vocabulary")
    if about.get("encoder") != "scanpick-ssl" or not isinstance(given, dict) or not isinstance(words, int):
        raise ScanpickError(f"{path}: expected weights of the encoder 'scanpick-ssl', as adapting it writes them.")
    config = build_checked_dataclass(NetworkConfig, NetworkConfig(), given, f"the network in {path}")
    if not all(1 <= size <= MOST_CHANNELS for size in (*config.channels, config.outputs, words)):
        raise ScanpickError(f"{path}: expected sizes from 1 to {MOST_CHANNELS}, got {given} and {words} words.")
    shapes = {name: value.shape for name, value in arrays.items()}
    check_fit(shapes, shapes_of(config, words), "the scene encoder", str(path))
    bad = [name for name, value in arrays.items() if value.dtype.kind not in "fi" or not np.isfinite(value).all()]
    if bad:
        raise ScanpickError(f"{path}: expected finite weights, got something else in {first_few(bad)}.")
    return SslWeights(config, words, arrays, about.get("told") or {})


def shapes_of(config: NetworkConfig, vocabulary: int) -> dict[str, tuple[int, ...]]:
    """The name and shape of every array of `Pretraining`."""
    channels, outputs = config.channels, config.outputs
    shapes: dict[str, tuple[int, ...]] = {"hidden_token": (outputs,), "words": (vocabulary, PROJECTED)}

    def norm(name: str, size: int) -> None:
        shapes.update({f"{name}.{part}": (size,) for part in ("weight", "bias", "running_mean", "running_var")})
        shapes[f"{name}.num_batches_tracked"] = ()

    def linear(name: str, inputs: int, size: int) -> None:
        shapes.update({f"{name}.weight": (size, inputs), f"{name}.bias": (size,)})

    norm("network.standardise", CELL_FEATURES)
    shapes["network.stem.weight"] = (9 * CELL_FEATURES, channels[0])
    norm("network.stem_norm", channels[0])
    for level, (finer, size) in enumerate(pairwise(channels)):
        shapes[f"network.merges.{level}.weight"] = (4 * finer, size)
        norm(f"network.merge_norms.{level}", size)
        for part in (1, 2):
            shapes[f"network.blocks.{level}.conv{part}.weight"] = (9 * size, size)
            norm(f"network.blocks.{level}.norm{part}", size)
    for level in range(COARSE - FINE + 1):
        linear(f"network.lateral.{level}", channels[FINE + level], outputs)
    shapes["network.mix.weight"] = (9 * outputs, outputs)
    norm("network.mix_norm", outputs)
    for layer, inputs in enumerate((outputs, DECODED)):
        shapes[f"decoder.{layer}.weight"] = (9 * inputs, DECODED)
        norm(f"decoder_norms.{layer}", DECODED)
    linear("content", DECODED, CHILDREN * PARTS)
    linear("standing", outputs, 1)
    linear("shape", outputs, THING_TARGETS)
    linear("project.0", outputs, HIDDEN)
    norm("project.1", HIDDEN)
    linear("project.3", HIDDEN, PROJECTED)
    return shapes


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    if not path.exists():
        raise ScanpickError(f"{path}: no such file of weights.")
    content = read_bytes(path, most_bytes=MOST_BYTES)
    check_seal(content, str(path))
    with parsing(str(path), "a whole .npz file of weights"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise ScanpickError(f"{path}: expected at most {MOST_BYTES} bytes of weights.")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name]) for name in file.files}
        about = parse_json(str(arrays.pop("about")), str(path))
        return dict(about), arrays
