"""How long the review page takes: from the start to a visible map, and from a click to a picture.

    python -m benchmarks.view --frames 10000 1000000

Pools are made up: N ids and vectors, every frame one cloud of 120 thousand points. Times are of the wall, in a browser
with software rendering, on this machine alone.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from playwright.sync_api import sync_playwright

import scanpick as sp
from scanpick.files import sha256_of_file
from scanpick.formats.parquet import read_parquet, write_parquet
from scanpick.workspace import Workspace
from scanpick.workspace.embedding_files import write_embedding

POINTS, DIMENSION, SEQUENCE = 120_000, 64, 200
FLAGS = ["--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--disable-background-networking"]


def make_pool(folder: Path, frames: int) -> Workspace:
    """A pool of so many frames: one real one, whose row is repeated."""
    rng = np.random.default_rng(0)
    data = folder / "data"
    data.mkdir()
    cloud = rng.normal(0, (25, 25, 1, 0.2), (POINTS, 4))
    cloud[:, 3] = np.abs(cloud[:, 3]) % 1
    np.save(data / "0.npy", cloud.astype(np.float32))
    pool = sp.index(data, folder / "pool", workers=1)
    table = read_parquet(pool.frames_path)
    columns = {name: pa.repeat(table[name][0], frames) for name in table.column_names}
    ids = [f"drive_{row // SEQUENCE:05d}/{row % SEQUENCE:06d}" for row in range(frames)]
    ids[0] = str(table["frame_id"][0])
    columns["frame_id"] = pa.array(ids)
    columns["sequence"] = pa.array([f"drive_{row // SEQUENCE:05d}" for row in range(frames)])
    columns["index_in_sequence"] = pa.array(np.arange(frames) % SEQUENCE, pa.int64())
    write_parquet(pool.frames_path, pa.table(columns))
    manifest = pool.manifest()
    summary = replace(manifest.frames, count=frames, usable=frames, table_sha256=sha256_of_file(pool.frames_path))
    pool.write_manifest(replace(manifest, frames=summary))
    centres = rng.normal(size=(40, DIMENSION))
    values = (centres[rng.integers(0, 40, frames)] + 0.3 * rng.normal(size=(frames, DIMENSION))).astype(np.float32)
    meta = {"encoder": "made up", "data_sha256": summary.data_sha256}
    write_embedding(pool.embedding_folder("made-up"), ids, [""] * frames, [values], DIMENSION, meta)
    return Workspace.open(pool.path)


def measure(pool: Workspace, chromium: str) -> dict[str, float]:
    """Seconds from the start of the server to a drawn map, and of a second frame from click to picture."""
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=FLAGS)
        tab = browser.new_page(viewport={"width": 1100, "height": 700})
        tab.set_default_timeout(120_000)
        start = time.perf_counter()
        with sp.view(pool.path, port=0) as page:
            tab.goto(page.url)
            tab.wait_for_selector("body[data-map-ms]")
            to_map = time.perf_counter() - start
            tab.wait_for_selector("body[data-ready]")
            tab.goto("about:blank")
            tab.goto(page.url)
            tab.wait_for_selector("body[data-ready]")
            to_frame = float(tab.locator("body").get_attribute("data-frame-ms") or "nan") / 1000
        browser.close()
    return {"to_map_s": to_map, "to_frame_s": to_frame}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, nargs="+", default=[10_000])
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    asked = parser.parse_args()
    for frames in asked.frames:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(make_pool(Path(folder), frames), asked.chromium)
            print(frames, " ".join(f"{name}={value:.2f}" for name, value in found.items()), flush=True)


if __name__ == "__main__":
    main()
