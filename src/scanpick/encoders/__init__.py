"""Encoders: one vector per frame."""

from collections.abc import Callable, Mapping
from typing import Any

from scanpick.encoders.encoder import Encoder, PartEncoder
from scanpick.registry import Registry

ENCODERS: Registry[Callable[..., Encoder]] = Registry(
    "encoder",
    {
        "scan_context": "scanpick.encoders.scan_context:ScanContext",
        "statistics": "scanpick.encoders.statistics:Statistics",
        "recon": "scanpick.encoders.recon.encoder:ReConScene",
        "scanpick-ssl": "scanpick.encoders.ssl.encoder:ScanpickSsl",
        "recon-parts": "scanpick.encoders.recon.parts:ReConParts",
    },
    group="scanpick.encoders",
)

DEFAULT_ENCODER = "scanpick-ssl"
"""What `scanpick pick` uses unless told otherwise."""


def make_encoder(name: str, options: Mapping[str, Any]) -> Encoder:
    """The encoder of this name with its options checked.

    Raises:
        ScanpickError: The name or an option is unknown, or a value does not fit.
    """
    from scanpick.encoders.making import build

    return build(name, ENCODERS.load(name), options)


__all__ = ["DEFAULT_ENCODER", "ENCODERS", "Encoder", "PartEncoder", "make_encoder"]
