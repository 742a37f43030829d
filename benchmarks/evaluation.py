"""Time and check the evaluation at KITTI's full validation size.

Makes 3769 frames from the archive of all KITTI labels, with about 120,000 Car detections (labels with noise, and false
positives), reads and evaluates them on one thread. The official C++ tool takes 42 s for such a set.

    python benchmarks/evaluation.py kitti_label_2_all.zip [--keep FOLDER] [--json FILE]
"""

import argparse
import json
import os
import platform
import tempfile
import time
import zipfile
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

FRAMES = 3769
DETECTIONS = {"Car": 120_000, "Pedestrian": 40_000, "Cyclist": 20_000}
SIZES = {"Car": (1.53, 1.63, 3.88), "Pedestrian": (1.76, 0.66, 0.84), "Cyclist": (1.74, 0.6, 1.76)}
FOCAL_PX, CENTRE_PX, IMAGE_PX = 721.5, (609.6, 172.9), (1242, 375)


def make_set(archive: Path, folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """Write label_2 and det below `folder`; the same files for the same seed."""
    rng = np.random.default_rng(seed)
    labels, results = folder / "label_2", folder / "det"
    labels.mkdir(parents=True)
    results.mkdir()
    with zipfile.ZipFile(archive) as stored:
        members = sorted(name for name in stored.namelist() if name.endswith(".txt"))
        chosen = sorted(rng.choice(len(members), size=FRAMES, replace=False))
        texts = {Path(members[i]).name: stored.read(members[i]).decode() for i in chosen}
    found = {name: detect(text, rng) for name, text in texts.items()}
    share = {
        kind: (total - sum(line.startswith(kind) for lines in found.values() for line in lines)) / FRAMES
        for kind, total in DETECTIONS.items()
    }
    for name, text in texts.items():
        (labels / name).write_text(text)
        wrong = [false_positive(kind, rng) for kind, rate in share.items() for _ in range(rng.poisson(rate))]
        (results / name).write_text("".join(found[name] + wrong))
    return labels, results


def detect(text: str, rng: np.random.Generator) -> list[str]:
    """Labelled objects with noise, nine in ten of them, surer the nearer."""
    lines = []
    for line in text.splitlines():
        words = line.split()
        if words[0] not in DETECTIONS or rng.random() < 0.1:
            continue
        alpha, *image, h, w, length, x, y, z, ry = map(float, words[3:15])
        image_box = np.array(image) + rng.normal(0, 3, 4)
        h, w, length = np.array([h, w, length]) * rng.normal(1, 0.04, 3)
        x, y, z = np.array([x, y, z]) + rng.normal(0, [0.1, 0.05, 0.2])
        turn = rng.normal(0, 0.1) + (np.pi if rng.random() < 0.02 else 0)
        score = 1 / (1 + np.exp(-rng.normal(2.5 - z / 30, 1)))
        lines.append(result_line(words[0], alpha + turn, image_box, (h, w, length), (x, y, z), ry + turn, score))
    return lines


def false_positive(kind: str, rng: np.random.Generator) -> str:
    """A box of the class's size anywhere on the ground in view, mostly unsure."""
    z = rng.uniform(5, 70)
    x, y = rng.uniform(-0.8, 0.8) * z, rng.normal(1.65, 0.2)
    h, w, length = np.array(SIZES[kind]) * rng.normal(1, 0.08, 3)
    ry = rng.uniform(-np.pi, np.pi)
    half = (abs(np.cos(ry)) * length + abs(np.sin(ry)) * w) / 2
    left, right = (CENTRE_PX[0] + FOCAL_PX * (x + side * half) / z for side in (-1, 1))
    top, bottom = (CENTRE_PX[1] + FOCAL_PX * (y - up) / z for up in (h, 0))
    image_box = np.clip([left, top, right, bottom], 0, [*(IMAGE_PX[0] - 1, IMAGE_PX[1] - 1) * 2])
    return result_line(kind, ry - np.arctan2(x, z), image_box, (h, w, length), (x, y, z), ry, rng.beta(1, 4))


def result_line(kind, alpha, image_box, size, place, rotation_y, score) -> str:
    numbers = (*image_box, *size, *place)
    return f"{kind} -1 -1 {alpha:.6f} {' '.join(f'{n:.4f}' for n in numbers)} {rotation_y:.6f} {score:.6f}\n"


def measure(labels: Path, results: Path, classes: list[str]) -> dict:
    """Seconds of wall and of processor time to read and evaluate, and the AP found."""
    from scanpick.evaluation.kitti import evaluate
    from scanpick.evaluation.settings import KITTI_2019_R40
    from scanpick.formats.object_table import object_files, read_object_files

    wall, cpu = time.perf_counter(), time.process_time()
    files = object_files(labels)
    truth = read_object_files(files)
    found = read_object_files(object_files(results, list(files)), with_scores=True)
    read = time.process_time() - cpu
    evaluation = evaluate(truth, found, KITTI_2019_R40.only(classes))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "classes": classes,
        "frames": len(truth.frame_ids),
        "detections": {kind: int((found.objects.class_names == kind).sum()) for kind in classes},
        "wall_s": round(wall, 3),
        "cpu_s": round(cpu, 3),
        "of_it_reading_s": round(read, 3),
        "AP_R40_moderate": {
            kind: {metric: curves["moderate"].ap_r40 for metric, curves in evaluation.curves[kind].items()}
            for kind in classes
        },
    }


def main() -> None:
    """Measure twice, the first time with compilation, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="kitti_label_2_all.zip: all label files of KITTI object training")
    parser.add_argument("--keep", type=Path, help="write the set here, or use the one that is here")
    parser.add_argument("--json", type=Path, help="write the numbers here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary) / "set"
        if not (folder / "det").is_dir():
            make_set(arguments.archive, folder)
        labels, results = folder / "label_2", folder / "det"
        measure(labels, results, ["Car"])  # compiles
        rows = [measure(labels, results, classes) for classes in (["Car"], list(DETECTIONS)) for _ in range(3)]
    report = {"machine": platform.processor() or platform.machine(), "python": platform.python_version(), "runs": rows}
    print(json.dumps(report, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
