"""Supervisely's own reader on a project: item -> boxes x, y, z, length, width, height, yaw."""

import json
import math
import sys
from pathlib import Path

import supervisely as sly

folder = sys.argv[1]
kind = json.loads((Path(folder) / "meta.json").read_text())["projectType"]
episodes = kind == "point_cloud_episodes"
project = (sly.PointcloudEpisodeProject if episodes else sly.PointcloudProject)(folder, sly.OpenMode.READ)


def boxes_of(figures):
    boxes = []
    for figure in figures:
        box = figure.geometry
        at, size, turn = box.position, box.dimensions, box.rotation
        boxes.append([at.x, at.y, at.z, size.y, size.x, size.z, turn.z + math.pi / 2])
    return boxes


found = {}
for dataset in project.datasets:
    if episodes:
        annotation = dataset.get_ann(project.meta)
        for name in dataset:
            frame = annotation.frames.get(dataset.get_frame_idx(name))
            found[Path(name).stem] = boxes_of(frame.figures if frame else [])
    else:
        for name in dataset:
            found[Path(name).stem] = boxes_of(dataset.get_ann(name, project.meta).figures)
print(json.dumps(found))
