"""Supervisely's projects: point clouds, or episodes where sequences are handed over; a downloaded project, back.

::

meta.json   key_id_map.json
<dataset>/pointcloud/<name>.pcd
<dataset>/related_images/<name>_pcd/<camera>.png + <camera>.png.json
<dataset>/ann/<name>.pcd.json                             point clouds
<dataset>/annotation.json + frame_pointcloud_map.json     episodes, each a data set of its own

Dimensions x, y, z are **width, length, height** and the rotation about z is the yaw less a quarter turn: the length
lies along the box's own y. So do Supervisely's importers of Lyft and nuScenes; that of KITTI lays the front the other
way: headings of such projects are turned by half. Source: supervisely/supervisely @aa7ba99f.
"""

from __future__ import annotations

import math
import shlex
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scanpick.arrays import Points
from scanpick.errors import ScanpickError
from scanpick.exporters.clouds import format_pcd
from scanpick.exporters.exporter import HandOff, ReturnedLabels
from scanpick.exporters.returned import (
    REJECTED,
    XYZ,
    Cuboid,
    Name,
    Outside,
    ReturnedFiles,
    Returning,
    checked,
    yaw_of_euler,
)
from scanpick.exporters.tool import CONTENT, Item, ToolExporter, ToolFile, json_bytes

_COLOURS = ("#FA3253", "#33A0DC", "#50B83C", "#F3B61F", "#9C6ADE", "#47C1BF", "#E67E22", "#5C6AC4")
_QUARTER = math.pi / 2


class Supervisely(ToolExporter):
    """Supervisely: a project of point clouds, or of episodes, with pre-labels as figures; reads a project back."""

    def frame_files(self, item: Item, points: Points) -> Iterator[ToolFile]:
        """The cloud, the images with their calibration, and the boxes of a frame on its own."""
        dataset = _dataset(item)
        yield ToolFile(f"{dataset}/pointcloud/{item.name}.pcd", format_pcd(points))
        for camera in item.cameras:
            name = item.image_name(camera)
            place = f"{dataset}/related_images/{item.name}_pcd/{name}"
            calibration = camera.calibration
            (fx, fy), (cx, cy) = calibration.focal_px.tolist(), calibration.centre_px.tolist()
            sensors = {
                "extrinsicMatrix": calibration.camera_SE3_lidar[:3].ravel().tolist(),
                "intrinsicMatrix": [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0],
            }
            yield item.image(camera, place)
            meta = {"name": name, "meta": {"deviceId": camera.name, "sensorsData": sensors}}
            yield ToolFile(f"{place}.json", json_bytes(meta))
        if item.run is None:
            objects, figures = _objects_and_figures(item)
            annotation: dict[str, Any] = {"description": "", "key": _key("cloud", item), "tags": []}
            annotation |= {"objects": objects, "figures": figures}
            yield ToolFile(f"{dataset}/ann/{item.name}.pcd.json", json_bytes(annotation))

    def closing_files(self, hand_off: HandOff, items: Sequence[Item]) -> Iterator[ToolFile]:
        """What the project is, and the boxes of episodes."""
        names = [*hand_off.classes, REJECTED]
        classes = [
            {"title": name, "shape": "cuboid_3d", "color": _COLOURS[place % len(_COLOURS)], "geometry_config": {}}
            for place, name in enumerate(names)
        ]
        tag = {"name": "confidence", "value_type": "any_number", "color": "#243175"}
        kind = "point_cloud_episodes" if hand_off.sequences else "point_clouds"
        yield ToolFile("meta.json", json_bytes({"classes": classes, "tags": [tag], "projectType": kind}))
        objects, figures, videos = [], [], []
        runs: dict[int, list[Item]] = {}
        for item in items:
            objects += [_key("object", item, number) for number in range(len(item.boxes))]
            figures += [_key("figure", item, number) for number in range(len(item.boxes))]
            if item.run is None:
                videos.append(_key("cloud", item))
            else:
                runs.setdefault(item.run, []).append(item)
        for frames in runs.values():
            videos.append(_key("episode", frames[0]))
            yield from _episode(frames)
        numbered = {"objects": objects, "figures": figures, "videos": videos}
        numbers = {what: {key: number for number, key in enumerate(keys, start=1)} for what, keys in numbered.items()}
        yield ToolFile("key_id_map.json", json_bytes({"tags": {}, **numbers}))

    def upload(self, hand_off: HandOff, files: Mapping[str, Path]) -> Sequence[str]:
        """A call of Supervisely's SDK; its web page imports the same folder."""
        kind, clouds = ("pointcloud_episode", "pcd") if hand_off.sequences else ("pointcloud", "items")
        folder = files.get(CONTENT, Path())
        send = f"sly.upload_{kind}_project({str(folder)!r}, sly.Api.from_env(), WORKSPACE_ID, {hand_off.name!r})"
        get = f"sly.download_{kind}_project(sly.Api.from_env(), PROJECT_ID, 'labelled', download_{clouds}=False)"
        calls = [shlex.quote(f"import supervisely as sly; {one}") for one in (send, get)]
        return ["pip install supervisely", *(f"python -c {one}" for one in calls)]

    def read(self, path: Path, items: Mapping[str, str]) -> ReturnedLabels:
        """See `LabelReader.read`. A frame is there once it is in the project, with boxes or without."""
        files = ReturnedFiles(path, "Supervisely")
        returned = Returning(path, items)
        for name in files.matching("meta.json")[:1]:
            returned.declare(one.title for one in files.json(name, _Meta, "a project's classes").classes)
        clouds = files.matching("ann/*.json")
        episodes = files.matching("annotation.json", "" if clouds else "ann/*.json or annotation.json")
        for name in clouds:
            annotation = files.json(name, _Annotation, "boxes of Supervisely")
            classes = {one.key: one.classTitle for one in annotation.objects}
            item = name.rpartition("/")[2].removesuffix(".json")
            _take(item, annotation.figures, annotation.tags, classes, {}, returned, files.where(name))
        for name in episodes:
            _take_episode(files, name, returned)
        return returned.result()


