"""Options from outside, checked against the fields of a typed model; unknown ones fail with the nearest known name."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from scanpick.errors import ScanpickError, unknown_name

Model = TypeVar("Model", bound=BaseModel)
Data = TypeVar("Data")


def build_checked(model: type[Model], values: Mapping[str, Any], where: str) -> Model:
    """Build a pydantic model that forbids extra fields from untrusted values. Text is converted ("20" to 20).

    Args:
        model: What to build.
        values: Field -> value.
        where: Names the model in messages ("encoder 'scan_context'").

    Raises:
        ScanpickError: A field is unknown or missing, or a value does not fit.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        # A field that is unknown explains one that is missing: it comes first.
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        path = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
            raise unknown_name(f"option of {where},", path, model.model_fields) from None
        if first["type"] == "missing":
            raise ScanpickError(f"{where[:1].upper()}{where[1:]} needs the option '{path}'.") from None
        message = "unknown" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
        if not path:
            raise ScanpickError(f"{where[:1].upper()}{where[1:]}: {message}.") from None
        raise ScanpickError(f"Option '{path}' of {where}: {message}, got {first['input']!r}.") from None


def build_checked_dataclass(kind: type[Data], defaults: Data, values: Mapping[str, Any], where: str) -> Data:
    """A plain dataclass with some fields of `defaults` replaced by untrusted values, which are converted and checked.

    Raises:
        ScanpickError: A field is unknown, or a value does not fit.
    """
    known = [field.name for field in dataclasses.fields(defaults)]  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise unknown_name(f"option of {where},", name, known)
    try:
        return TypeAdapter(kind).validate_python({name: getattr(defaults, name) for name in known} | dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        raise ScanpickError(f"Option '{path}' of {where}: {first['msg']}, got {first['input']!r}.") from None


def split_list(texts: str | Iterable[str] | None, flag: str) -> list[str]:
    """The items of an option that takes several, separated by commas, repeated, or both; blanks around them are none.

    Raises:
        ScanpickError: An item between two commas is empty.

    Example:
        >>> split_list(["Pedestrian, Cyclist", "Car"], "--classes")
        ['Pedestrian', 'Cyclist', 'Car']
    """
    items: list[str] = []
    for text in [texts] if isinstance(texts, str) else texts or ():
        parts = [part.strip() for part in text.split(",")]
        if not parts[-1]:  # nothing at all, or a comma at the end
            parts.pop()
        if not all(parts):
            raise ScanpickError(f"{flag}: expected names separated by commas, got an empty one in '{text}'.")
        items += parts
    return items


def parse_pairs(texts: Iterable[str], flag: str) -> dict[str, str]:
    """Options from ``NAME=VALUE`` texts, as a repeated command line flag gives them.

    Raises:
        ScanpickError: A text has another form, or a name comes twice.

    Example:
        >>> parse_pairs(["rings=40", "descriptor=key"], "--encoder-option")
        {'rings': '40', 'descriptor': 'key'}
    """
    options: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise ScanpickError(f"{flag}: expected NAME=VALUE, got '{text}'.")
        if name in options:
            raise ScanpickError(f"{flag}: '{name}' was given twice.")
        options[name] = value
    return options
