"""An MCAP file of frames, to look at in Foxglove or Lichtblick: points, boxes, images, poses.

::

/lidar                foxglove.PointCloud         /camera/<name>              foxglove.CompressedImage
/lidar/boxes          foxglove.SceneUpdate        /camera/<name>/calibration  foxglove.CameraCalibration
/lidar/labels         foxglove.SceneUpdate        /tf                         foxglove.FrameTransform

Frames follow each other at 1 s, those of sequences at 0.1 s: picks of different days would lie far apart on a timeline.
The times of the sweeps, ids and ranks are among the metadata of the boxes. Messages are JSON, so that ``mcap`` is all
that is needed. Source: foxglove/foxglove-sdk @ca8a1ced, ``schemas/jsonschema``.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.arrays import Transform
from scanpick.errors import FrameError, ScanpickError, require
from scanpick.exporters.exporter import ExportSummary, HandOff
from scanpick.exporters.folder import ExportFolder
from scanpick.exporters.names import item_names
from scanpick.files import read_bytes
from scanpick.geometry.quaternions import quaternion_from_rotation
from scanpick.geometry.transforms import invert
from scanpick.structures import Boxes3D, Camera, Frame

_FLOAT32 = 7
_COLOURS = ((0.98, 0.2, 0.33), (0.2, 0.63, 0.86), (0.31, 0.72, 0.24), (0.95, 0.71, 0.12), (0.61, 0.42, 0.87))

_NUMBER, _TEXT, _WHOLE = {"type": "number"}, {"type": "string"}, {"type": "integer"}
_BYTES = {"type": "string", "contentEncoding": "base64"}


def _object(title: str = "", **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties} | ({"title": title} if title else {})


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_TIME = _object("time", sec=_WHOLE, nsec=_WHOLE)
_VECTOR = _object(x=_NUMBER, y=_NUMBER, z=_NUMBER)
_TURN = _object(x=_NUMBER, y=_NUMBER, z=_NUMBER, w=_NUMBER)
_POSE = _object(position=_VECTOR, orientation=_TURN)
_COLOUR = _object(r=_NUMBER, g=_NUMBER, b=_NUMBER, a=_NUMBER)
_FIELD = _object(name=_TEXT, offset=_WHOLE, type=_WHOLE)
_CUBE = _object(pose=_POSE, size=_VECTOR, color=_COLOUR)
_WORDS = _object(
    pose=_POSE, billboard={"type": "boolean"}, font_size=_NUMBER, scale_invariant={"type": "boolean"}, color=_COLOUR,
    text=_TEXT,
)  # fmt: skip
_PAIR = _object(key=_TEXT, value=_TEXT)
_ENTITY = _object(
    timestamp=_TIME, frame_id=_TEXT, id=_TEXT, lifetime=_object("duration", sec=_WHOLE, nsec=_WHOLE),
    frame_locked={"type": "boolean"}, metadata=_list(_PAIR), cubes=_list(_CUBE), texts=_list(_WORDS),
)  # fmt: skip
_SCHEMAS = {
    "PointCloud": _object(
        timestamp=_TIME, frame_id=_TEXT, pose=_POSE, point_stride=_WHOLE, fields=_list(_FIELD), data=_BYTES
    ),
    "SceneUpdate": _object(deletions=_list(_object(timestamp=_TIME, type=_WHOLE, id=_TEXT)), entities=_list(_ENTITY)),
    "CompressedImage": _object(timestamp=_TIME, frame_id=_TEXT, data=_BYTES, format=_TEXT),
    "CameraCalibration": _object(
        timestamp=_TIME, frame_id=_TEXT, width=_WHOLE, height=_WHOLE, distortion_model=_TEXT, D=_list(_NUMBER),
        K=_list(_NUMBER), R=_list(_NUMBER), P=_list(_NUMBER),
    ),
    "FrameTransform": _object(
        timestamp=_TIME, parent_frame_id=_TEXT, child_frame_id=_TEXT, translation=_VECTOR, rotation=_TURN
    ),
}  # fmt: skip
"""The parts of Foxglove's messages that are written, as JSON schemas."""

