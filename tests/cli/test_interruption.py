"""Ctrl-C ends a verb at once, with one line, wherever it is; the next run goes on to the same result."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.interrupting import LINE, run_until
from tests.workspace.drives import files_of, write_drives


@pytest.mark.slow
def test_interrupted_at_any_moment(tmp_path: Path) -> None:
    """With an empty cache of numba: while modules load, while numba compiles, while workers start and work."""
    drives = write_drives(tmp_path / "drives", frames=64)
    command = [
        "pick",
        str(drives),
        "--budget",
        "5",
        "--no-report",
        "--encoder",
        "statistics",
        "--workers",
        "2",
        "--out",
    ]
    chance = random.Random(0)
    for moment in range(4):
        after_s = chance.uniform(0.5, 6.0)
        ending = run_until(
            [*command, str(tmp_path / "p")], after_s, cache=tmp_path / "cache", whole_group=moment % 2 > 0
        )
        assert ending.clean or ending.status == 0, f"interrupted after {after_s:.2f} s: {ending.status}\n{ending.told}"
    for name in ("p", "whole"):
        assert (
            run_until([*command, str(tmp_path / name)], None, cache=tmp_path / "cache", whole_group=False).status == 0
        )
    went_on, whole = files_of(tmp_path / "p"), files_of(tmp_path / "whole")
    assert went_on.keys() == whole.keys(), "nothing unfinished is left"
    assert went_on["frames.txt"] == whole["frames.txt"]
    assert went_on["frames.parquet"] == whole["frames.parquet"]


@pytest.mark.parametrize(("name", "status", "line"), [("SIGINT", 130, LINE), ("SIGTERM", 143, "Ended. Run the same")])
def test_code_that_ignores_exceptions(name: str, status: int, line: str, tmp_path: Path) -> None:
    """What numba's compiler does to `KeyboardInterrupt` cannot happen; an unfinished file is removed."""
    program = f"""
import os, signal
from pathlib import Path
from scanpick.cli.interruption import end_at_once_when_interrupted
from scanpick.files import atomic_path
signal.signal(signal.SIGINT, signal.default_int_handler)
end_at_once_when_interrupted()
with atomic_path(Path({str(tmp_path / "file")!r})) as temporary:
    os.kill(os.getpid(), signal.{name})
    while True:
        try:
            while True:
                pass
        except BaseException:
            print("swallowed")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == status
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1
    assert not done.stdout
    assert not list(tmp_path.iterdir())


def test_deaf_programs_stay_deaf() -> None:
    """A shell starts programs in the background deaf to Ctrl-C, which is meant for the one in the foreground."""
    program = """
import os, signal
from scanpick.cli.interruption import end_at_once_when_interrupted
signal.signal(signal.SIGINT, signal.SIG_IGN)
end_at_once_when_interrupted()
os.kill(os.getpid(), signal.SIGINT)
print("done")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
