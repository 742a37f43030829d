"""Ctrl-C, and a request to end: one line, and the end at once, whatever is being computed.

Python raises `KeyboardInterrupt` between two steps of its own, in whatever happens to run: numba's compiler loses it or
ends in errors of its own, a kernel of many seconds comes first, and code that sets a bad frame aside would take it for
the frame's fault. Nothing needs such an exception: files are written whole or not at all, the system lets go of locks,
and every verb goes on from what is finished. So a thread waits for the signal and ends the process.
"""

import atexit
import os
import signal
import sys
import threading
from contextlib import suppress

STATUS_OF_SIGNAL = 128
"""Shells report the end by a signal as this plus its number: 130 after Ctrl-C."""

_SHOW_CURSOR = "\n\x1b[?25h"


def end_at_once_when_interrupted() -> None:
    """From now on SIGINT and SIGTERM end this process and its workers; for the main thread of a program of ours only.

    A signal that the shell made this program deaf to, as it does for the background, stays without effect.
    """
    if os.name != "posix":  # elsewhere KeyboardInterrupt has to do
        return
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, frame: None)  # the byte in the pipe is all that counts
            # At the very end all is done, and said.
            atexit.register(signal.signal, number, signal.SIG_IGN)
    threading.Thread(target=_wait_and_end, args=(heard,), daemon=True).start()


def _wait_and_end(heard: int) -> None:
    number = 0
    while number not in (signal.SIGINT, signal.SIGTERM):
        number = os.read(heard, 1)[0]
    with suppress(OSError):
        word = "Interrupted" if number == signal.SIGINT else "Ended"
        start = _SHOW_CURSOR if os.isatty(2) else ""
        os.write(2, f"{start}{word}. Run the same command again to go on.\n".encode())
    with suppress(Exception):  # nothing may keep it from ending
        _say_no_more()
        # Nothing is imported here: the main thread may be in the middle of it.
        if (files := sys.modules.get("scanpick.files")) is not None:
            files.remove_unfinished()
        if (pool := sys.modules.get("scanpick.workspace.worker_pool")) is not None:
            pool.kill_workers()
    os._exit(STATUS_OF_SIGNAL + number)


def _say_no_more() -> None:
    """What others still want to say, such as that a worker has died, would hide what was said."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
