"""Decisions are kept beside those about other frames, and the next selection takes them."""

from pathlib import Path

import pytest

import scanpick as sp
from scanpick.errors import ScanpickError
from scanpick.workspace import Workspace
from scanpick.workspace.reviews import ChangedSinceError, Decision, decide, read_review, review_path
from tests.cli.running import error_of, run_json
from tests.workspace.drives import write_drives


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("reviews")
    write_drives(folder / "drives", frames=12)
    sp.pick(folder / "drives", 4, folder / "pool", encoder="statistics", workers=1, report=False)
    return Workspace.open(folder / "pool")


def test_decisions_by_page_command_and_python(pool: Workspace) -> None:
    first, second, third = pool.frames().frame_ids[:3]
    assert read_review(pool, "diversity-1") == {}
    decide(pool, "diversity-1", [first], decision="reject", reason="standing still", add_tags=["rain", "night"])
    facts = run_json("decide", pool.path, "--frame", second, "--decision", "pin")
    assert (facts["reject"], facts["pin"]) == (1, 1)
    known = sp.decide(pool, [first], remove_tags=["rain"])
    assert known == {first: Decision("reject", "standing still", ("night",)), second: Decision("pin")}
    assert read_review(pool, "diversity-1") == known

    # What was seen is checked, and a decision that is taken back leaves no row.
    with pytest.raises(ChangedSinceError, match="Somebody else"):
        decide(pool, "diversity-1", [second], decision="accept", seen={})
    assert second not in decide(pool, "diversity-1", [second], decision="", seen={second: Decision("pin")})

    # The next selection leaves out what was rejected.
    table = review_path(pool, "diversity-1")
    everything = {"budget": "100%", "at_most": True, "table": table, "constraints": {"exclude": "decision == 'reject'"}}
    picked = sp.select(pool, "random", name="without", **everything).frame_ids
    assert first not in picked
    assert third in picked


def test_what_cannot_be_decided(pool: Workspace, tmp_path: Path) -> None:
    frame = pool.frames().frame_ids[0]
    for given, said in (
        ({"frame_ids": ["nobody"], "decision": "pin"}, "nobody"),
        ({"frame_ids": [frame], "decision": "maybe"}, "Unknown decision 'maybe'"),
        ({"frame_ids": [frame], "add_tags": ["a,b"]}, "without a comma"),
        ({"frame_ids": [frame], "decision": "pin", "reason": "a\nb"}, "one line"),
    ):
        with pytest.raises(ScanpickError, match=said):
            decide(pool, "diversity-1", **given)
    with pytest.raises(ScanpickError, match="no selection 'none'"):
        decide(pool, "none", [frame], decision="pin")
    assert "--frame or --frames" in error_of("decide", pool.path, "--decision", "pin")
