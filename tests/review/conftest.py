"""A project with names that are not nice, two selections and predictions, made once."""

import numpy as np
import pytest

import scanpick as sp
from scanpick.formats.predictions import write_predictions
from scanpick.structures import Boxes3D, Detections
from scanpick.workspace import Workspace

HOSTILE = "<img src=x onerror=document.title='pwned'>&\"' ü"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two drives of 12 sweeps, one of them with a hostile name; boxes around two things in each."""
    folder = tmp_path_factory.mktemp("review")
    rng = np.random.default_rng(5)
    for drive in ("calm", HOSTILE):
        for number in range(12):
            ground = np.column_stack([rng.uniform(-40, 40, (3000, 2)), rng.normal(-1.7, 0.02, 3000), rng.random(3000)])
            things = rng.normal((12 + number, -4, -0.8), (1.0, 0.5, 0.4), (400, 3))
            cloud = np.concatenate([ground, np.column_stack([things, np.full(400, 0.9)])]).astype(np.float32)
            path = folder / "drives" / drive / f"{number:03d}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, cloud)
    pool = folder / "project"
    quiet = {"encoder": "statistics", "workers": 1, "report": False}
    sp.pick(folder / "drives", 6, pool, **quiet)
    sp.select(pool, "random", 6, name="other")
    opened = Workspace.open(pool)
    found = []
    for record in opened.frames().records:
        place = 12 + record.index_in_sequence
        boxes = np.array([[place, -4, -0.8, 4.2, 1.9, 1.6, 0.1], [-8, 3, -0.9, 4, 1.8, 1.5, 1.5]])
        found.append(Detections(record.frame_id, Boxes3D(boxes, np.array(["Car", "Car"])), np.array([0.9, 0.2])))
    write_predictions(opened.predictions_path("boxes"), found)
    return opened
