"""Values of options of data sets, checked, also as the text that the command line gives."""

from collections.abc import Collection

from scanpick.errors import ScanpickError


def whole_number(name: str, value: int | str, *, least: int, most: int) -> int:
    """A whole number in a range, from a number or a text; else a `ScanpickError`."""
    try:
        number = int(value)
    except ValueError:
        number = least - 1
    if isinstance(value, bool) or not least <= number <= most:
        raise ScanpickError(f"Option {name}: expected a whole number from {least} to {most}, got {value!r}.")
    return number


def yes_or_no(name: str, value: bool | str) -> bool:
    """A truth value, from one or from the text "true" or "false"; else a `ScanpickError`."""
    known = {True: True, False: False, "true": True, "false": False, "yes": True, "no": False}
    found = known.get(value.lower() if isinstance(value, str) else value) if isinstance(value, bool | str) else None
    if found is None:
        raise ScanpickError(f"Option {name}: expected true or false, got {value!r}.")
    return found


def one_of(name: str, value: str, choices: Collection[str]) -> str:
    """The value where it is one of the choices; else a `ScanpickError`."""
    if value not in choices:
        raise ScanpickError(f"Option {name}: expected one of {', '.join(choices)}, got {value!r}.")
    return value
