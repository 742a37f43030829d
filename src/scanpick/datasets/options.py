"""Numbers in options of data sets, checked, also as the text that the command line gives."""

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
