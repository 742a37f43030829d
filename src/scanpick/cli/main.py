"""The program ``scanpick``: what must be settled before anything large is imported, then the verbs."""

import os
import signal
from types import FrameType


def main() -> None:
    """Run the command line, and end with its exit status."""
    # Imports take a while, too; from here on Ctrl-C meets no traceback.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end_early)
    from scanpick.cli.interruption import end_at_once_when_interrupted

    end_at_once_when_interrupted()
    # torch and numba bring an OpenMP pool each. By default a thread of one pool that waits for work keeps its core
    # from the other pool, and from everything else that runs; this is read once, when they are loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

    from scanpick.cli.app import run

    run()


def _end_early(number: int, frame: FrameType | None) -> None:
    os.write(2, b"Interrupted. Run the same command again to go on.\n")
    os._exit(128 + number)
