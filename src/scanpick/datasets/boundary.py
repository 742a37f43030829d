"""What belongs to a data set: what lies below its folder. Links that lead out of it are followed only when asked."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from scanpick.errors import FrameError, ScanpickError


@dataclass
class Boundary:
    """The edge of a data set's folder, which may be a link itself.

    Args:
        root: The folder.
        follow: Whether files that links lead to outside of it belong to the data set, too.

    Attributes:
        passed_over: How many links were left out of lists of frames.
    """

    root: Path
    follow: bool
    passed_over: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._real_root = os.path.realpath(self.root)

    def holds(self, path: Path | str) -> bool:
        """Whether a file or folder belongs to the data set."""
        if self.follow:
            return True
        real = os.path.realpath(path)
        return real == self._real_root or real.startswith(self._real_root.rstrip(os.sep) + os.sep)

    def held(self, paths: Iterable[Path]) -> list[Path]:
        """Those that belong to the data set, of files or folders in a folder that does; the others are counted."""
        given = list(paths)
        # Looking at what is no link would take seconds for 100,000 files.
        held = [path for path in given if not path.is_symlink() or self.holds(path)]
        self.passed_over += len(given) - len(held)
        return held

    def check(self, path: Path) -> Path:
        """The path, where it belongs to the data set or is missing; else a `FrameError`."""
        if not self.holds(path):
            raise FrameError(f"{path} {self._leads_out(path)}", kind="link")
        return path

    def check_layout(self, *paths: Path) -> None:
        """Raise `ScanpickError` where a folder or list of a layout lies elsewhere."""
        for path in paths:
            if not self.holds(path):
                raise ScanpickError(f"{path} {self._leads_out(path)}")

    @property
    def told(self) -> str:
        """What was passed over, for descriptions; "" where nothing was."""
        if not self.passed_over:
            return ""
        leads = "link leads" if self.passed_over == 1 else "links lead"
        return f"; {self.passed_over} {leads} out of the folder: passed over, follow=true takes them"

    def _leads_out(self, path: Path) -> str:
        return (
            f"is reached by a link that leads out of the data set's folder, to {os.path.realpath(path)}. To take what "
            f"is there, give the option follow=true."
        )
