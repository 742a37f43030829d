"""JSON tables, in parts of any size, whole or broken."""

import json
from pathlib import Path

import pyarrow
import pyarrow.compute as pc
import pytest

from scanpick.errors import ScanpickError
from scanpick.formats import json_table
from scanpick.formats.json_table import read_json_table

REQUIRED = pyarrow.schema([("token", pyarrow.string()), ("at", pyarrow.list_(pyarrow.float64()))])
OPTIONAL = pyarrow.schema([("text", pyarrow.string())])


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("chunk", [150, 400, 1 << 24])
def test_parts_of_any_size_give_all_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, indent: int | None
) -> None:
    rows = [{"token": f"t{n}", "at": [n, 0.5], "text": None if n % 2 else "a} , x", "more": [[n]]} for n in range(20)]
    path = tmp_path / "table.json"
    path.write_text(json.dumps(rows, indent=indent), encoding="utf-8-sig")
    monkeypatch.setattr(json_table, "CHUNK_BYTES", chunk)
    table = read_json_table(path, REQUIRED, OPTIONAL)
    assert table.to_pylist() == [{name: row[name] for name in ("token", "at", "text")} for row in rows]
    kept = read_json_table(path, REQUIRED, OPTIONAL, lambda part: pc.equal(part["token"], "t7"))
    assert kept["at"].to_pylist() == [[7, 0.5]]


def test_an_empty_list_has_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text("\n [ \n ]\n", encoding="utf-8")
    assert read_json_table(path, REQUIRED).num_rows == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"expected a JSON list, '\[' first, got b''"),
        ('{"token": "a"}', "expected a JSON list"),
        ('[{"token": "a", "at": [1]}', r"expected '\]' at the end. Is it truncated"),
        ('[{"token": "a", "at": [1]}, {"tok]', "expected a JSON list of objects with token"),
        ('[{"token": 5, "at": [1]}]', r"token \(string\).*changed from string to number"),
        ('[{"token": "a", "at": [[1, 0]]}]', "from number to array"),
        ('[{"token": "a"}]', "expected a value of at in every row"),
        ('[{"token": "a", "at": [1e999]}]', "too big"),
        ('[{"token": "a", "at": ' + "[" * 100_000 + "]" * 100_000 + "}]", "from number to array"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "table.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScanpickError, match=message):
        read_json_table(path, REQUIRED)


def test_bytes_that_are_no_text_and_rows_without_end_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.json"
    path.write_bytes(b'[{"token": "\xff", "at": [1]}]')
    with pytest.raises(ScanpickError, match="UTF8"):
        read_json_table(path, REQUIRED)
    path.write_bytes(b'[{"token": "' + b"x" * 1000 + b'", "at": [1]}]')
    monkeypatch.setattr(json_table, "CHUNK_BYTES", 100)
    monkeypatch.setattr(json_table, "BLOCK_BYTES", 100)
    with pytest.raises(ScanpickError, match="expected a list of small objects"):
        read_json_table(path, REQUIRED)
    with pytest.raises(ScanpickError, match="cannot be read"):
        read_json_table(tmp_path / "none.json", REQUIRED)
