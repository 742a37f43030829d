"""Self-supervised training of encoders on unlabelled frames, the same for every kind that offers it."""

from collections.abc import Callable

from scanpick.encoders.pretraining.adaptable import AdaptableModel, UnlabelledFrame
from scanpick.registry import Registry

ADAPTABLE: Registry[Callable[..., AdaptableModel]] = Registry(
    "adaptable encoder",
    {
        "recon": "scanpick.encoders.recon.adapting:adaptable_recon",
        "scanpick-ssl": "scanpick.encoders.ssl.adapting:adaptable_ssl",
    },
    group="scanpick.adaptable_encoders",
    given=("seed",),
)
"""Encoder name -> ``factory(weights, seed=..., **options)``: the model to start from.

`weights` is a file that the encoder takes as its `weights`, or None for the encoder's own start: its shipped weights,
or an error that says what is needed. `options` are untrusted text or values, which the factory checks. `seed` is for
what has no weights yet.
"""

__all__ = ["ADAPTABLE", "AdaptableModel", "UnlabelledFrame"]
