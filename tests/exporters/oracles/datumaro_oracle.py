"""Datumaro's importer on the annotations of a hand-off to CVAT: item -> boxes x, y, z, length, width, height, yaw."""

import json
import sys
import tempfile
import zipfile
from pathlib import Path

import datumaro

found = {}
with tempfile.TemporaryDirectory() as folder:
    with zipfile.ZipFile(Path(sys.argv[1]) / "annotations.zip") as archive:
        archive.extractall(folder)
    for item in datumaro.Dataset.import_from(folder, "datumaro"):
        found[item.id] = [[*box.position, *box.scale, box.rotation[2]] for box in item.annotations]
print(json.dumps(found))
