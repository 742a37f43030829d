"""Encoders by name, trained detectors among them. Here, since encoders and detectors do not know each other."""

import itertools
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from scanpick.encoders import ENCODERS, Encoder
from scanpick.errors import ScanpickError
from scanpick.registry import Registry

DETECTOR = "detector:"
"""What stands before the folder of a trained detector."""

TRAINED: Registry[Callable[..., Encoder]] = Registry(
    "encoder",
    {f"{DETECTOR}FOLDER": "scanpick.detectors.features:DetectorFeatures"},
    group="",
    given=("folder",),
)
"""What is named by a folder; beside `ENCODERS`, since encoders do not know detectors."""


def encoder_named(name: str, options: Mapping[str, Any]) -> Encoder:
    """The encoder of a name with its options checked; ``detector:FOLDER`` is the features of a trained detector.

    Raises:
        ScanpickError: The name or an option is unknown, a value does not fit, or there is no detector in the folder.
    """
    if not name.startswith(DETECTOR):
        return ENCODERS.make(name, options)
    from scanpick.detectors.features import DetectorFeatures  # torch, which other encoders do without
    from scanpick.options import build_checked

    folder = name.removeprefix(DETECTOR)
    if not folder:
        raise ScanpickError("The encoder 'detector:FOLDER' needs a folder made by 'scanpick train'.")
    if "folder" in options:
        raise ScanpickError(f"The folder of the detector is given with its name: {name}.")
    return build_checked(DetectorFeatures, {**options, "folder": Path(folder)}, f"encoder '{name}'")


def embedding_name(encoder: str, taken: Collection[str] = ()) -> str:
    """What the embedding of an encoder is called, wherever it is made; numbered where the name is taken.

    Args:
        encoder: The encoder's name, ``detector:FOLDER`` too.
        taken: Names of other embeddings.
    """
    plain = encoder.partition(":")[0]
    numbered = (f"{plain}-{number}" for number in itertools.count(2))
    return plain if plain not in taken else next(name for name in numbered if name not in taken)


def encoder_names() -> list[str]:
    """The names that `encoder_named` knows."""
    return [*ENCODERS.names(), *TRAINED.names()]
