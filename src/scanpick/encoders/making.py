"""Building an encoder from a name and untrusted options."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from scanpick.encoders.encoder import Encoder
from scanpick.errors import ScanpickError, unknown_name
from scanpick.options import build_checked


def build(name: str, factory: Callable[..., Encoder], options: Mapping[str, Any]) -> Encoder:
    """Call a factory with options; a pydantic model checks them itself, others by their signature.

    Raises:
        ScanpickError: An option is unknown, or a value does not fit.
    """
    encoder: Any
    if inspect.isclass(factory) and issubclass(factory, BaseModel):
        encoder = build_checked(factory, options, f"encoder '{name}'")
    else:
        parameters = inspect.signature(factory).parameters
        for option in options:
            if option not in parameters:
                raise unknown_name(f"option of encoder '{name}',", option, parameters)
        encoder = factory(**options)
    if not isinstance(encoder, Encoder):
        missing = [member for member in _MEMBERS if not hasattr(encoder, member)]
        raise ScanpickError(f"'{name}' is no encoder: it lacks {', '.join(missing)}.")
    return encoder


_MEMBERS = ("name", "dimension", "settings", "batch_size", "in_workers", "encode")
