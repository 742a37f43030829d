"""The example notebook and the page about Python run as they are."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _run(code: str, folder: Path) -> None:
    ran = subprocess.run([sys.executable, "-"], input=code, cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_the_notebook_runs(tmp_path: Path) -> None:
    notebook = json.loads((ROOT / "examples" / "pick.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert cells
    _run("\n".join(cells), tmp_path)
    assert len((tmp_path / "picks" / "frames.txt").read_text().split()) == 6


def test_the_page_about_python_runs(tmp_path: Path) -> None:
    """On simulated drives, and without pandas, which need not be there."""
    page = (ROOT / "docs" / "how-to" / "use-from-python.md").read_text()
    blocks = re.findall(r"```python run\n(.*?)```", page, flags=re.DOTALL)
    code = "\n".join(block for block in blocks if "to_pandas" not in block)
    data = "import scanpick\nscanpick.simulate('path/to/kitti', 20, workers=1)\n"
    _run(
        data
        + code.replace('"scan_context"', '"statistics"').replace('out="picks"', 'out="picks", encoder="statistics"'),
        tmp_path,
    )
    assert (tmp_path / "pool" / "selections" / "first.html").exists()
