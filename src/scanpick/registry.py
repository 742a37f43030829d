"""Names of extensions: one visible table per package, loaded on demand, open to entry points of the same form."""

import importlib
import inspect
from collections.abc import Callable, Collection, Mapping
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar, cast

from scanpick.errors import ScanpickError, missing_extra, unknown_name
from scanpick.options import Made, Option, make_checked, options_of

Entry = TypeVar("Entry", covariant=True)


class Registry(Generic[Entry]):
    """A table ``name -> "module:attribute"`` that imports an entry only when it is asked for.

    Args:
        kind: What the entries are, in the singular, for messages ("strategy").
        builtin: The entries that ship with scanpick.
        group: The entry-point group in which other packages register theirs ("scanpick.strategies").
        given: Parameters of entries that scanpick fills in; all others that are keyword-only or have a default are
            options.
        protocol: What `make` gives; what lacks a member of it is refused.

    Example:
        >>> numbers = Registry("number", {"fraction": "fractions:Fraction"}, group="example.numbers")
        >>> numbers.make("fraction", {"denominator": 3})
        Fraction(0, 1)
    """

    def __init__(
        self,
        kind: str,
        builtin: Mapping[str, str],
        *,
        group: str,
        given: Collection[str] = (),
        protocol: type | None = None,
    ) -> None:
        self.kind = kind
        self.group = group
        self.given = given
        self._builtin = dict(builtin)
        self._protocol = protocol

    def table(self) -> dict[str, str]:
        """Every known name with its ``module:attribute``; a built-in name cannot be taken over."""
        installed = {entry.name: entry.value for entry in entry_points(group=self.group)}
        return installed | self._builtin

    def names(self) -> list[str]:
        """Known names, sorted."""
        return sorted(self.table())

    def load(self, name: str) -> Entry:
        """Import and return the entry of this name.

        Raises:
            ScanpickError: The name is unknown, or its module or attribute cannot be imported.
            MissingExtraError: It needs an extra that is not installed.
        """
        table = self.table()
        if name not in table:
            raise unknown_name(self.kind, name, table)
        module_name, _, attribute = table[name].partition(":")
        try:
            return cast(Entry, getattr(importlib.import_module(module_name), attribute))
        except (ImportError, AttributeError) as error:
            missing = missing_extra(error, f"The {self.kind} '{name}'") if isinstance(error, ImportError) else None
            if missing is not None:
                raise missing from error
            raise ScanpickError(
                f"The {self.kind} '{name}' cannot be loaded from '{table[name]}': {error}. "
                f"Expected an importable 'module:attribute'."
            ) from error

    def make(
        self: "Registry[Callable[..., Made]]", name: str, options: Mapping[str, Any], /, *arguments: Any, **given: Any
    ) -> Made:
        """Call the entry of this name with its options, also as text, converted and checked; see `make_checked`.

        Raises:
            ScanpickError: The name or an option is unknown, a value does not fit, or what is made lacks a member of
                the protocol.
        """
        made = make_checked(self.load(name), options, f"{self.kind} '{name}'", *arguments, **given)
        if self._protocol is not None and not isinstance(made, self._protocol):
            missing = [one for one in vars(self._protocol) if not one.startswith("_") and not hasattr(made, one)]
            raise ScanpickError(f"'{name}' is no {self.kind}: it lacks {', '.join(missing)}.")
        return made

    def options(self: "Registry[Callable[..., Any]]", name: str) -> dict[str, Option]:
        """The options of the entry of this name; scores and the like have none."""
        return options_of(self.load(name), self.given)

    def summary(self, name: str) -> str:
        """The first line of an entry's documentation."""
        return (inspect.getdoc(self.load(name)) or "").partition("\n")[0].replace("`", "")
