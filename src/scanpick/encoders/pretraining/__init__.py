"""Self-supervised training of encoders on unlabelled frames, the same for every kind that offers it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scanpick.encoders.pretraining.adaptable import AdaptableModel, UnlabelledFrame
from scanpick.registry import Registry

ADAPTABLE: Registry[Callable[[Path | None, Mapping[str, Any], int], AdaptableModel]] = Registry(
    "adaptable encoder",
    {
        "recon": "scanpick.encoders.recon.adapting:adaptable_recon",
        "scanpick-ssl": "scanpick.encoders.ssl.adapting:adaptable_ssl",
    },
    group="scanpick.adaptable_encoders",
)
"""Encoder name -> ``factory(weights, options, seed)``: the model to start from.

`weights` is the file that `scanpick.embed` takes, or None for the encoder's own start: its shipped weights,
or an error that says what is needed. `options` are untrusted text or values; unknown ones are an error. `seed` is for
what has no weights yet.
"""

__all__ = ["ADAPTABLE", "AdaptableModel", "UnlabelledFrame"]
