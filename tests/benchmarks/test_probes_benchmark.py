"""The tables of docs/results/probes.md say what the files of a probe run say."""

import pytest

from benchmarks.probes import BEGIN, END, write
from scanpick.errors import ScanpickError

SCORES = """embedding,probe,target,metric,value,low,high,chance,frames
one,detection,mean,r2,0.25,0.1,0.4,0.0,91
two,detection,mean,r2,0.125,-0.1,0.3,0.0,91
one,ridge,number of Car,r2,0.25,0.1,0.4,0.0,91
two,ridge,number of Car,r2,0.125,-0.1,0.3,0.0,91
one,robustness,mean,auc,0.75,0.7,0.8,0.5,50
"""
DIFFERENCES = """one,other,probe,target,metric,difference,low,high,p_value
two,one,detection,mean,r2,-0.125,-0.3,-0.01,0.01
two,one,ridge,number of Car,r2,-0.125,-0.3,0.01,0.06
"""
FACTS = """{"scanpick": "0.1.0", "data": "made-up: some frames", "frames": 91, "drives": 22, "notes": ["few"],
"embeddings": {"one": {}, "two": {}}, "plan": {"settings": {"seed": 0, "replicates": 1000}},
"left_out": {"number of Cyclist": "constant"}, "set_aside": {"7": "torn"}}"""


def test_tables_are_written_between_the_marks(tmp_path):
    folder = tmp_path / "results" / "kitti"
    folder.mkdir(parents=True)
    for name, text in (("scores.csv", SCORES), ("differences.csv", DIFFERENCES), ("probe.json", FACTS)):
        (folder / name).write_text(text)
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write(tmp_path / "results", page)
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    for line in (
        "made-up: some frames. 91 frames of 22 drives; scanpick 0.1.0, seed 0, 1000 draws.",
        "| detection-related mean, R2 | **0.250** (0.10 to 0.40) | 0.125 (-0.10 to 0.30) |",
        "| robustness, AUC (chance 0.50) | **0.750** (0.70 to 0.80) |  |",
        "| number of Car, ridge | **0.250** (0.10 to 0.40) | 0.125 (-0.10 to 0.30) |",
        "| one |  | **+0.125 (+0.01 to +0.30)** |",
        "| two | **-0.125 (-0.30 to -0.01)** |  |",
        "- Left out: number of Cyclist: constant.",
        "- 1 frames were set aside.",
    ):
        assert line in text
    write(tmp_path / "results", page)
    assert page.read_text() == text


def test_missing_marks_and_results_are_told(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(ScanpickError, match=r"expected folders with scores\.csv"):
        write(tmp_path, page)
