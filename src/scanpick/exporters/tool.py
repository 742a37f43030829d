"""What exporters to annotation tools share: frames get names, their files go into a folder or a zip, a list says which.

::

frames.csv                name in the tool, frame id, rank of the picks, where in which sequence
.scanpick-export.json     what was written, by digest, so that nothing else is replaced
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanpick.arrays import Points, Transform
from scanpick.errors import FrameError
from scanpick.exporters.exporter import ExportSummary, HandOff
from scanpick.exporters.folder import ExportFile, ExportFolder
from scanpick.exporters.names import item_names
from scanpick.files import read_bytes
from scanpick.structures import Camera, Detections, FrameRecord
from scanpick.texts import format_csv

CONTENT = "content"
"""Files that the tool takes: in the folder, or in ``NAME.zip``."""

BESIDE = "beside"
"""Files that the tool does not take together with the others: ``NAME-...`` beside a zip."""

LISTED = ("name", "frame_id", "rank", "sequence", "place")


@dataclass(frozen=True, eq=False)
class Item:
    """A frame that is handed over, without its points.

    Attributes:
        name: What it is called in the tool.
        record: The line about it in the list of frames.
        rank: Its rank among the picks, from 1; None for frames around them.
        run: The sequence it is handed over in, from 0; None for frames that are handed over one by one.
        place: Its place in that sequence, or in the list of all.
        boxes: Pre-labels.
        cameras: Cameras that have an image.
        world_SE3_ego: Where the vehicle was; None where that is not known.
    """

    name: str
    record: FrameRecord
    rank: int | None
    run: int | None
    place: int
    boxes: Detections
    cameras: tuple[Camera, ...]
    world_SE3_ego: Transform | None

    @property
    def frame_id(self) -> str:
        """The frame's id."""
        return self.record.frame_id

    def image_name(self, camera: Camera) -> str:
        """The name of a camera's file: its own, in plain letters, with the suffix of the image."""
        assert camera.image_path is not None
        return re.sub(r"[^A-Za-z0-9_-]", "_", camera.name) + camera.image_path.suffix.lower()

    def image(self, camera: Camera, place: str, area: str = CONTENT) -> ToolFile:
        """A camera's image, as a file to be written."""
        assert camera.image_path is not None
        return ToolFile(place, read_bytes(camera.image_path, error=FrameError), area)


@dataclass(frozen=True)
class ToolFile:
    """A file for a tool.

    Attributes:
        place: Where it goes, with slashes.
        content: Its bytes.
        area: `CONTENT`, `BESIDE`, or the name of a zip without its ending. One called "task" is ``NAME.zip`` where a
            zip is asked for, another one ``NAME-area.zip``.
    """

    place: str
    content: bytes
    area: str = CONTENT


@dataclass(frozen=True)
class ToolExporter:
    """The base of exporters to annotation tools; subclasses say which files there are.

    Attributes:
        ranked: Names begin with the rank of the frame, so that tools, which sort by name, show the best picks first.
    """

    ranked: bool = False

    def check(self, hand_off: HandOff) -> None:
        """Raise `ScanpickError` for what the tool's files cannot say, before anything is written."""

    def frame_files(self, item: Item, points: Points) -> Iterator[ToolFile]:
        """The files of one frame."""
        raise NotImplementedError

    def closing_files(self, hand_off: HandOff, items: Sequence[Item]) -> Iterator[ToolFile]:
        """The files about all frames, written last."""
        raise NotImplementedError

    def upload(self, hand_off: HandOff, files: Mapping[str, Path]) -> Sequence[str]:
        """How the tool takes the files: area -> its folder or zip, and the place of a file beside them -> the file."""
        raise NotImplementedError

    def write(
        self,
        hand_off: HandOff,
        out: Path,
        *,
        replace: bool = False,
        advance: Callable[[int], None] = lambda steps: None,
    ) -> ExportSummary:
        """See `Exporter.write`."""
        self.check(hand_off)
        runs = {one: (run, place) for run, ids in enumerate(hand_off.sequences) for place, one in enumerate(ids)}
        ranks = {frame_id: rank for rank, frame_id in enumerate(hand_off.frame_ids, start=1)}
        ids = hand_off.all_ids
        names = item_names(ids, numbered=self.ranked or bool(hand_off.sequences))

        def item_of(frame_id: str) -> tuple[Item, list[ToolFile]]:
            frame = hand_off.read(frame_id)
            run, place = runs.get(frame_id, (None, len(items)))
            boxes, cameras, pose = hand_off.boxes(frame_id), hand_off.cameras(frame), hand_off.ego_pose(frame_id)
            item = Item(names[frame_id], frame.record, ranks.get(frame_id), run, place, boxes, cameras, pose)
            return item, list(self.frame_files(item, frame.points))

        items: list[Item] = []
        failed: dict[str, str] = {}
        target = _Target(out, replace)
        target.check(file for one in target.taken(names) for file in _files_or_none(item_of, one))
        with target.folder.remembered(), ExitStack() as opened:
            target.opened = opened
            for frame_id in ids:
                try:
                    item, files = item_of(frame_id)
                    target.write(files)
                    items.append(item)
                except FrameError as error:
                    failed[frame_id] = str(error)
                advance(1)
            target.write(self.closing_files(hand_off, items))
            target.write([_list_of(items)])
        counts = {
            "points": len(items),
            "pre-labels": sum(len(item.boxes) for item in items),
            "images": sum(len(item.cameras) for item in items),
        }
        files_at = {area: target.path_of(area) for area in target.areas}
        return ExportSummary(
            out,
            names,
            {what: count for what, count in counts.items() if count},
            failed,
            target.path_of(BESIDE, "frames.csv"),
            tuple(files_at.values()),
            tuple(self.upload(hand_off, files_at | target.beside)),
        )


