"""Interrupts a verb at random moments, and says how long it takes to end.

python -m tests.cli.interrupting --moments 50 --within 30 pick kitti --budget 5 --out picks
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LINE = "Interrupted. Run the same command again to go on."

_PROGRAM = "import sys; from scanpick.cli.main import main; sys.argv[0] = 'scanpick'; main()"
_CURSOR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@dataclass(frozen=True)
class Ending:
    """How a command ended.

    Attributes:
        status: Its exit status; below 0 for a signal.
        seconds: From the signal to its end, and that of all that held its error stream; from the start without one.
        told: What it wrote on its error stream.
    """

    status: int
    seconds: float
    told: str

    @property
    def clean(self) -> bool:
        """Nothing but progress bars and the one line."""
        told = _CURSOR.sub("", self.told)
        others = ("Traceback", "Error", "Exception", "leaked", "died", "Warning")
        return self.status == 130 and told.count(LINE) == 1 and not any(word in told for word in others)


def run_until(arguments: Sequence[str], after_s: float | None, *, cache: Path, whole_group: bool) -> Ending:
    """Run ``scanpick``, and interrupt it after so many seconds unless it has ended.

    Args:
        arguments: Of the program.
        after_s: When; None to let it end.
        cache: numba's cache.
        whole_group: Interrupt its workers, too, as a terminal does.
    """
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *arguments],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell starts programs in the background deaf to it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    )
    try:
        _, told = process.communicate(timeout=after_s)
    except subprocess.TimeoutExpired:
        started = time.monotonic()
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
        _, told = process.communicate()
    return Ending(process.returncode, time.monotonic() - started, told)


def main() -> None:
    """Interrupt the command as often as asked, each time with an empty cache of numba, and let it end at last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--within", type=float, default=30.0, help="seconds from the start")
    parser.add_argument("--keep-cache", action="store_true", help="one cache for all moments: later ones come further")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the verb and its arguments")
    asked = parser.parse_args()
    chance, seconds, unclean = random.Random(0), [], 0
    for moment in range(asked.moments):
        with tempfile.TemporaryDirectory() as folder:
            cache = Path(tempfile.gettempdir(), "scanpick-interrupting") if asked.keep_cache else Path(folder)
            after = chance.uniform(0.05, asked.within)
            ending = run_until(asked.command, after, cache=cache, whole_group=moment % 2 == 0)
        if ending.status == 0:
            print(f"{after:6.2f} s: had ended", flush=True)
            continue
        seconds.append(ending.seconds)
        unclean += not ending.clean
        print(f"{after:6.2f} s: {ending.status} after {ending.seconds:.2f} s", flush=True)
        if not ending.clean:
            print(ending.told, flush=True)
    seconds.sort()
    print(
        f"{len(seconds)} interrupted, {unclean} not clean; seconds to end: median {seconds[len(seconds) // 2]:.2f}, "
        f"most {seconds[-1]:.2f}"
    )


if __name__ == "__main__":
    main()
