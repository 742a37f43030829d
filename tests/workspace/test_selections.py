"""Every selection has a name and files of its own; nothing is replaced unasked, and the same is not kept twice."""

from pathlib import Path

import pytest

from scanpick.errors import ScanpickError
from scanpick.selection import Pool, select
from scanpick.structures import Selection
from scanpick.workspace import Workspace, load_selection, pool_of
from scanpick.workspace.index import index
from scanpick.workspace.selections import check_nobodys, keep_selection, publish
from tests.workspace.drives import files_of, write_drives


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return index(str(write_drives(tmp_path / "drives", frames=8)), tmp_path / "pool", workers=1)


def keep(workspace: Workspace, budget: int, **options: object) -> tuple[str, Selection]:
    pool: Pool = pool_of(workspace)
    return keep_selection(workspace, select(pool, "random", budget), pool, **options)  # type: ignore[arg-type]


def test_each_gets_the_next_number_and_the_same_its_own(workspace: Workspace) -> None:
    assert [keep(workspace, budget)[0] for budget in (2, 3, 4)] == ["random-1", "random-2", "random-3"]
    before = files_of(workspace.path)
    assert keep(workspace, 4)[0] == "random-3"
    assert files_of(workspace.path) == before
    assert keep(workspace, 3)[0] == "random-2"
    assert load_selection(workspace)[0] == "random-2", "what was asked for last is the newest"
    assert {path.name for path in (workspace.path / "selections").iterdir() if path.suffix != ".sha256"} == {
        f"random-{number}.{suffix}" for number in (1, 2, 3) for suffix in ("csv", "parquet", "txt")
    }


def test_a_name_is_not_given_to_another_selection(workspace: Workspace) -> None:
    first = keep(workspace, 2, name="mine")[1]
    before = files_of(workspace.path)
    with pytest.raises(ScanpickError, match="has another selection 'mine' already"):
        keep(workspace, 3, name="mine")
    assert files_of(workspace.path) == before
    assert keep(workspace, 2, name="mine")[1].frame_ids == first.frame_ids
    keep(workspace, 3, name="mine", replace=True)
    assert len(load_selection(workspace, "mine")[1]) == 3


def test_a_damaged_selection_keeps_its_number(workspace: Workspace) -> None:
    keep(workspace, 2)
    workspace.selection_path("random-1").write_bytes(b"PAR1")
    assert keep(workspace, 2)[0] == "random-2"


def test_lists_at_the_top_are_copies_and_nothing_else_is_replaced(workspace: Workspace) -> None:
    for budget in (2, 3):
        check_nobodys(workspace.path)
        publish(workspace, keep(workspace, budget)[0])
        assert len((workspace.path / "frames.txt").read_text().splitlines()) == budget
    (workspace.path / "frames.txt").write_text("drive_0/000001\n")
    with pytest.raises(ScanpickError, match=r"frames\.txt would be replaced, and equals none of the files"):
        check_nobodys(workspace.path)
    check_nobodys(workspace.path, replace=True)
