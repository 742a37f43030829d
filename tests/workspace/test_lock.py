"""Two runs never write into one workspace at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from scanpick.errors import ScanpickError
from scanpick.workspace.lock import write_lock

HOLD = """
import sys
from pathlib import Path
from scanpick.workspace.lock import write_lock
with write_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_process_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    """Also where the first is killed: nothing is left that would have to be removed by hand."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(ScanpickError, match="another scanpick run is writing"), write_lock(tmp_path):
            pass
        first.kill()
    with write_lock(tmp_path):
        pass


def test_may_be_taken_again_by_its_holder(tmp_path: Path) -> None:
    with write_lock(tmp_path), write_lock(tmp_path / "." / ""):
        pass
    with write_lock(tmp_path):
        pass
