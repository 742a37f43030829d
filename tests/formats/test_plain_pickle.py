"""Pickles that run code are refused; numbers, arrays and tables of pandas are read."""

import contextlib
import gzip
import os
import pickle
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanpick.errors import ScanpickError
from scanpick.formats.plain_pickle import columns_of, plain_array, read_plain_pickle

PLAIN: dict[str, Any] = {
    "text": "a",
    "number": np.float64(1.5),
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "names": np.array(["Car", "Van"]),
    "objects": np.array(["Car", None], dtype=object),
    "list": [1, (2, None), {"deep": True}],
}


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_plain_values_are_read(protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(PLAIN, protocol))
    found = read_plain_pickle(path)
    for name in ("matrix", "fortran", "names", "objects"):
        np.testing.assert_array_equal(plain_array(found[name]), PLAIN[name])
    assert (found["text"], float(found["number"]), found["list"]) == ("a", 1.5, PLAIN["list"])
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert read_plain_pickle(path)["text"] == "a"


class _Runs:
    def __init__(self, function: Any, *args: Any) -> None:
        self.called = function, args

    def __reduce__(self) -> Any:
        return self.called


HOSTILE = {
    "system": lambda: pickle.dumps(_Runs(os.system, "touch ran")),
    "eval": lambda: pickle.dumps(_Runs(eval, "open('ran', 'w')")),
    "getattr": lambda: pickle.dumps(_Runs(getattr, "a", "upper")),
    "numpy load": lambda: pickle.dumps(_Runs(np.load, "a.npy")),
    "class": lambda: b"cbuiltins\neval\n.",
    "dotted": lambda: b"\x80\x04\x8c\x05numpy\x8c\x0cndarray.dump\x93.",
    "changed function": lambda: b"cnumpy\ndtype\n(dS'_does'\nI1\nsb.",
    "extension": lambda: b"\x80\x02\x82\x01.",
    "persistent": lambda: b"Pname\n.",
    "scalar of objects": lambda: (
        b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'O8'\nI0\nI1\ntRS'\\x41\\x41\\x41\\x41\\x41\\x41\\x41\\x41'\ntR."
    ),
    "huge": lambda: b"\x80\x04\x8e" + (10**15).to_bytes(8, "little"),
    "empty": lambda: b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_could_run_code_is_refused_and_does_not_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.pkl").write_bytes(HOSTILE[name]())
    with pytest.raises(ScanpickError, match=r"a\.pkl"):
        read_plain_pickle(tmp_path / "a.pkl")
    assert not (tmp_path / "ran").exists()


def test_a_packed_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanpick.formats.plain_pickle._MOST_GROWTH_BYTES", 1 << 16)
    (tmp_path / "a.pkl.gz").write_bytes(gzip.compress(bytes(1 << 20)))
    with pytest.raises(ScanpickError, match="unpacks to more than"):
        read_plain_pickle(tmp_path / "a.pkl.gz")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_an_error_or_other_values(data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(pickletools.optimize(pickle.dumps(PLAIN, 4)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        if content[at] not in b"rj":  # of a memo, whose size C takes at once
            content[at] = data.draw(st.integers(0, 255).filter(lambda code: code not in b"rj"))
    (tmp_path / "a.pkl").write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    with contextlib.suppress(ScanpickError):
        read_plain_pickle(tmp_path / "a.pkl")


def test_tables_of_pandas_before_3(test_data: Path) -> None:
    folder = test_data / "formats/pandaset/synthetic_pickles"
    for version in ("1.0.5", "2.3"):
        path = folder / f"l_{version}_4.pkl.gz"
        columns = columns_of(read_plain_pickle(path), path)
        with np.load(folder / f"gold_{version}.npz") as gold:
            for name in gold.files:
                np.testing.assert_array_equal(columns[name], gold[name])
    with pytest.raises(ScanpickError, match="tables of pandas before 3 are read"):
        read_plain_pickle(folder / "l_3.1_4.pkl.gz")
    with pytest.raises(ScanpickError, match="expected a table"):
        columns_of({"no": "table"}, folder)
