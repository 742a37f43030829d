"""Without the extra `torch`: what needs none works, and the rest says in a line what to install."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NO_TORCH = """
from importlib.machinery import PathFinder

found = PathFinder.find_spec
PathFinder.find_spec = lambda name, path=None, target=None: (
    None if name.partition(".")[0] == "torch" else found(name, path, target)
)
"""

LABEL = "Car 0.00 0 0.00 {left} 150.00 {right} 250.00 1.50 1.60 4.00 1.00 1.60 {z} 0.00{score}\n"


def run(folder: Path, *commands: str) -> subprocess.CompletedProcess[str]:
    """Run commands one after the other in a process of its own, whose workers find no torch either."""
    (folder / "sitecustomize.py").write_text(NO_TORCH)
    path = os.pathsep.join([str(folder), str(Path(__file__).parents[1] / "src")])
    program = (
        "import sys; from scanpick.cli.app import app, run\n"
        "*first, last = sys.argv[1:]\n"
        "for command in first: app(command.split(), standalone_mode=False)\n"
        "sys.argv = ['scanpick', *last.split()]; run()"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *commands],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )


def test_the_main_job_and_what_follows_it(tmp_path: Path) -> None:
    for name, score in (("labels", ""), ("results", " 0.90")):
        (tmp_path / name).mkdir()
        for frame in range(3):
            text = LABEL.format(left="100.00", right="200.00", z="20.00", score=score)
            (tmp_path / name / f"{frame:06d}.txt").write_text(text)
    done = run(
        tmp_path,
        "demo --budget 3 --out demo --workers 1",
        "select demo --strategy diversity --budget 2 --name second",
        "export demo --selection second --out to-label",
        "report demo --selection second",
        "evaluate --labels labels --predictions results --json",
    )
    assert done.returncode == 0, done.stderr
    assert "pip install 'scanpick[torch]'" in done.stdout, "the study is left out"
    assert (tmp_path / "demo" / "selections" / "second.html").exists()
    assert "torch" not in (tmp_path / "demo" / "scanpick.toml").read_text(), "no version of what was not used"


@pytest.mark.parametrize(
    "command",
    [
        "embed pool --encoder recon --encoder-option random_weights=base",
        "train kitti --frames frames.txt --out car",
        "predict kitti --frames frames.txt --weights car --out found.parquet",
        "adapt simulated:demo --encoder scanpick-ssl --out adapted",
        "study --preset demo --out study",
    ],
)
def test_the_rest_says_what_to_install(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, command)
    assert done.returncode == 1
    assert "pip install 'scanpick[torch]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
