from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from scanpick.errors import ScanpickError
from scanpick.networks.weights import read_weights_file, write_weights_file
from scanpick.seals import BLANK, check_seal, sealed
from scanpick.texts import read_csv, read_json, read_sealed, read_text, write_csv, write_json, write_sealed
from tests.test_hostile_files import PARSERS

WEIGHTS = {"weights": torch.arange(200.0), "iteration": 5}
ROWS = [{"frame_id": f"frame {row}", "gain": row / 7} for row in range(20)]
LINES = "a = 1\nb = [1, 2]\n"


WRITTEN = {name: PARSERS[name] for name in ("selection as CSV", "selection as Parquet", "frame table", "manifest")}
WRITTEN |= {name: PARSERS[name] for name in ("metadata of an embedding", "predictions")}
WRITTEN |= {
    "JSON": ("a.json", lambda path: write_json(path, {"seed": 5, "frames": ["a", "b"], "share": 0.5}), read_json),
    "TOML": ("a.toml", lambda path: write_sealed(path, LINES), lambda path: read_sealed(path).partition("#")[0]),
    "CSV": ("a.csv", lambda path: write_csv(path, ("frame_id", "gain"), ROWS), read_csv),
    "checkpoint": ("a.pt", lambda path: write_weights_file(path, WEIGHTS), lambda path: str(read_weights_file(path))),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_flipped_bit_is_told_or_changes_nothing(tmp_path: Path, name: str) -> None:
    file, write, read = WRITTEN[name]
    write(tmp_path / file)
    before, rng = _shown(read(tmp_path / file)), random.Random(0)
    for path in sorted(path for path in tmp_path.iterdir() if path.is_file()):
        content = path.read_bytes()
        for _ in range(60):
            flipped = bytearray(content)
            flipped[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            path.write_bytes(flipped)
            try:
                after = _shown(read(tmp_path / file))
            except ScanpickError:
                continue
            assert after == before
        path.write_bytes(content)
    assert _shown(read(tmp_path / file)) == before


def _shown(value: object) -> str:
    """All of it: dataclasses of arrays are not equal to each other by ==."""
    with np.printoptions(threshold=10**6):
        parts = vars(value) if hasattr(value, "__dict__") else {"": value}
        return repr([(name, list(part) if isinstance(part, Sequence) else part) for name, part in parts.items()])


def test_a_change_on_purpose_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "scanpick.toml"
    write_sealed(path, "a = 1\n")
    path.write_text(path.read_text().replace("a = 1", "a = 2"))
    with pytest.raises(ScanpickError, match=r"changed or damaged.*Index again; where .* remove the entry"):
        read_sealed(path, "Index again")
    path.write_text("a = 2\n")
    assert read_sealed(path) == "a = 2\n"
    write_csv(tmp_path / "a.csv", ("frame_id",), [{"frame_id": "a"}])
    (tmp_path / "a.csv").write_text("frame_id\nb\n")
    with pytest.raises(ScanpickError, match=r"remove \.a\.csv\.sha256"):
        read_csv(tmp_path / "a.csv")


def test_line_ends_of_another_system_are_no_change(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"a": 1, "b": "\x85\u2028"})
    (tmp_path / "a.json").write_bytes((tmp_path / "a.json").read_bytes().replace(b"\n", b"\r\n"))
    assert read_json(tmp_path / "a.json") == {"a": 1, "b": "\x85\u2028"}


def test_a_writer_killed_between_a_table_and_its_digest_leaves_a_table_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_csv(path, ("a",), [{"a": 1}])
    old = path.read_bytes()
    write_csv(path, ("a",), [{"a": 2}])
    path.write_bytes(old)  # the digest is new, the table was not replaced yet
    assert read_csv(path) == [{"a": "1"}]


def test_data_that_hold_a_digest_are_no_digest() -> None:
    content = sealed(f"{BLANK} of data, {BLANK}\n".encode())
    assert content.startswith(BLANK.encode())
    check_seal(content, "x")


def test_a_file_of_another_program_needs_no_digest(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\n")
    assert read_text(tmp_path / "a.txt") == "a\n"
