"""What comes back from annotation tools: files of a folder or a zip, checked, and boxes frame by frame.

Nothing is unpacked onto the disk: files of a zip are read in memory, no larger than a text may be, whatever it says.
"""

from __future__ import annotations

import os
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, TypeAdapter, ValidationError

from scanpick.errors import ScanpickError
from scanpick.exporters.exporter import ReturnedLabels
from scanpick.geometry.quaternions import rotations_from_quaternions
from scanpick.geometry.transforms import wrap_angle
from scanpick.structures import Boxes3D, Labels
from scanpick.structures.checks import name_some
from scanpick.structures.frame import is_plain_text
from scanpick.texts import MOST_BYTES, parse_json, parsing, read_text

REJECTED = "rejected"
"""A box or a tag of this class, in any letters, says that the annotator refuses the frame."""

_MOST_FILES = 2_000_000
_MOST_READ = 16 * MOST_BYTES
_TILT_RAD = 0.01

Model = TypeVar("Model")


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("expected a number")
    return value


Number = Annotated[FiniteFloat, BeforeValidator(_no_truth), Field(ge=-1e9, le=1e9)]
Triple = tuple[Number, Number, Number]
Name = Annotated[str, Field(max_length=1000)]


class Outside(BaseModel):
    """A part of a tool's file: what it must have is declared, what else there is, is passed over."""

    model_config = ConfigDict(extra="ignore")


class XYZ(Outside):
    """Three numbers by name."""

    x: Number
    y: Number
    z: Number

    @property
    def triple(self) -> tuple[float, float, float]:
        """The numbers in order."""
        return self.x, self.y, self.z


@dataclass(frozen=True)
class Cuboid:
    """A box of a tool, in the terms of `Boxes3D`.

    Attributes:
        class_name: The tool's class.
        centre: x, y, z of the geometric centre in metres.
        size: Length, width, height in metres.
        yaw: Radians about +z, 0 along +x.
        track: What the tool calls the object over a sequence; None where it does not say.
        tilted: Whether the tool has turned it about another axis, too, which is left out.
    """

    class_name: str
    centre: tuple[float, float, float]
    size: tuple[float, float, float]
    yaw: float
    track: str | None = None
    tilted: bool = False


def yaw_of_euler(x: float, y: float, z: float) -> tuple[float, bool]:
    """The yaw of a box turned about x, then y, then z (fixed axes), and whether it is tilted."""
    return _yaw_of(_about_z(z) @ _about_y(y) @ _about_x(x))


def yaw_of_quaternion(where: str, w: float, x: float, y: float, z: float) -> tuple[float, bool]:
    """The yaw of a box turned by a quaternion, and whether it is tilted."""
    return _yaw_of(rotations_from_quaternions(where, np.array([[w, x, y, z]]))[0])


def _yaw_of(rotation: np.ndarray) -> tuple[float, bool]:
    tilt = np.arccos(np.clip(rotation[2, 2], -1, 1))
    return float(np.arctan2(rotation[1, 0], rotation[0, 0])), bool(tilt > _TILT_RAD)


def _about_x(angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])


def _about_y(angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])


