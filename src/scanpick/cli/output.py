"""Where the command line prints: results to stdout, progress and logs to stderr.

Names, labels and messages come from data: whatever is in them, no terminal is told to do anything by it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.text import Text

from scanpick.texts import printable


class PlainConsole(Console):
    """A console on which texts are shown without what a terminal would obey; colours and bars are rich's own."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Draw as rich does, with every text made `printable`."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


console = PlainConsole()
"""Results, on stdout."""

log = PlainConsole(stderr=True)
"""Progress and messages, on stderr."""


def print_json(facts: Mapping[str, Any]) -> None:
    """Print facts as one JSON object on stdout; letters beyond ASCII are escaped, so that any terminal shows them."""
    print(json.dumps(facts, indent=2, default=str))


class RateColumn(ProgressColumn):
    """Steps a second."""

    def render(self, task: Task) -> Text:
        """Draw the rate, or a dash before the first step."""
        speed = task.finished_speed or task.speed
        return Text("-- /s" if speed is None else f"{speed:.1f} /s", style="progress.data.speed")


@contextmanager
def progress_bar(description: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a bar with rate and time left on stderr; gives the function that advances it by so many steps."""
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=log,
    ) as progress:
        task = progress.add_task(description, total=total)
        yield lambda steps: progress.advance(task, steps)