Message = tuple[str, str, dict[str, Any]]
"""Topic, schema and content."""


class McapFile:
    """An MCAP file to look at picks in Foxglove or Lichtblick: points, boxes, labels, images, poses."""

    def write(
        self,
        hand_off: HandOff,
        out: Path,
        *,
        replace: bool = False,
        advance: Callable[[int], None] = lambda steps: None,
    ) -> ExportSummary:
        """See `Exporter.write`. `out` may also be the name of the file, with the ending ``.mcap``."""
        require("mcap", "ros", "Writing MCAP files")
        from mcap.writer import Writer

        named = out.suffix.lower() == ".mcap"
        if out.suffix.lower() == ".zip":
            raise ScanpickError(f"{out}: an MCAP file is no zip. Give a name that ends in .mcap, or a folder.")
        folder = ExportFolder(out.parent if named else out, replace=replace)
        place = out.name if named else f"{hand_off.name}.mcap"
        ids = hand_off.all_ids
        step_ns = 100_000_000 if hand_off.sequences else 1_000_000_000
        ranks = {frame_id: rank for rank, frame_id in enumerate(hand_off.frame_ids, start=1)}
        colours = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(hand_off.classes)}
        failed: dict[str, str] = {}
        counts = dict.fromkeys(("points", "pre-labels", "labels", "images"), 0)
        with folder.remembered(), folder.growing(place) as path:
            writer: Any = Writer(str(path))
            writer.start(library="scanpick")
            channels = _Channels(writer)
            for number, frame_id in enumerate(ids):
                try:
                    frame = hand_off.read(frame_id)
                    messages = list(_messages(hand_off, frame, number * step_ns, ranks.get(frame_id), colours))
                    for topic, schema, content in messages:
                        data = json.dumps(content).encode()
                        writer.add_message(channels.of(topic, schema), number * step_ns, data, number * step_ns)
                    counts["points"] += 1
                    counts["pre-labels"] += len(hand_off.boxes(frame_id))
                    counts["labels"] += any(topic == "/lidar/labels" for topic, _, _ in messages)
                    counts["images"] += len(hand_off.cameras(frame))
                except FrameError as error:
                    failed[frame_id] = str(error)
                advance(1)
            writer.finish()
        return ExportSummary(
            out,
            item_names(ids),
            {what: count for what, count in counts.items() if count},
            failed,
            files=(folder.path / place,),
            upload=(f"Open {place} in Foxglove (app.foxglove.dev) or Lichtblick.",),
        )


