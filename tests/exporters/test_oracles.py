"""What independent readers make of hand-offs: each tool's own, in an environment of its own (`make oracles`).

Datumaro and Supervisely's reader take half a gigabyte and more; they are asked where `make oracles-large` put them.
"""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from scanpick.exporters import EXPORTERS
from tests.exporters.hand_offs import BOXES, Drive, detections, hand_off, write
from tests.exporters.test_round_trips import check_same

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "oracles"
IDS = ["000000", "odd/name.1", "000002"]

READERS = {"segments": ".venv-oracles", "openlabel": ".venv-oracles"}
LARGE = {"cvat": ("datumaro", ".venv-oracle-datumaro"), "supervisely": ("supervisely", ".venv-oracle-supervisely")}
"""Exporter -> its reader and the environment of that."""


def boxes_by_reader(script: str, environment: str, folder: Path) -> dict[str, np.ndarray]:
    python = ROOT / environment / "bin" / "python"
    done = subprocess.run(
        [python, SCRIPTS / f"{script}_oracle.py", folder], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return {name: np.array(boxes) for name, boxes in json.loads(done.stdout.splitlines()[-1]).items()}


def cases() -> list[tuple[str, str, str]]:
    large = [(tool, *known) for tool, known in LARGE.items() if (ROOT / known[1] / "bin" / "python").exists()]
    return [*((tool, tool, environment) for tool, environment in READERS.items()), *large]


@pytest.mark.parametrize(("tool", "script", "environment"), cases())
def test_its_own_reader_finds_the_boxes(tool: str, script: str, environment: str, tmp_path: Path) -> None:
    if not (ROOT / environment / "bin" / "python").exists():
        pytest.skip(f"no {environment}: make oracles")
    summary = write(tool, hand_off(Drive(tmp_path, IDS), IDS), tmp_path / "out")
    found = boxes_by_reader(script, environment, tmp_path / "out")
    assert sorted(found) == sorted(summary.names.values())
    for boxes in found.values():
        check_same(boxes, BOXES)

    work = hand_off(Drive(tmp_path, IDS), [IDS[1]], sequences=[IDS])
    work.pre_labels.update({frame_id: detections(frame_id) for frame_id in IDS})  # type: ignore[attr-defined]
    summary = write(tool, work, tmp_path / "sequence")
    found = boxes_by_reader(script, environment, tmp_path / "sequence")
    assert sorted(found) == sorted(summary.names.values())
    if tool != "segments":  # which has sequences in the world
        for boxes in found.values():
            check_same(boxes, BOXES)
    assert tool in EXPORTERS.names()
