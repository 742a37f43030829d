"""Options from outside, checked against declared types; unknown ones fail with the nearest known name."""

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeGuard, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError

from scanpick.errors import ScanpickError, unknown_name

Model = TypeVar("Model", bound=BaseModel)
Data = TypeVar("Data")
Made = TypeVar("Made")

_REQUIRED = inspect.Parameter.empty


@dataclasses.dataclass(frozen=True)
class Option:
    """An option that something is made with.

    Attributes:
        kind: Its type, as it is annotated.
        default: Its value where none is given; meaningless where it is `required`.
        required: Whether there is no default.
    """

    kind: Any
    default: Any = None
    required: bool = False


def options_of(factory: Callable[..., Any], given: Collection[str] = ()) -> dict[str, Option]:
    """Name -> option of what `factory` makes.

    Args:
        factory: A pydantic model, whose fields are its options; or a function or class: of its parameters those that
            are keyword-only or have a default.
        given: Parameters that the caller fills in, which are no options.
    """
    if _is_model(factory):
        return {
            name: Option(field.annotation, field.get_default(call_default_factory=True), field.is_required())
            for name, field in factory.model_fields.items()
            if name not in given
        }
    found = {}
    try:
        signature = inspect.signature(factory, eval_str=True)
    except NameError:  # annotated with what is imported for type checkers only
        signature = inspect.signature(factory)
    for name, parameter in signature.parameters.items():
        required = parameter.default is _REQUIRED
        if name not in given and (parameter.kind is parameter.KEYWORD_ONLY or not required):
            unknown = parameter.annotation is _REQUIRED or isinstance(parameter.annotation, str)
            kind = Any if unknown else parameter.annotation
            found[name] = Option(kind, None if required else parameter.default, required)
    return found


def make_checked(
    factory: Callable[..., Made], options: Mapping[str, Any], where: str, /, *arguments: Any, **given: Any
) -> Made:
    """Call a factory with untrusted options, which are converted to the annotated types and checked.

    Args:
        factory: A pydantic model that forbids extra fields, or any function or class; see `options_of`. One that
            takes ``**options`` checks by itself those that it does not name.
        options: Name -> value.
        where: Names the factory in messages ("encoder 'scan_context'").
        arguments: Passed on as they are, like `given`, whose names are no options.
        given: See `arguments`.

    Raises:
        ScanpickError: An option is unknown or missing, or a value does not fit.
    """
    if _is_model(factory):
        return cast(Made, build_checked(factory, options, where))
    known = options_of(factory, given)
    if any(one.kind is one.VAR_KEYWORD for one in inspect.signature(factory).parameters.values()):
        known |= {name: Option(Any) for name in options if name not in known and name not in given}
    return factory(*arguments, **given, **_checked(options, known, where))


def _is_model(factory: Callable[..., Any]) -> TypeGuard[type[BaseModel]]:
    return inspect.isclass(factory) and issubclass(factory, BaseModel)


def _checked(options: Mapping[str, Any], known: Mapping[str, Option], where: str) -> dict[str, Any]:
    for name in options:
        if name not in known:
            raise unknown_name(f"option of {where},", name, known)
    for name, option in known.items():
        if option.required and name not in options:
            raise ScanpickError(f"{where[:1].upper()}{where[1:]} needs the option '{name}'.")
    checked = {}
    for name, value in options.items():
        try:
            checked[name] = TypeAdapter(known[name].kind).validate_python(value)
        except PydanticSchemaGenerationError:  # a type that pydantic does not know: the factory's to check
            checked[name] = value
        except ValidationError as error:
            first = error.errors()[0]
            path = ".".join(str(part) for part in (name, *first["loc"]))
            raise ScanpickError(f"Option '{path}' of {where}: {first['msg']}, got {first['input']!r}.") from None
    return checked


def build_checked(model: type[Model], values: Mapping[str, Any], where: str) -> Model:
    """Build a pydantic model that forbids extra fields from untrusted values. Text is converted ("20" to 20).

    `where` names the model in messages ("encoder 'scan_context'").

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
    """A dataclass: `defaults` with some fields replaced by untrusted values, converted and checked as options are."""
    types = typing.get_type_hints(kind)
    known = {field.name: Option(types[field.name]) for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return dataclasses.replace(defaults, **_checked(values, known, where))  # type: ignore[type-var]


def made_from(defaults: Data) -> Callable[[Callable[[Data], Made]], Callable[..., Made]]:
    """Decorate a function of a dataclass: its options become the fields, with their values in `defaults`.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Size:
        ...     width: int = 3
        >>> @made_from(Size())
        ... def line(size: Size) -> str:
        ...     return "-" * size.width
        >>> make_checked(line, {"width": "5"}, "the line")
        '-----'
    """
    types = typing.get_type_hints(type(defaults))
    keyword = inspect.Parameter.KEYWORD_ONLY
    options = [
        inspect.Parameter(field.name, keyword, default=getattr(defaults, field.name), annotation=types[field.name])
        for field in dataclasses.fields(defaults)  # type: ignore[arg-type]
    ]

    def decorate(make: Callable[[Data], Made]) -> Callable[..., Made]:
        @functools.wraps(make)
        def with_options(**values: Any) -> Made:
            return make(dataclasses.replace(defaults, **values))  # type: ignore[type-var]

        with_options.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
        return with_options

    return decorate
