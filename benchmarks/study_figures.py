"""Figures and tables of studies in the documents, from the committed results.

    python -m benchmarks.study_figures [DOCUMENT ...]          make every marked part again
    python -m benchmarks.study_figures --check                 only say which documents would change
    python -m benchmarks.study_figures --keep runs/simulated   copy a study's results into docs/results first

A part is what stands between ``<!-- study NAME PART: begin -->`` and its end; NAME is a folder of docs/results, PART
one of those that --parts lists.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.study_documents import PARTS, has_marks, keep, rebuild, write_document
from scanpick.errors import ScanpickError

ROOT = Path(__file__).parents[1]
RESULTS, IMAGES = ROOT / "docs" / "results", ROOT / "docs" / "images"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", nargs="*", type=Path, help="by default all of docs")
    parser.add_argument("--keep", action="append", type=Path, default=[], help="a study's folder with its report")
    parser.add_argument("--check", action="store_true", help="write no document; status 1 where one would change")
    parser.add_argument("--parts", action="store_true", help="list the parts")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--images", type=Path, default=IMAGES)
    asked = parser.parse_args(arguments)
    if asked.parts:
        print("\n".join(PARTS))
        return 0
    changed = 0
    try:
        for study in asked.keep:
            print(f"kept {keep(study, asked.results, asked.images)}")
        for document in asked.documents or sorted((ROOT / "docs").rglob("*.md")):
            if not has_marks(document):
                continue
            text = rebuild(document, asked.results, asked.images)
            differs = text != document.read_text(encoding="utf-8") if asked.check else write_document(document, text)
            changed += differs
            print(f"{document}: {'changed' if differs else 'up to date'}")
    except ScanpickError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return int(asked.check and changed > 0)


if __name__ == "__main__":
    sys.exit(main())
