"""Xtreme1: a folder or zip of clouds, images, camera parameters and model results; its export, back.

::

lidar_point_cloud_0/<name>.pcd
camera_image_<k>/<name>.png     camera_config/<name>.json
result/<name>.json              pre-labels; read where a result is named at upload

Sequences are folders of this form, scenes of Xtreme1's. Sizes x, y, z are length, width, height, the yaw is 0 along +x.
Source: xtreme1-io/xtreme1 @20cffa07, ``UploadDataUseCase.java``, ``pc-editor/utils/result.ts``, ``camera_config.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import RootModel

from scanpick.arrays import Points
from scanpick.exporters.clouds import format_pcd
from scanpick.exporters.exporter import HandOff, ReturnedLabels
from scanpick.exporters.returned import XYZ, Cuboid, Name, Outside, ReturnedFiles, Returning, checked, yaw_of_euler
from scanpick.exporters.tool import BESIDE, Item, ToolExporter, ToolFile, json_bytes


class Xtreme1(ToolExporter):
    """Xtreme1: clouds, images, cameras and model results to upload as a zip; reads its export back."""

    def frame_files(self, item: Item, points: Points) -> Iterator[ToolFile]:
        """The cloud, images with one list of cameras, and boxes: an empty list would be an error of the upload."""
        above = "" if item.run is None else f"sequence_{item.run + 1:04d}/"
        yield ToolFile(f"{above}lidar_point_cloud_0/{item.name}.pcd", format_pcd(points))
        for number, camera in enumerate(item.cameras):
            suffix = item.image_name(camera).rpartition(".")[2]
            yield item.image(camera, f"{above}camera_image_{number}/{item.name}.{suffix}")
        if item.cameras:
            cameras = [_camera(camera.calibration) for camera in item.cameras]
            yield ToolFile(f"{above}camera_config/{item.name}.json", json_bytes(cameras))
        if len(item.boxes):
            yield ToolFile(f"{above}result/{item.name}.json", json_bytes({"objects": _objects(item)}))

    def closing_files(self, hand_off: HandOff, items: Sequence[Item]) -> Iterator[ToolFile]:
        """The classes, which are made by hand in the data set's ontology."""
        yield ToolFile("classes.txt", "".join(f"{name}\n" for name in hand_off.classes).encode(), BESIDE)

    def upload(self, hand_off: HandOff, files: Mapping[str, Path]) -> Sequence[str]:
        """Where to click: there is no client."""
        return [
            "In Xtreme1: make a data set of type LiDAR Fusion with the classes of classes.txt; upload a zip of the "
            "folder, with the result type 'Model Run' where there are pre-labels; export as 'Xtreme1 JSON'."
        ]

    def read(self, path: Path, items: Mapping[str, str]) -> ReturnedLabels:
        """See `LabelReader.read`. A frame is there once it has a result."""
        files = ReturnedFiles(path, "Xtreme1")
        returned = Returning(path, items)
        for name in files.matching("result/*.json", "result/*.json"):
            results = files.json(name, _Results, "a result of Xtreme1").root
            cuboids = []
            for result in results if isinstance(results, list) else [results]:
                for one in result.objects:
                    if one.type not in ("3D_BOX", "3D"):
                        returned.passed_over["objects that are no boxes"] += 1
                        continue
                    box = checked(_Contour, one.contour, files.where(name), "a box of Xtreme1")
                    yaw, tilted = yaw_of_euler(*box.rotation3D.triple)
                    track = None if one.trackId is None else str(one.trackId)
                    kind = one.className or one.modelClass or ""
                    cuboids.append(Cuboid(kind, box.center3D.triple, box.size3D.triple, yaw, track, tilted))
            returned.add(name, cuboids)
        return returned.result()


def _camera(calibration: Any) -> dict[str, Any]:
    (fx, fy), (cx, cy) = calibration.focal_px.tolist(), calibration.centre_px.tolist()
    camera: dict[str, Any] = {
        "camera_internal": {"fx": fx, "fy": fy, "cx": cx, "cy": cy},
        "camera_external": calibration.camera_SE3_lidar.ravel().tolist(),
        "rowMajor": True,
    }
    if calibration.image_size is not None:
        camera["width"], camera["height"] = calibration.image_size
    return camera


def _objects(item: Item) -> list[dict[str, Any]]:
    found = []
    boxes = item.boxes.boxes
    for number, (box, name, score) in enumerate(
        zip(boxes.array.tolist(), boxes.class_names.tolist(), item.boxes.scores.tolist(), strict=True), start=1
    ):
        contour = {
            "center3D": dict(zip("xyz", box[:3], strict=True)),
            "size3D": dict(zip("xyz", box[3:6], strict=True)),
            "rotation3D": {"x": 0.0, "y": 0.0, "z": box[6]},
            "pointN": 0,
            "points": [],
        }
        key = f"{item.name}-{number}"  # no object of another frame
        known = {"id": key, "type": "3D_BOX", "className": name, "trackId": key, "trackName": key}
        found.append({**known, "modelConfidence": score, "modelClass": name, "contour": contour})
    return found


class _Contour(Outside):
    center3D: XYZ
    size3D: XYZ
    rotation3D: XYZ


class _Object(Outside):
    type: Name = "3D_BOX"
    className: Name | None = None
    modelClass: Name | None = None
    trackId: str | int | None = None
    contour: Any = None


class _Result(Outside):
    objects: tuple[_Object, ...] = ()


class _Results(RootModel[list[_Result] | _Result]):
    """One result, or those of several runs."""
