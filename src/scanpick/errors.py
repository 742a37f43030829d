"""The one error type of scanpick.

A message says what went wrong, what was got, what was expected, and the next step. Everything a user can cause
raises `ScanpickError`; ``assert`` is for our own bugs only. The command line prints the message without a traceback.
"""

import difflib
import importlib.util
from collections.abc import Iterable
from typing import Any


class ScanpickError(Exception):
    """Something a user can cause and put right."""


class FrameError(ScanpickError):
    """One frame cannot be used: it is set aside with this reason, and the run goes on.

    Attributes:
        kind: The sort of trouble in a word or two, to count frames by: "unreadable", "empty", "not finite",
            "wrong columns", "labels", "calibration".
    """

    def __init__(self, message: str, *, kind: str = "unreadable") -> None:
        super().__init__(message)
        self.kind = kind


class MissingExtraError(ScanpickError):
    """An optional part is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package '{package}'. Install it with: pip install 'scanpick[{extra}]'")


def call(verb: str, *arguments: Any, **named: Any) -> str:
    """A call of scanpick for a message, such as the next step; the command line says it as a command.

    Example:
        >>> call("index", "kitti", out="pool", again=True)
        "`scanpick.index('kitti', out='pool', again=True)`"
    """
    words = [_literal(value) for value in arguments]
    words += [f"{name}={_literal(value)}" for name, value in named.items()]
    return f"`scanpick.{verb}({', '.join(words)})`"


def _literal(value: Any) -> str:
    return "..." if value is ... else repr(value if isinstance(value, bool | int | float) else str(value))


def missing_extra(fault: ImportError, purpose: str) -> MissingExtraError | None:
    """What to install where an import failed because an optional part is missing; None for other failures."""
    package = (fault.name or "").partition(".")[0]
    extra = _EXTRAS.get(package) if isinstance(fault, ModuleNotFoundError) else None
    return None if extra is None else MissingExtraError(package, extra, purpose)


_EXTRAS = {"torch": "torch", "rosbags": "ros", "mcap": "ros", "velodyne_decoder": "velodyne"}


def require(package: str, extra: str, purpose: str) -> None:
    """Say what to install where an optional part is missing, before anything is done in vain.

    Raises:
        MissingExtraError: The package is not installed.

    Example:
        >>> require("numpy", "torch", "Arithmetic")
    """
    if importlib.util.find_spec(package) is None:
        raise MissingExtraError(package, extra, purpose)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> ScanpickError:
    """An error for a name that is not among the known ones, with the nearest known name.

    Example:
        >>> str(unknown_name("strategy", "k_centre", ["random", "k_center"]))
        "Unknown strategy 'k_centre'. Did you mean 'k_center'? Known: k_center, random."
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return ScanpickError(f"Unknown {kind} '{name}'.{hint} Known: {', '.join(names) or 'none'}.")
