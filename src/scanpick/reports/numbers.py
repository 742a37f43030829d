"""How reports write numbers."""

import math


def significant(value: float, digits: int = 3) -> str:
    """A measured number, to so many digits; "n/a" where there is none.

    Example:
        >>> [significant(x) for x in (0.0, 0.041267, 12.34, 1234.5, 1.5e-7, float("nan"))]
        ['0', '0.0413', '12.3', '1,234', '1.50e-07', 'n/a']
    """
    if not math.isfinite(value):
        return "n/a"
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    if not -4 <= magnitude <= 8:
        return f"{value:.{digits - 1}e}"
    return f"{value:,.{max(digits - 1 - magnitude, 0)}f}"


def count(value: float) -> str:
    """A number of things: whole where it is, with separators.

    Example:
        >>> count(12345), count(7.5)
        ('12,345', '7.5')
    """
    return f"{int(value):,}" if float(value).is_integer() else f"{value:,.2f}".rstrip("0")


def percent(share: float) -> str:
    """A share of one, in percent; "n/a" where there is none.

    Example:
        >>> percent(0.4651), percent(0.004), percent(1.0), percent(float("nan"))
        ('47%', '0.4%', '100%', 'n/a')
    """
    if not math.isfinite(share):
        return "n/a"
    return f"{100 * share:.0f}%" if share == 0 or abs(share) >= 0.0995 else f"{100 * share:.1f}%"


def plural(number: int, singular: str, many: str = "") -> str:
    """A number with its noun.

    Example:
        >>> plural(1, "frame"), plural(2000, "frame")
        ('1 frame', '2,000 frames')
    """
    return f"{count(number)} {singular if number == 1 else many or singular + 's'}"