def json_bytes(values: Any) -> bytes:
    """Values as a JSON file, with every digit."""
    return (json.dumps(values, indent=1) + "\n").encode()


def _list_of(items: Iterable[Item]) -> ToolFile:
    rows = ({**vars(item), "frame_id": item.frame_id, "sequence": item.run} for item in items)
    return ToolFile("frames.csv", format_csv(LISTED, rows).encode(), BESIDE)


def _files_or_none(item_of: Callable[[str], tuple[Item, list[ToolFile]]], frame_id: str) -> list[ToolFile]:
    with suppress(FrameError):  # told when its turn comes
        return item_of(frame_id)[1]
    return []


class _Target:
    """A folder, or a zip with files beside it."""

    def __init__(self, out: Path, replace: bool) -> None:
        self.out, self.zipped = out, out.suffix.lower() == ".zip"
        self.folder = ExportFolder(out.parent if self.zipped else out, replace=replace)
        self.areas: dict[str, None] = {}
        self.beside: dict[str, Path] = {}
        self.opened: ExitStack
        self._archives: dict[str, zipfile.ZipFile] = {}

    def path_of(self, area: str, name: str = "") -> Path:
        """Where an area is, or a file beside it."""
        if area == BESIDE:
            return self.folder.path / self._beside(name)
        archive = self._archive_name(area)
        return self.folder.path if archive is None else self.folder.path / archive

    def taken(self, names: Mapping[str, str]) -> list[str]:
        """The frames of whose names there are loose files already: a file of theirs may be somebody else's."""
        there = set()
        if not self.zipped and self.out.is_dir():
            there = {path.name.partition(".")[0] for path in self.out.rglob("*")}
        return [frame_id for frame_id, name in names.items() if name in there]

    def check(self, files: Iterable[ToolFile]) -> None:
        """See that these, the list and the zips may be written."""
        listed = ExportFile(self._beside("frames.csv"), b"")
        self.folder.check([listed])
        self.folder.check(ExportFile(file.place, file.content) for file in files if file.area == CONTENT)

    def write(self, files: Iterable[ToolFile]) -> None:
        """Write files, or add them to their zips."""
        for file in files:
            if file.area != BESIDE:
                self.areas.setdefault(file.area)
            archive = None if file.area == BESIDE else self._archive_name(file.area)
            if archive is None:
                place = self._beside(file.place) if file.area == BESIDE else file.place
                self.beside |= {file.place: self.folder.path / place} if file.area == BESIDE else {}
                self.folder.write([ExportFile(place, file.content)])
            else:
                if archive not in self._archives:
                    self._archives[archive] = self.opened.enter_context(self.folder.archive(archive))
                _add(self._archives[archive], file)

    def _beside(self, name: str) -> str:
        return f"{self.out.stem}-{name}" if self.zipped else name

    def _archive_name(self, area: str) -> str | None:
        if area == CONTENT:
            return self.out.name if self.zipped else None
        if not self.zipped:
            return f"{area}.zip"
        return self.out.name if area == "task" else f"{self.out.stem}-{area}.zip"


def _add(archive: zipfile.ZipFile, file: ToolFile) -> None:
    entry = zipfile.ZipInfo(file.place)  # of 1980, so that the same frames are the same bytes
    entry.external_attr = 0o644 << 16
    packed = file.place.rpartition(".")[2] not in ("png", "jpg", "jpeg")
    entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    archive.writestr(entry, file.content, compresslevel=1)