def _dataset(item: Item) -> str:
    return "frames" if item.run is None else f"sequence_{item.run + 1:04d}"


def _key(what: str, item: Item, number: int = 0) -> str:
    """A key that the same hand-off gets again."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"scanpick/{what}/{item.frame_id}/{number}").hex


def _objects_and_figures(item: Item) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    objects, figures = [], []
    boxes = item.boxes.boxes
    rows = zip(boxes.array.tolist(), boxes.class_names.tolist(), item.boxes.scores.tolist(), strict=True)
    for number, ((x, y, z, length, width, height, yaw), name, score) in enumerate(rows):
        object_key = _key("object", item, number)
        tag = {"name": "confidence", "value": round(score, 4), "key": _key("tag", item, number)}
        objects.append({"key": object_key, "classTitle": name, "tags": [tag]})
        geometry = {
            "position": {"x": x, "y": y, "z": z},
            "rotation": {"x": 0.0, "y": 0.0, "z": yaw - _QUARTER},
            "dimensions": {"x": width, "y": length, "z": height},
        }
        figure = {"key": _key("figure", item, number), "objectKey": object_key, "geometryType": "cuboid_3d"}
        figures.append({**figure, "geometry": geometry})
    return objects, figures


def _episode(items: Sequence[Item]) -> Iterator[ToolFile]:
    objects, frames = [], []
    for index, item in enumerate(items):
        own, figures = _objects_and_figures(item)
        objects += own
        frames.append({"index": index, "figures": figures})
    annotation = {"key": _key("episode", items[0]), "description": "", "tags": [], "framesCount": len(items)}
    dataset = _dataset(items[0])
    yield ToolFile(f"{dataset}/annotation.json", json_bytes({**annotation, "objects": objects, "frames": frames}))
    names = {str(index): f"{item.name}.pcd" for index, item in enumerate(items)}
    yield ToolFile(f"{dataset}/frame_pointcloud_map.json", json_bytes(names))


class _Tag(Outside):
    name: Name
    value: Any = None
    frameRange: tuple[int, int] | None = None


class _Object(Outside):
    key: Name
    classTitle: Name


class _Geometry(Outside):
    position: XYZ
    rotation: XYZ
    dimensions: XYZ


class _Figure(Outside):
    objectKey: Name
    geometryType: Name = "cuboid_3d"
    geometry: Any = None


class _Annotation(Outside):
    objects: tuple[_Object, ...] = ()
    figures: tuple[_Figure, ...] = ()
    tags: tuple[_Tag, ...] = ()


class _EpisodeFrame(Outside):
    index: int
    figures: tuple[_Figure, ...] = ()


class _Episode(Outside):
    objects: tuple[_Object, ...] = ()
    frames: tuple[_EpisodeFrame, ...] = ()
    tags: tuple[_Tag, ...] = ()


class _Class(Outside):
    title: Name


class _Meta(Outside):
    classes: list[_Class]


def _take(
    item: str,
    figures: Sequence[_Figure],
    tags: Sequence[_Tag],
    classes: Mapping[str, str],
    tracks: Mapping[str, str],
    returned: Returning,
    where: str,
) -> None:
    refusals = [tag for tag in tags if tag.name.casefold() == REJECTED]
    if refusals:
        value = refusals[0].value
        return returned.reject(item, value if isinstance(value, str) else "")
    cuboids = []
    for figure in figures:
        if figure.objectKey not in classes:
            raise ScanpickError(f"{where}: a figure is of the object '{figure.objectKey[:40]}', which is not there.")
        if figure.geometryType != "cuboid_3d":
            returned.passed_over["figures that are no boxes"] += 1
            continue
        geometry = checked(_Geometry, figure.geometry, where, "a box")
        turned, tilted = yaw_of_euler(*geometry.rotation.triple)
        width, length, height = geometry.dimensions.triple
        cuboids.append(
            Cuboid(
                classes[figure.objectKey],
                geometry.position.triple,
                (length, width, height),
                turned + _QUARTER,
                tracks.get(figure.objectKey),
                tilted,
            )
        )
    return returned.add(item, cuboids)


def _take_episode(files: ReturnedFiles, name: str, returned: Returning) -> None:
    folder = name.removesuffix("annotation.json")
    if f"{folder}frame_pointcloud_map.json" not in files.names:
        raise ScanpickError(
            f"{files.where(name)}: expected frame_pointcloud_map.json beside it, which names its frames."
        )
    clouds = files.json(f"{folder}frame_pointcloud_map.json", dict[str, Name], "the names of an episode's frames")
    episode = files.json(name, _Episode, "an episode of Supervisely")
    classes = {one.key: one.classTitle for one in episode.objects}
    tracks = {key: f"{folder}{key}" for key in classes}
    figures: dict[str, list[_Figure]] = {index: [] for index in clouds}
    for frame in episode.frames:
        if str(frame.index) not in figures:
            raise ScanpickError(f"{files.where(name)}: frame {frame.index} is not in frame_pointcloud_map.json.")
        figures[str(frame.index)] += frame.figures
    for index, found in figures.items():
        here = [tag for tag in episode.tags if tag.frameRange and tag.frameRange[0] <= int(index) <= tag.frameRange[1]]
        _take(clouds[index], found, here, classes, tracks, returned, files.where(name))
