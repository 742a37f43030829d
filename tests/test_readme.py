"""The README's commands do what they say: every ```bash block is run, in order, in one fresh folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_bash_blocks_run(tmp_path: Path) -> None:
    blocks = re.findall(r"^```bash\n(.*?)^```", (ROOT / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    assert blocks, "the README shows no commands"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert len((tmp_path / "picks" / "frames.txt").read_text().split()) == 10
    assert (tmp_path / "picks" / "report.html").stat().st_size > 10_000
    assert len((tmp_path / "picks.csv").read_text().splitlines()) == 51
    assert len(list((tmp_path / "to-label").rglob("*.bin"))) == 10


def test_links_lead_somewhere() -> None:
    """Every relative link and picture in the documents exists."""
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.relative_to(ROOT)} links to {target}"
