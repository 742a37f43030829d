"""Encoders: one vector per frame."""

from collections.abc import Callable

from scanpick.encoders.encoder import Encoder
from scanpick.registry import Registry

ENCODERS: Registry[Callable[..., Encoder]] = Registry(
    "encoder",
    {
        "scan_context": "scanpick.encoders.scan_context:ScanContext",
        "statistics": "scanpick.encoders.statistics:Statistics",
    },
    group="scanpick.encoders",
)

__all__ = ["ENCODERS", "Encoder"]