def _about_z(angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


class ReturnedFiles:
    """The files of an export: a folder, a zip, or a single file.

    Args:
        path: Where it is.
        tool: Whose export is expected, for messages.

    Raises:
        ScanpickError: There is nothing, the zip is broken, or its files would lie outside it.
    """

    def __init__(self, path: Path, tool: str) -> None:
        self.path, self.tool = path, tool
        self._zip: zipfile.ZipFile | None = None
        self._read = 0
        if path.is_dir():
            self._files = {name: name for name in _files_below(path)}
        elif path.is_file() and zipfile.is_zipfile(path):
            with parsing(str(path), f"a zip that {tool} exported"):
                self._zip = zipfile.ZipFile(path)
                entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
            self._files = {_safe(path, entry.filename): entry.filename for entry in entries}
        elif path.is_file():
            self._files = {path.name: ""}
        else:
            raise ScanpickError(f"{path}: expected what {tool} exported (a folder, a zip or a file), found nothing.")
        if len(self._files) > _MOST_FILES:
            raise ScanpickError(f"{path}: {len(self._files)} files; expected at most {_MOST_FILES}.")

    @property
    def names(self) -> list[str]:
        """The files, with slashes, sorted."""
        return sorted(self._files)

    def matching(self, pattern: str, expected: str = "") -> list[str]:
        """The files whose ends match a pattern ("annotations/*.json"); an error that says `expected` where none does.

        Raises:
            ScanpickError: There is none, and `expected` is not "".
        """
        found = [name for name in self.names if PurePosixPath(name).match(pattern)]
        if not found and expected:
            some = name_some(self.names, 3) if self.names else "no files"
            raise ScanpickError(f"{self.path}: expected {expected}, as {self.tool} exports, found {some}.")
        return found

    def text(self, name: str) -> str:
        """The text of a file.

        Raises:
            ScanpickError: It cannot be read, is too large, or is no UTF-8.
        """
        if self._zip is None:
            return read_text(self.path / self._files[name] if self._files[name] else self.path)
        where = self.where(name)
        most = min(MOST_BYTES, _MOST_READ - self._read)
        with parsing(where, "a file of a zip"), self._zip.open(self._files[name]) as file:
            content = file.read(most + 1)
            if len(content) > most:
                raise ScanpickError(f"{where}: unpacks to more than {most} bytes; expected labels alone.")
            self._read += len(content)
            return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")

    def json(self, name: str, model: type[Model], expected: str) -> Model:
        """A JSON file as a model.

        Raises:
            ScanpickError: As `text`; or it is malformed.
        """
        where = self.where(name)
        return checked(model, parse_json(self.text(name), where), where, expected)

    def where(self, name: str) -> str:
        """A file, for messages."""
        return str(self.path) if self._files[name] == "" else f"{self.path}: {name}"


def checked(model: type[Model], values: Any, where: str, expected: str) -> Model:
    """Values from outside as a model; an error in one sentence that names the place."""
    try:
        return TypeAdapter(model).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        got = repr(first["input"])[:60]
        raise ScanpickError(f"{where}: expected {expected}: {place}: {first['msg']}, got {got}.") from None
    except RecursionError as error:
        raise ScanpickError(f"{where}: expected {expected}, got something nested too deeply.") from error


class Returning:
    """Collects what comes back, frame by frame.

    Args:
        path: The export, for messages.
        items: Name in the tool -> frame id.
    """

    def __init__(self, path: Path, items: Mapping[str, str]) -> None:
        self.path, self._items = path, items
        self._labels: dict[str, Labels] = {}
        self._rejected: dict[str, str] = {}
        self._unknown: dict[str, None] = {}
        self._classes: dict[str, None] = {}
        self._tracks: dict[str, int] = {}
        self._tilted = 0
        self.passed_over: Counter[str] = Counter()

    def frame_id(self, name: str) -> str | None:
        """The frame of an item; None, and noted, where it was not handed off."""
        if (item := self._item(name)) is None:
            self._unknown.setdefault(name)
            return None
        return self._items[item]

    def first_known(self, names: Iterable[str]) -> str | None:
        """The first of these that was handed off."""
        return next((name for name in names if self._item(name) is not None), None)

    def _item(self, name: str) -> str | None:
        """Tools put folders before a name, or the ending of its file behind it."""
        last = stem = name.rpartition("/")[2]
        for one in (name, last, *(stem := stem.rpartition(".")[0] for _ in range(last.count(".")))):
            if one in self._items:
                return one
        return None

    def declare(self, class_names: Iterable[str]) -> None:
        """Classes that the tool has."""
        self._classes |= dict.fromkeys(name for name in class_names if name.casefold() != REJECTED)

    def reject(self, name: str, reason: str = "") -> None:
        """A frame that the annotator refused."""
        if (frame_id := self.frame_id(name)) is not None:
            self._rejected[frame_id] = reason or REJECTED
            self._labels.pop(frame_id, None)

    def add(self, name: str, cuboids: Sequence[Cuboid], reason: str = "") -> None:
        """The boxes of a frame; one of the class `REJECTED` refuses it.

        Raises:
            ScanpickError: The frame has come before, or a box is none.
        """
        if any(one.class_name.casefold() == REJECTED for one in cuboids):
            return self.reject(name, reason)
        if (frame_id := self.frame_id(name)) is None or frame_id in self._rejected:
            return None
        if frame_id in self._labels:
            raise ScanpickError(f"{self.path}: '{name}' comes twice. Give one export of it.")
        if odd := [one.class_name for one in cuboids if not is_plain_text(one.class_name)]:
            raise ScanpickError(f"{self.path}, '{name}': expected classes of printable text, got {odd[0][:40]!r}.")
        self.declare(one.class_name for one in cuboids)
        self._tilted += sum(one.tilted for one in cuboids)
        array = np.array([[*one.centre, *one.size, one.yaw] for one in cuboids], dtype=np.float64).reshape(-1, 7)
        array[:, 6] = wrap_angle(array[:, 6])
        names = [one.class_name for one in cuboids]
        tracks = [one.track for one in cuboids]
        try:
            boxes = Boxes3D(array, np.array(names, dtype=np.str_))
        except ScanpickError as error:
            raise ScanpickError(f"{self.path}, '{name}': {error}") from error
        known = [self._tracks.setdefault(track, len(self._tracks)) for track in tracks if track is not None]
        self._labels[frame_id] = Labels(
            boxes, track_ids=np.array(known, dtype=np.int64) if len(known) == len(names) > 0 else None
        )
        return None

    def result(self) -> ReturnedLabels:
        """What has been collected."""
        notes = [f"{count} {what} passed over" for what, count in self.passed_over.items()]
        if self._tilted:
            notes.append(f"{self._tilted} boxes are tilted; they are taken upright, with their heading from above")
        if empty := sum(not len(labels) for labels in self._labels.values()):
            notes.append(f"{empty} frames came back without boxes")
        return ReturnedLabels(self._labels, self._rejected, tuple(self._unknown), tuple(self._classes), tuple(notes))


def _files_below(folder: Path) -> Iterable[str]:
    """Files below a folder, none through links that lead out of it."""
    root = folder.resolve()
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place) / name
            if not path.is_symlink() or path.resolve().is_relative_to(root):
                yield path.relative_to(folder).as_posix()


def _safe(path: Path, name: str) -> str:
    """The name of a zip's file; one that would lie outside it is refused, though nothing is unpacked."""
    place = PurePosixPath(name.replace("\\", "/"))
    if place.is_absolute() or ".." in place.parts or ":" in place.parts[0]:
        raise ScanpickError(f"{path}: its file {name[:80]!r} would lie outside of it. It is no export of a tool.")
    return place.as_posix()
