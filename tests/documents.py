"""The documents of this repository, taken apart: code blocks, commands, code marks."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        info: What follows the fence: ``bash run``.
        text: Its lines.
    """

    info: str
    text: str

    @property
    def is_run(self) -> bool:
        """Whether a test runs it."""
        return self.info.endswith(" run")

    @property
    def is_python(self) -> bool:
        """Whether it is Python."""
        return self.info.startswith("python")

    def lines(self) -> list[str]:
        """Lines of a shell block, joined where a backslash ends one."""
        return [line for line in re.sub(r"\\\n\s*", "", self.text).splitlines() if line.strip()]


def name_of(page: Path) -> str:
    """Its place below the root."""
    return str(page.relative_to(ROOT))


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(info.strip(), text) for info, text in BLOCK.findall(page.read_text(encoding="utf-8"))]


def commands_of(page: Path) -> Iterator[list[str]]:
    """The words of every ``scanpick`` command in the shell blocks of a page, without its name; `k` of a loop is 0."""
    for block in blocks_of(page):
        for line in [] if block.is_python else block.lines():
            for part in re.split(r"\s+(?:\|\||&&)\s+|;\s+(?:do\s+)?", line.strip()):
                if part.startswith("scanpick "):
                    yield shlex.split(part.replace("$k", "0"), comments=True)[1:]


def marks_of(page: Path) -> list[str]:
    """What stands in code marks outside of blocks."""
    return CODE.findall(BLOCK.sub("", page.read_text(encoding="utf-8")))
