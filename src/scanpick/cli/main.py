"""The program ``scanpick``: what must be settled before anything large is imported, then the verbs."""

import os

from scanpick.cli.interruption import end_at_once_when_interrupted


def main() -> None:
    """Run the command line, and end with its exit status."""
    end_at_once_when_interrupted()
    # torch and numba bring an OpenMP pool each. By default a thread of one pool that waits for work keeps its core
    # from the other pool, and from everything else that runs; this is read once, when they are loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

    from scanpick.cli.app import run

    run()
