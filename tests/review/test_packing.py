"""What the page unpacks is what was packed."""

import json

import numpy as np

from scanpick.review.packing import as_json, pack


def test_header_and_arrays() -> None:
    arrays = {
        "a": np.array([1.5, np.nan], np.float32),
        "b": np.arange(5, dtype=np.uint8),
        "c": np.array([-3], np.int16),
    }
    message = pack({"name": "ü"}, arrays)
    size = int.from_bytes(message[:4], "little")
    header = json.loads(message[4 : 4 + size])
    assert header["name"] == "ü"
    assert (4 + size) % 8 == 0
    for name, array in arrays.items():
        kind, offset, length = header["arrays"][name]
        assert offset % 8 == 0
        read = np.frombuffer(message, np.dtype("<" + kind), length, 4 + size + offset)
        np.testing.assert_array_equal(read, array)


def test_json_that_a_browser_reads() -> None:
    values = {"a": np.float64("nan"), "b": [np.int64(3), float("inf")], "c": np.array([1.0, 2.0]), "d": (True, None)}
    assert json.loads(as_json(values)) == {"a": None, "b": [3, None], "c": [1.0, 2.0], "d": [True, None]}
