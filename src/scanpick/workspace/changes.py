"""What became of a pool's frames since it was indexed: new ones, others that changed, and those that are gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Changes:
    """How many frames are new, have changed, are gone."""

    new: int = 0
    changed: int = 0
    gone: int = 0

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)

    def __str__(self) -> str:
        return f"{self.new} new, {self.changed} changed, {self.gone} gone"

    @classmethod
    def between(cls, before: Mapping[str, str], after: Mapping[str, str]) -> Changes:
        """From frame id -> mark before and after: equal marks, equal frames.

        Example:
            >>> Changes.between({"a": "1", "b": "1"}, {"b": "2", "c": "1"})
            Changes(new=1, changed=1, gone=1)
        """
        same = sum(after.get(frame_id) == mark for frame_id, mark in before.items())
        there = len(before.keys() & after.keys())
        return cls(len(after) - there, there - same, len(before) - there)
