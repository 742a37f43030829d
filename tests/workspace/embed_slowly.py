"""Run as a process that a test kills: embeds a workspace with the slow toy encoder in two workers."""

import sys
from pathlib import Path

from scanpick.workspace import Workspace
from scanpick.workspace.embed import embed
from tests.workspace.drives import Toy

if __name__ == "__main__":
    workspace, log, seconds = sys.argv[1:]
    embed(Workspace.open(Path(workspace)), Toy(seconds=float(seconds), log=Path(log)), workers=2)
