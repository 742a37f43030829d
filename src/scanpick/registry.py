"""Names of extensions: one visible table per package, loaded on demand, open to entry points of the same form."""

import importlib
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Generic, TypeVar, cast

from scanpick.errors import ScanpickError, missing_extra, unknown_name

T = TypeVar("T")


class Registry(Generic[T]):
    """A table ``name -> "module:attribute"`` that imports an entry only when it is asked for.

    Args:
        kind: What the entries are, in the singular, for messages ("strategy").
        builtin: The entries that ship with scanpick.
        group: The entry-point group in which other packages register theirs ("scanpick.strategies").

    Example:
        >>> maths = Registry("function", {"sqrt": "math:sqrt"}, group="example.functions")
        >>> maths.load("sqrt")(9.0)
        3.0
    """

    def __init__(self, kind: str, builtin: Mapping[str, str], *, group: str) -> None:
        self.kind = kind
        self.group = group
        self._builtin = dict(builtin)

    def table(self) -> dict[str, str]:
        """Every known name with its ``module:attribute``; a built-in name cannot be taken over."""
        installed = {entry.name: entry.value for entry in entry_points(group=self.group)}
        return installed | self._builtin

    def names(self) -> list[str]:
        """Known names, sorted."""
        return sorted(self.table())

    def load(self, name: str) -> T:
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
            return cast(T, getattr(importlib.import_module(module_name), attribute))
        except (ImportError, AttributeError) as error:
            missing = missing_extra(error, f"The {self.kind} '{name}'") if isinstance(error, ImportError) else None
            if missing is not None:
                raise missing from error
            raise ScanpickError(
                f"The {self.kind} '{name}' cannot be loaded from '{table[name]}': {error}. "
                f"Expected an importable 'module:attribute'."
            ) from error
