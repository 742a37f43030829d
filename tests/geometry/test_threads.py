"""The pool gives results in order, passes errors on, and survives a fork."""

import os

import pytest

from scanpick.geometry.threads import map_over_threads


def test_results_come_in_order():
    assert map_over_threads(lambda item: item * 2, range(50)) == [item * 2 for item in range(50)]
    assert map_over_threads(str, []) == []


def test_an_error_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        map_over_threads(lambda item: 1 // item, [1, 2, 0, 3])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_makes_its_own_pool():
    map_over_threads(str, range(8))
    child = os.fork()
    if child == 0:
        os._exit(0 if map_over_threads(str, range(8)) == list("01234567") else 1)
    assert os.waitpid(child, 0)[1] == 0
