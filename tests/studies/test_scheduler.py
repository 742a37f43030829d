"""Workers get their threads by variables, and the process that starts them goes on as before."""

import subprocess
import sys

PROGRAM = """
import os
import numba, numpy as np
from scanpick.studies.scheduler import _threads_of_workers

@numba.njit(parallel=True)
def during(x):
    for i in numba.prange(len(x)):
        x[i] += 1

@numba.njit(parallel=True)
def afterwards(x):
    for i in numba.prange(len(x)):
        x[i] += 2

x = np.zeros(8)
with _threads_of_workers(1):
    assert os.environ["OMP_NUM_THREADS"] == "1"
    during(x)  # a table is written, a kernel compiled, while workers are at work
afterwards(x)
assert "OMP_NUM_THREADS" not in os.environ
assert (x == 3).all()
"""


def test_kernels_are_compiled_during_and_after_the_work_of_processes() -> None:
    """Numba reads its variable whenever it compiles, and refuses a number that differs from the one it began with."""
    environment = {"PATH": "/usr/bin:/bin"}  # none of the variables
    ended = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
