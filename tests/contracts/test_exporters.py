"""What every registered exporter keeps to; a new one is tested by being registered."""

from pathlib import Path
from typing import Any

import pytest

from scanpick.datasets import open_dataset
from scanpick.errors import FrameError, ScanpickError
from scanpick.exporters import EXPORTERS, ExportSummary, HandOff
from scanpick.structures import Frame
from tests.datasets.samples import write_kitti_object

OPTIONS: dict[str, dict[str, Any]] = {}
"""Name -> options, for an exporter that cannot do without."""

IDS = ["000002", "000000"]


@pytest.fixture(params=EXPORTERS.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def kitti(tmp_path: Path) -> Path:
    return write_kitti_object(tmp_path / "kitti", ["000000", "000001", "000002"])


def export(name: str, source: Any, out: Path, ids: list[str] = IDS, **given: Any) -> ExportSummary:
    return EXPORTERS.make(name, OPTIONS.get(name, {})).write(HandOff(source, ids, "picks"), out, **given)


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_writes_below_its_folder_and_says_what(name: str, kitti: Path, tmp_path: Path) -> None:
    before = files_in(kitti)
    steps: list[int] = []
    summary = export(name, open_dataset(str(kitti)), tmp_path / "out", advance=steps.append)
    assert summary.folder == tmp_path / "out"
    assert list(summary.names) == IDS
    assert not summary.failed
    assert sum(steps) == len(IDS)
    assert sum(summary.counts.values()) > 0
    assert summary.order is None or summary.order.is_file()
    assert {path.name for path in tmp_path.iterdir()} == {"kitti", "out"}
    assert files_in(kitti) == before


def test_again_it_is_the_same(name: str, kitti: Path, tmp_path: Path) -> None:
    out, dataset = tmp_path / "out", open_dataset(str(kitti))
    export(name, dataset, out)
    first = files_in(out)
    export(name, dataset, out)
    assert files_in(out) == first


def test_a_file_that_no_export_wrote_is_replaced_on_demand_only(name: str, kitti: Path, tmp_path: Path) -> None:
    out, dataset = tmp_path / "out", open_dataset(str(kitti))
    export(name, dataset, out)
    written = sorted(set(files_in(out)) - {".scanpick-export.json"})
    (out / written[0]).write_bytes(b"by hand")
    with pytest.raises(ScanpickError, match=r"changed|no export"):
        export(name, dataset, out)
    assert (out / written[0]).read_bytes() == b"by hand"
    export(name, dataset, out, replace=True)
    assert (out / written[0]).read_bytes() != b"by hand"


def test_a_broken_frame_is_named_and_costs_only_itself(name: str, kitti: Path, tmp_path: Path) -> None:
    class Broken:
        def __init__(self) -> None:
            self.whole = open_dataset(str(kitti))

        def read(self, frame_id: str) -> Frame:
            if frame_id == IDS[0]:
                raise FrameError("a broken file")
            return self.whole.read(frame_id)

        def labels(self, frame_id: str) -> Any:
            return self.whole.labels(frame_id)

    summary = export(name, Broken(), tmp_path / "out")
    assert dict(summary.failed) == {IDS[0]: "a broken file"}
    assert sum(summary.counts.values()) > 0


def test_unknown_options_are_errors(name: str) -> None:
    with pytest.raises(ScanpickError, match=f"Unknown option of exporter '{name}', 'no_such_option'"):
        EXPORTERS.make(name, {"no_such_option": "1"})
