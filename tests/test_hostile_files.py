"""Whatever is in a file of text, settings or tables: it is read, or refused with a `ScanpickError`.

A new parser is a line in `PARSERS`: a valid file, and what reads it.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.study_documents import read_redundancy
from scanpick.datasets.kitti_mapping import read_mapping as read_kitti_mapping
from scanpick.datasets.kitti_tracking import read_tracked_lines
from scanpick.encoders.imported import read_embeddings
from scanpick.errors import ScanpickError
from scanpick.formats.frame_columns import read_frame_columns
from scanpick.formats.frame_ids import read_frame_ids
from scanpick.formats.kitti_text import read_calibration, read_objects
from scanpick.formats.mmdet3d_json import read_mmdet3d
from scanpick.formats.object_embeddings import read_object_embeddings
from scanpick.formats.predictions import read_predictions, read_predictions_meta, write_predictions
from scanpick.formats.selection_table import read_selection, write_selection
from scanpick.formats.sequences import read_sequences
from scanpick.formats.toml import format_toml
from scanpick.reports.cells import read_cells
from scanpick.reports.study.folder import read_study as read_study_folder
from scanpick.reports.study.redundancy import MEASURES
from scanpick.selection.config import SelectionConfig
from scanpick.structures import Boxes3D, Detections, FrameRecord, Labels, Selection
from scanpick.studies.config import StudyConfig
from scanpick.studies.presets import read_preset
from scanpick.training.runs import finished_result
from scanpick.workspace.embedding_files import read_embedding, write_embedding
from scanpick.workspace.frame_table import FrameTable, read_frame_table, write_frame_table
from scanpick.workspace.labels import LabelTable, read_label_table, write_label_table
from scanpick.workspace.manifest import FrameSummary, Manifest, read_manifest, write_manifest
from scanpick.workspace.source import DatasetSource

IDS = ["000000", "000001"]
LABEL = "Car 0.00 0 1.85 387.63 181.54 423.81 203.12 1.67 1.87 3.69 -16.53 2.39 58.49 1.57\n"
CALIBRATION = "".join(f"{name}: {' '.join(['1 0 0 0 0 1 0 0 0 0 1 0'])}\n" for name in ("P0", "P1", "P2", "P3"))
CALIBRATION += "R0_rect: 1 0 0 0 1 0 0 0 1\nTr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0\n"
SCORES = "study,seed,round,strategy,variant,frames,boxes,cost,Car_3d_hard_R40_0.70\nmine,0,0,start,,5,6,7,50.0\n"
REDUNDANCY = "strategy,variant,seeds," + ",".join(
    f"{name}{part}" for name in MEASURES for part in ("", "_low", "_high", "_deviation", "_note")
)


def _text(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text, encoding="utf-8")


def _json(values: object) -> Callable[[Path], object]:
    return _text(json.dumps(values))


def _yaml(values: object) -> Callable[[Path], object]:
    return _text(yaml.safe_dump(values))


def _parquet(**columns: object) -> Callable[[Path], object]:
    return lambda path: pq.write_table(pa.table(columns), path)


def _array(values: object) -> Callable[[Path], object]:
    return lambda path: np.save(path, np.asarray(values))


def _selection(path: Path) -> None:
    one = np.array([1.0, 0.5])
    write_selection(path, Selection("k_center", tuple(IDS), one, ("", IDS[0]), one, one, summary={"seed": 0}))


def _frames(path: Path) -> None:
    records = tuple(FrameRecord(one, "s", row, 5, Path("x.bin"), {"rain": True}) for row, one in enumerate(IDS))
    write_frame_table(path, FrameTable(records, np.array([1, 2]), ("ok", "ok"), ("a", "b"), ("c", "d")))


def _manifest(path: Path) -> None:
    frames, steps = FrameSummary(2, 2, "a", "b"), {"pick": {"seed": 0, "list": [1, 2]}}
    write_manifest(path, Manifest(DatasetSource("folder:/x", {"columns": 4}, "folder", "x"), frames, steps, {"a": "1"}))


def _predictions(path: Path) -> None:
    boxes = Boxes3D(np.ones((2, 7)), np.array(["Car", "Van"]))
    write_predictions(path, [Detections("a", boxes, np.ones(2)), Detections.empty("b")], {"by": "me"})


def _labels(path: Path) -> None:
    labels = Labels(Boxes3D(np.ones((2, 7)), np.array(["Car", "Van"])))
    write_label_table(path, LabelTable({"a": labels}, {"b": "labels: torn"}, {"a": "points"}))


def _embedding(path: Path) -> None:
    write_embedding(path.parent, IDS, ["a", "b"], [np.ones((2, 3), dtype=np.float32)], 3, {"encoder": "x"})


def _objects(path: Path) -> None:
    np.savez(path, values=np.ones((2, 3)), frame_id=np.array(IDS))


def _mapping(path: Path) -> None:
    (path.parent / "train_rand.txt").write_text("2,1")
    path.write_text("2011_09_26 2011_09_26_drive_0001_sync 0000000005\n" * 2)


SETTINGS = {"budget": "5%", "objectives": [{"type": "diversity", "strength": 2}], "constraints": {"min_gap_s": 1}}
MMDET3D = {"box_type_3d": "LiDAR", "bboxes_3d": [[1, 2, 3, 4, 5, 6, 7]], "labels_3d": [0], "scores_3d": [0.5]}
TRACKED = "".join(f"{frame} 1 {LABEL}" for frame in range(2))

PARSERS: dict[str, tuple[str, Callable[[Path], object], Callable[[Path], object]]] = {
    "selection as CSV": ("s.csv", _selection, read_selection),
    "selection as Parquet": ("s.parquet", _selection, read_selection),
    "frame table": ("frames.parquet", _frames, read_frame_table),
    "manifest": ("scanpick.toml", _manifest, read_manifest),
    "metadata of an embedding": ("meta.json", _embedding, lambda path: read_embedding(path.parent)),
    "predictions": ("p.parquet", _predictions, read_predictions),
    "notes on predictions": ("p.parquet", _predictions, read_predictions_meta),
    "columns as CSV": ("c.csv", _text("frame_id,rain,fog\na,1,x\nb,,y\n"), read_frame_columns),
    "columns as Parquet": ("c.parquet", _parquet(frame_id=["a", "b"], rain=[1.0, None]), read_frame_columns),
    "sequences as CSV": ("s.csv", _text("frame_id,sequence\na,1\n"), lambda path: read_sequences(path, ["a"])),
    "sequences as Parquet": (
        "s.parquet",
        _parquet(frame_id=["a"], sequence=["1"]),
        lambda path: read_sequences(path, ["a"]),
    ),
    "ids as text": ("ids.txt", _text("a\nb\n"), read_frame_ids),
    "ids as CSV": ("ids.csv", _text("frame_id\na\nb\n"), read_frame_ids),
    "ids as Parquet": ("ids.parquet", _parquet(frame_id=IDS), read_frame_ids),
    "ids as array": ("ids.npy", _array(IDS), read_frame_ids),
    "embedding as Parquet": ("e.parquet", _parquet(frame_id=IDS, x=[1.0, 2.0]), read_embeddings),
    "embedding as lists": ("e.parquet", _parquet(frame_id=IDS, x=[[1.0, 3.0], [2.0, 3.0]]), read_embeddings),
    "embeddings of objects": ("objects.npz", _objects, read_object_embeddings),
    "settings of a selection": ("s.yaml", _yaml(SETTINGS), SelectionConfig.read),
    "settings of a study": ("s.yaml", _yaml(read_preset("demo", {})), StudyConfig.read),
    "scores of a study": ("scores.csv", _text(SCORES), lambda path: read_study_folder(path.parent)),
    "redundancy": ("r.csv", _text(REDUNDANCY + "\nrandom,,3" + ",1,0,2,1," * len(MEASURES)), read_redundancy),
    "labels of a pool": ("l.parquet", _labels, read_label_table),
    "result of a training": (
        "result.json",
        _json({"fingerprint": "a", "metrics": {"x": 1.0}, "seconds": 2, "seconds_training": 1, "evaluated_frames": 3}),
        lambda path: finished_result(path.parent, "a"),
    ),
    "log of a training": (
        "log.csv",
        _text("step,loss\n1,2.5\n"),
        lambda path: [line.number(name) for line in read_cells(path) for name in line.row],
    ),
    "labels of KITTI": ("000000.txt", _text(LABEL * 2), read_objects),
    "calibration of KITTI": ("000000.txt", _text(CALIBRATION), read_calibration),
    "tracked objects of KITTI": ("0000.txt", _text(TRACKED), lambda path: read_tracked_lines(path, _changed(path))),
    "mapping of KITTI": ("train_mapping.txt", _mapping, lambda path: read_kitti_mapping(path.parent)),
    "results of mmdetection3d": ("a.json", _json(MMDET3D), lambda path: read_mmdet3d(path, ("Car",))),
}

HOSTILE_BYTES = [
    *(b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n", b",", b'"', b"'", b"\t", b"[" * 3000, b"{" * 3000),
    *(b"9" * 5000, b"-1", b"1e999", b"nan", b"1.5", b"\xc2\x85", b"\xe2\x80\xa8", b"null", b"\x1b[2J", b"&a [*a]"),
]
HOSTILE_VALUES: list[Any] = [
    *(None, True, -1, 0, 1.5, 1e999, float("nan"), 10**30, 2**70, "", "\x00", "=1", "a" * 5000, [], {}, [None], [[1]]),
    *({"a": None}, [{}], ["a", 1], {"": 1}),
]


@pytest.mark.parametrize("name", PARSERS)
def test_a_valid_file_is_read(tmp_path: Path, name: str) -> None:
    file, write, read = PARSERS[name]
    write(tmp_path / file)
    read(tmp_path / file)
    _unsealed(tmp_path / file)
    read(tmp_path / file)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    path = _valid_file(tmp_path_factory, name)
    content = path.read_bytes()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = min(len(content), start + data.draw(st.integers(0, 20)))
        content = content[:start] + data.draw(st.sampled_from(HOSTILE_BYTES) | st.binary(max_size=3)) + content[end:]
    path.write_bytes(content)
    _read_or_refused(name, path)


@pytest.mark.parametrize("name", [one for one, parser in PARSERS.items() if not parser[0].endswith((".csv", ".txt"))])
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_values_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    path = _valid_file(tmp_path_factory, name)
    CHANGED[path.suffix](path, data)
    _read_or_refused(name, path)


def _valid_file(factory: pytest.TempPathFactory, name: str) -> Path:
    file, write, _ = PARSERS[name]
    path = factory.mktemp("hostile") / file
    write(path)
    _unsealed(path)
    return path


def _unsealed(path: Path) -> None:
    """Without its digest, which would tell every change before a parser sees it."""
    path.with_name(f".{path.name}.sha256").unlink(missing_ok=True)
    path.write_bytes(path.read_bytes().replace(b"scanpick-sha256:", b"no-digest------:"))


def _read_or_refused(name: str, path: Path) -> None:
    with contextlib.suppress(ScanpickError):
        PARSERS[name][2](path)


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns


def _with_other_value(values: Any, data: st.DataObject) -> Any:
    """The values with one of them, however deep, replaced, removed or added."""
    if isinstance(values, dict | list) and values and data.draw(st.booleans() | st.just(True)):
        changed = values.copy()
        key = data.draw(st.sampled_from(list(changed) if isinstance(changed, dict) else range(len(changed))))
        if data.draw(st.integers(0, 9)) == 0:
            del changed[key]
        else:
            changed[key] = _with_other_value(changed[key], data) if data.draw(st.booleans()) else _hostile(data)
        return changed
    return _hostile(data)


def _hostile(data: st.DataObject) -> Any:
    return data.draw(st.sampled_from(HOSTILE_VALUES))


def _change_json(path: Path, data: st.DataObject) -> None:
    path.write_text(json.dumps(_with_other_value(json.loads(path.read_text()), data)))


def _change_yaml(path: Path, data: st.DataObject) -> None:
    path.write_text(yaml.safe_dump(_with_other_value(yaml.safe_load(path.read_text()), data)))


def _change_toml(path: Path, data: st.DataObject) -> None:
    changed = _with_other_value(tomllib.loads(path.read_text()), data)
    with contextlib.suppress(ScanpickError):  # what TOML cannot hold: the file stays as it is
        path.write_text(re.sub(r"\bnull\b", "", format_toml(changed if isinstance(changed, dict) else {})))


COLUMNS: list[Any] = [
    *(
        ["a", "a"],
        [None, None],
        [1, 2],
        [2**62, -1],
        [1.5, float("nan")],
        [b"\xff", b""],
        [[1.0], None],
        [{"a": 1}] * 2,
    ),
    *(["", "\x00"], [True, False], [float("inf"), -1.0], [[], [1]]),
]


def _change_parquet(path: Path, data: st.DataObject) -> None:
    table = pq.ParquetFile(path).read()
    place = data.draw(st.integers(0, table.num_columns - 1))
    name = table.column_names[place]
    column = pa.array(data.draw(st.sampled_from(COLUMNS)))
    kind = data.draw(st.sampled_from(["values", "timestamp", "dictionary", "twice", "notes", "no rows"]))
    if kind == "timestamp":
        column = pa.array([2**62, None], pa.timestamp("ns", tz="UTC"))
    if kind == "dictionary":
        column = pa.array(["a", None]).dictionary_encode()
    if kind in ("values", "timestamp", "dictionary"):
        table = table.slice(0, 0) if table.num_rows < 2 else table.slice(0, 2).set_column(place, name, column)
    if kind == "twice":
        table = table.append_column(name, table.column(place))
    if kind == "notes":
        notes = json.dumps(_with_other_value({"summary": {"a": 1}, "frames_without_detections": ["c"]}, data))
        table = table.replace_schema_metadata({b"scanpick": notes.encode()})
    if kind == "no rows":
        table = table.slice(0, 0)
    pq.write_table(table, path)


def _change_arrays(path: Path, data: st.DataObject) -> None:
    arrays = [np.ones((2, 3)), np.ones(2, dtype=bool), np.array("a"), np.array(["a", "b"]), np.array([b"\xff", b"a"])]
    arrays += [np.zeros((0, 0)), np.ones((2, 2), dtype=complex), np.zeros(2, dtype="V8"), np.array([1, 2])]
    arrays += [np.array(["2020", "NaT"], dtype="M8[s]"), np.zeros(2, dtype=[("a", "f4")]), np.full((2, 3), np.nan)]
    chosen = st.sampled_from(arrays)
    if path.suffix == ".npy":
        np.save(path, data.draw(chosen))
        return
    with np.load(io.BytesIO(path.read_bytes())) as file:
        held = dict(file)
    held[data.draw(st.sampled_from(list(held)))] = data.draw(chosen)
    np.savez(path, **held)


CHANGED = {
    ".json": _change_json,
    ".yaml": _change_yaml,
    ".toml": _change_toml,
    ".parquet": _change_parquet,
    ".npy": _change_arrays,
    ".npz": _change_arrays,
}