class _Channels:
    """The topics of a file, made when they are first written to."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}

    def of(self, topic: str, schema: str) -> int:
        """The number of a topic."""
        if schema not in self._schemas:
            data = json.dumps({"title": f"foxglove.{schema}", **_SCHEMAS[schema]}).encode()
            self._schemas[schema] = self._writer.register_schema(f"foxglove.{schema}", "jsonschema", data)
        if topic not in self._channels:
            self._channels[topic] = self._writer.register_channel(topic, "json", self._schemas[schema])
        return self._channels[topic]


def _messages(
    hand_off: HandOff, frame: Frame, time_ns: int, rank: int | None, colours: Mapping[str, Sequence[float]]
) -> Iterator[Message]:
    stamp = {"sec": time_ns // 10**9, "nsec": time_ns % 10**9}
    points = np.ascontiguousarray(frame.points[:, :4], dtype="<f4")
    fields = [{"name": name, "offset": 4 * k, "type": _FLOAT32} for k, name in enumerate(("x", "y", "z", "intensity"))]
    cloud = {"timestamp": stamp, "frame_id": "lidar", "pose": _pose(np.eye(4)), "point_stride": 16, "fields": fields}
    yield "/lidar", "PointCloud", {**cloud, "data": base64.b64encode(points.tobytes()).decode()}

    metadata = {"frame_id": frame.frame_id, "rank": "" if rank is None else str(rank)}
    metadata["timestamp_ns"] = str(frame.record.timestamp_ns or "")
    found = hand_off.boxes(frame.frame_id)
    scored = [f"{name} {score:.2f}" for name, score in zip(found.boxes.class_names, found.scores, strict=True)]
    yield "/lidar/boxes", "SceneUpdate", _scene("boxes", stamp, found.boxes, scored, metadata, colours)
    if (labels := hand_off.source.labels(frame.frame_id)) is not None:
        names = labels.boxes.class_names.tolist()
        yield "/lidar/labels", "SceneUpdate", _scene("labels", stamp, labels.boxes, names, metadata, {})
    if (pose := hand_off.ego_pose(frame.frame_id)) is not None:
        yield "/tf", "FrameTransform", _transform(stamp, "world", "lidar", pose)
    for camera in hand_off.cameras(frame):
        yield from _camera(camera, stamp)


def _scene(
    key: str,
    stamp: Mapping[str, int],
    boxes: Boxes3D,
    texts: Sequence[str],
    metadata: Mapping[str, str],
    colours: Mapping[str, Sequence[float]],
) -> dict[str, Any]:
    """One entity, which replaces that of the frame before."""
    cubes, words = [], []
    for box, name, text in zip(boxes.array.tolist(), boxes.class_names.tolist(), texts, strict=True):
        r, g, b = colours.get(name, (1.0, 1.0, 1.0))
        turn = {"x": 0.0, "y": 0.0, "z": math.sin(box[6] / 2), "w": math.cos(box[6] / 2)}
        pose = {"position": dict(zip("xyz", box[:3], strict=True)), "orientation": turn}
        size = dict(zip("xyz", box[3:6], strict=True))
        cubes.append({"pose": pose, "size": size, "color": {"r": r, "g": g, "b": b, "a": 0.35}})
        above = {**pose, "position": {"x": box[0], "y": box[1], "z": box[2] + box[5] / 2 + 0.3}}
        style = {
            "billboard": True,
            "font_size": 12.0,
            "scale_invariant": True,
            "color": {"r": r, "g": g, "b": b, "a": 1},
        }
        words.append({"pose": above, "text": text, **style})
    entity = {"timestamp": stamp, "frame_id": "lidar", "id": key, "lifetime": {"sec": 0, "nsec": 0}}
    pairs = [{"key": name, "value": value} for name, value in metadata.items()]
    parts = {"frame_locked": True, "metadata": pairs, "cubes": cubes, "texts": words}
    return {"deletions": [], "entities": [{**entity, **parts}]}


def _camera(camera: Camera, stamp: Mapping[str, int]) -> Iterator[Message]:
    assert camera.image_path is not None
    calibration = camera.calibration
    content = read_bytes(camera.image_path, error=FrameError)
    kind = camera.image_path.suffix.lower().lstrip(".").replace("jpg", "jpeg")
    image = {"timestamp": stamp, "frame_id": camera.name, "format": kind}
    yield f"/camera/{camera.name}", "CompressedImage", {**image, "data": base64.b64encode(content).decode()}
    (fx, fy), (cx, cy) = calibration.focal_px.tolist(), calibration.centre_px.tolist()
    width, height = calibration.image_size or (0, 0)
    matrices = {
        "K": [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0],
        "R": np.eye(3).ravel().tolist(),
        "P": [fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0],
    }
    sizes = {"width": width, "height": height, "distortion_model": "", "D": []}
    topic = f"/camera/{camera.name}/calibration"
    yield topic, "CameraCalibration", {"timestamp": stamp, "frame_id": camera.name, **sizes, **matrices}
    yield "/tf", "FrameTransform", _transform(stamp, "lidar", camera.name, invert(calibration.camera_SE3_lidar))


def _transform(stamp: Mapping[str, int], parent: str, child: str, parent_SE3_child: Transform) -> dict[str, Any]:
    pose = _pose(parent_SE3_child)
    frames = {"timestamp": stamp, "parent_frame_id": parent, "child_frame_id": child}
    return {**frames, "translation": pose["position"], "rotation": pose["orientation"]}


def _pose(a_SE3_b: Transform) -> dict[str, Any]:
    w, x, y, z = quaternion_from_rotation(a_SE3_b[:3, :3]).tolist()
    place = dict(zip("xyz", a_SE3_b[:3, 3].tolist(), strict=True))
    return {"position": place, "orientation": {"x": x, "y": y, "z": z, "w": w}}
