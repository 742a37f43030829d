"""OpenLABEL's schema and Kognic's models on a hand-off: item -> boxes x, y, z, length, width, height, yaw."""

import json
import math
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
from kognic.openlabel.models import OpenLabelAnnotation

schema = json.loads(files("kognic.openlabel.schemas").joinpath("openlabel-1-0-0.json").read_text())
validator = jsonschema.Draft7Validator(schema)
found = {}
for path in sorted((Path(sys.argv[1]) / "openlabel").glob("*.json")):
    content = json.loads(path.read_text())
    validator.validate(content)
    document = OpenLabelAnnotation.model_validate(content).openlabel
    for frame in document.frames.values():
        item = Path(frame.frame_properties.streams["lidar"].uri).stem
        found[item] = []
        for one in (frame.objects or {}).values():
            for box in one.object_data.cuboid:
                val = [float(number) for number in getattr(box.val, "root", box.val)]
                found[item].append([*val[:3], *val[7:], 2 * math.atan2(val[5], val[6])])
print(json.dumps(found))
