"""Messages name what is wrong and the next step."""

import pickle

from scanpick.errors import FrameError, MissingExtraError, ScanpickError, unknown_name


def test_an_unknown_name_gets_the_nearest_known_one() -> None:
    error = unknown_name("strategy", "k_centre", ["random", "k_center"])
    assert str(error) == "Unknown strategy 'k_centre'. Did you mean 'k_center'? Known: k_center, random."
    assert str(unknown_name("strategy", "zzz", [])) == "Unknown strategy 'zzz'. Known: none."


def test_a_missing_part_names_the_extra_that_brings_it() -> None:
    error = MissingExtraError("faiss", "peers", "The benchmark")
    assert isinstance(error, ScanpickError)
    assert "pip install 'scanpick[peers]'" in str(error)


def test_the_kind_of_a_set_aside_frame_survives_the_way_from_a_worker() -> None:
    error = pickle.loads(pickle.dumps(FrameError("no points", kind="empty")))
    assert (str(error), error.kind) == ("no points", "empty")
    assert FrameError("damaged").kind == "unreadable"
