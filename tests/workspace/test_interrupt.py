"""A run that is killed goes on where it stopped, and ends with the bytes of a run that was not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from scanpick.datasets.folder import PointCloudFolder
from scanpick.structures import Frame
from scanpick.workspace import Workspace
from scanpick.workspace.embed import embed
from scanpick.workspace.index import index
from scanpick.workspace.reading import BLOCK
from tests.workspace.drives import Toy, encoded, files_of, write_drives

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 60.0


def test_killed_embedding_goes_on(tmp_path: Path) -> None:
    """SIGKILL half-way: finished blocks are not encoded again, workers do not outlive it, the bytes are the same."""
    drives = write_drives(tmp_path / "drives", frames=8 * BLOCK)
    for name in ("killed", "whole"):
        index(str(drives), tmp_path / name, workers=1)
    embed(Workspace.open(tmp_path / "whole"), Toy(), workers=1)

    log = tmp_path / "log"
    command = [sys.executable, "-m", "tests.workspace.embed_slowly", str(tmp_path / "killed"), str(log), "0.03"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    _wait_until(lambda: len(_blocks(tmp_path / "killed")) >= 3, process)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    psutil.wait_procs(workers, timeout=WAIT_S)
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)

    finished = len(_blocks(tmp_path / "killed"))
    before = encoded(log)
    assert finished < 8, "the run ended before it was killed; the test shows nothing"
    assert not (tmp_path / "killed" / "embeddings").exists()
    embed(Workspace.open(tmp_path / "killed"), Toy(log=log), workers=1)
    again = encoded(log)[len(before) :]
    assert len(again) == (8 - finished) * BLOCK, "exactly the unfinished blocks are encoded"
    assert files_of(tmp_path / "killed") == files_of(tmp_path / "whole")
    assert not (tmp_path / "killed" / ".readings").exists()


def test_damaged_blocks_are_read_again(tmp_path: Path) -> None:
    """A block that was cut off or changed on disk is as good as missing; the others are used."""
    drives = write_drives(tmp_path / "drives", frames=3 * BLOCK)
    index(str(drives), tmp_path / "whole", workers=1)
    embed(Workspace.open(tmp_path / "whole"), Toy(), workers=1)

    # Indexing with the encoder leaves all blocks for `embed`.
    workspace = index(str(drives), tmp_path / "damaged", encoder=Toy(), workers=1)
    first, second, _ = sorted(_blocks(tmp_path / "damaged"))
    first.write_bytes(first.read_bytes()[:-100])
    content = bytearray(second.read_bytes())
    content[len(content) // 2] ^= 1
    second.write_bytes(content)
    log = tmp_path / "log"
    embed(workspace, Toy(log=log), workers=1)
    assert len(encoded(log)) == 2 * BLOCK
    assert files_of(tmp_path / "damaged") == files_of(tmp_path / "whole")


def test_killed_index_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that stops half-way reads only the rest when it is run again."""
    drives = write_drives(tmp_path / "drives", frames=4 * BLOCK)
    read = PointCloudFolder.read
    calls: list[str] = []

    def stopping(self: PointCloudFolder, frame_id: str) -> Frame:
        calls.append(frame_id)
        if len(calls) == 2 * BLOCK + 5:
            raise KeyboardInterrupt
        return read(self, frame_id)

    monkeypatch.setattr(PointCloudFolder, "read", stopping)
    with pytest.raises(KeyboardInterrupt):
        index(str(drives), tmp_path / "stopped", workers=1)
    assert not (tmp_path / "stopped" / "frames.parquet").exists()
    calls.clear()
    index(str(drives), tmp_path / "stopped", workers=1)
    assert len(calls) == 2 * BLOCK
    monkeypatch.undo()
    index(str(drives), tmp_path / "whole", workers=1)
    assert files_of(tmp_path / "stopped") == files_of(tmp_path / "whole")


def _blocks(workspace: Path) -> list[Path]:
    return [path for path in workspace.glob(".readings/*/*.readings") if not path.name.startswith(".")]


def _wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    started = time.monotonic()
    while not condition():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() - started < WAIT_S, "the run makes no progress"
        time.sleep(0.005)
