"""Encoders: one vector per frame."""

from collections.abc import Callable

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
    protocol=Encoder,
)

DEFAULT_ENCODER = "scanpick-ssl"
"""What `scanpick pick` uses unless told otherwise."""

__all__ = ["DEFAULT_ENCODER", "ENCODERS", "Encoder", "PartEncoder"]
