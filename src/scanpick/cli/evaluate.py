"""``scanpick evaluate``: how good detections are."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanpick.cli.options import AsJson, Seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanpick.evaluation.kitti import Evaluation
    from scanpick.evaluation.result_files import Results
    from scanpick.evaluation.settings import EvaluationSettings
    from scanpick.formats.kitti_cameras import KittiCameras
    from scanpick.reports.evaluation import Parts


class Missing(StrEnum):
    """What a frame without predictions means."""

    ERROR = "error"
    EMPTY = "empty"


class By(StrEnum):
    """What objects are split by."""

    RANGE = "range"
    OCCLUSION = "occlusion"


def command(
    labels: Annotated[Path, typer.Option("--labels", help="Folder of KITTI label files (label_2).")],
    predictions: Annotated[
        Path,
        typer.Option("--predictions", help="Folder of KITTI result files, a predictions table (.parquet), or others."),
    ],
    frames: Annotated[
        Path | None, typer.Option("--frames", help="Which frames: one id a line, or a column frame_id; all by default.")
    ] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option("--classes", help="Car,Pedestrian, or with a limit of overlap, Truck=0.7. May be repeated."),
    ] = None,
    settings: Annotated[
        str, typer.Option("--settings", help="Which published protocol: KITTI_2019_R40 or KITTI_2017_R11.")
    ] = "KITTI_2019_R40",
    missing: Annotated[
        Missing, typer.Option("--missing", help="A frame without predictions is an error, or has no boxes.")
    ] = Missing.ERROR,
    diagnose: Annotated[bool, typer.Option("--diagnose", help="Say why a class finds little or nothing.")] = False,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw precision over recall: .png, .svg or .pdf.")] = None,
    pictures: Annotated[
        Path | None,
        typer.Option("--pictures", help="Draw the best and the worst frames from above, true and predicted boxes."),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", help="With --pictures: where the points are; the KITTI folder that --labels is in."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", help="Other predictions of the same frames to compare with.")
    ] = None,
    by: Annotated[list[By] | None, typer.Option("--by", help="Split the objects. May be repeated.")] = None,
    ranges: Annotated[str, typer.Option("--ranges", help="Metres at which --by range splits.")] = "20,40",
    outcomes: Annotated[
        Path | None, typer.Option("--outcomes", help="Write what became of each label and detection, as CSV.")
    ] = None,
    threshold: Annotated[float, typer.Option("--threshold", help="With --outcomes: the least score.")] = 0.5,
    metric: Annotated[str, typer.Option("--metric", help="With --outcomes: bbox, bev or 3d.")] = "3d",
    difficulty: Annotated[str, typer.Option("--difficulty", help="With --outcomes: easy, moderate or hard.")] = "hard",
    bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=0, help="Draws for the confidence intervals; 0 leaves them out.")
    ] = 1000,
    sequences: Annotated[
        Path | None,
        typer.Option("--sequences", help="Columns frame_id and sequence (.csv, .parquet): draw whole sequences."),
    ] = None,
    seed: Seed = 0,
    calib: Annotated[
        Path | None, typer.Option("--calib", help="Calibrations, for boxes in the LiDAR frame; ../calib of the labels.")
    ] = None,
    image_size: Annotated[
        str | None, typer.Option("--image-size", metavar="WxH", help="Pixels, where ../image_2 has no images.")
    ] = None,
    label_names: Annotated[
        str | None, typer.Option("--label-names", help="Class names of mmdetection3d's JSON: Pedestrian,Cyclist,Car.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate detections as KITTI's official tool does, with confidence intervals.

    2D boxes (bbox), orientation (aos), boxes from above (bev) and in space (3d); easy, moderate and hard; at 40 and at
    11 recall positions.

    Example: [bold]scanpick evaluate --labels training/label_2 --predictions val.parquet --frames val.txt[/]
    """
    import json

    import numpy as np

    from scanpick.cli.output import console
    from scanpick.datasets import open_dataset
    from scanpick.errors import ScanpickError
    from scanpick.evaluation.bootstrap import differences, draw_frames, intervals
    from scanpick.evaluation.inspection import inspect, write_inspections
    from scanpick.evaluation.kitti import evaluate
    from scanpick.evaluation.result_files import read_results
    from scanpick.formats.frame_ids import read_frame_ids
    from scanpick.formats.kitti_cameras import KittiCameras, parse_image_size
    from scanpick.formats.object_table import object_files, read_object_files
    from scanpick.formats.sequences import read_sequences
    from scanpick.options import split_list
    from scanpick.reports.evaluation import differences_table, evaluation_json, evaluation_table, parts_table
    from scanpick.reports.frame_pictures import draw_best_and_worst
    from scanpick.reports.precision_recall import plot_precision_recall

    if against is not None and not bootstrap:
        raise ScanpickError("--against judges a difference by resampling: give --bootstrap a number above 0.")
    protocol = _protocol(settings, classes)
    cameras = KittiCameras.beside(labels, None if image_size is None else parse_image_size(image_size))
    if calib is not None:
        cameras.calib = calib
    names = split_list(label_names, "--label-names")

    # Labels and detections of the same frames
    files = object_files(labels, None if frames is None else read_frame_ids(frames))
    truth = read_object_files(files)

    def evaluated(path: Path) -> Evaluation:
        empty = missing is Missing.EMPTY
        results = read_results(path, list(files), cameras, missing_is_empty=empty, label_names=names)
        _tell_about_files(path, results, cameras)
        return evaluate(truth, results.table, protocol)

    evaluation = evaluated(predictions)
    other = None if against is None else evaluated(against)

    # Intervals, comparison, parts
    bounds = compared = None
    if bootstrap:
        groups = None if sequences is None else read_sequences(sequences, list(files))
        draws = draw_frames(len(files), bootstrap, np.random.default_rng(seed), groups)
        bounds = intervals(evaluation, draws)
        compared = None if other is None else differences(evaluation, other, draws)
    parts = {f"by_{what.value}": _parts(evaluation, what, ranges) for what in dict.fromkeys(by or ())}

    # What is told
    if as_json:
        print(json.dumps(evaluation_json(evaluation, bounds, parts, compared), indent=1, allow_nan=False))
    else:
        console.print(evaluation_table(evaluation, bounds))
        for title, curves in parts.items():
            console.print(parts_table(evaluation, title.replace("_", " "), curves))
        if compared is not None:
            console.print(differences_table(compared))
    _warn(evaluation, diagnose)
    if outcomes is not None:
        inspected = [inspect(evaluation, name, metric, difficulty, threshold) for name in evaluation.curves]
        write_inspections(outcomes, inspected)
        _tell(f"Outcomes of each label and detection: {outcomes}")
    if plot is not None:
        _tell(f"Precision over recall: {plot_precision_recall(evaluation, plot)}")
    if pictures is not None:
        opened = open_dataset(str(labels.parent.parent) if dataset is None else dataset)
        drawn = draw_best_and_worst(evaluation, lambda frame_id: opened.read(frame_id).points, cameras, pictures)
        _tell(f"Frames from above: {', '.join(str(path) for path in drawn)}")


def _protocol(name: str, classes: Sequence[str] | None) -> EvaluationSettings:
    from scanpick.errors import unknown_name
    from scanpick.evaluation.settings import SETTINGS
    from scanpick.options import split_list

    if name not in SETTINGS:
        raise unknown_name("settings", name, SETTINGS)
    return SETTINGS[name].choose(split_list(classes, "--classes"))


def _parts(evaluation: Evaluation, by: By, ranges: str) -> Parts:
    from scanpick.errors import ScanpickError
    from scanpick.evaluation.breakdown import breakdown, occlusion_parts, range_parts

    if by is By.OCCLUSION:
        return breakdown(evaluation, occlusion_parts())
    try:
        edges = [0.0, *(float(word) for word in ranges.split(",")), float("inf")]
    except ValueError:
        raise ScanpickError(f"--ranges: expected metres such as 20,40, got '{ranges}'.") from None
    return breakdown(evaluation, range_parts(edges))


def _tell_about_files(path: Path, results: Results, cameras: KittiCameras) -> None:
    from scanpick.evaluation.implausible_values import MOST_YAW_RAD
    from scanpick.formats.kitti_cameras import KITTI_IMAGE_SIZE
    from scanpick.structures.checks import name_some

    if results.missing:
        named = name_some(results.missing)
        _tell(f"{path}: {len(results.missing)} frames without predictions count as empty: {named}.")
    if results.others:
        _tell(f"{path}: {results.others} frames have no label, or were not asked for; they are passed over.")
    if results.projected and cameras.assumed:
        width, height = KITTI_IMAGE_SIZE
        _tell(
            f"{path}: no image of {len(cameras.assumed)} frames in {cameras.images}; 2D boxes are clipped to "
            f"{width}x{height} pixels. Give --image-size if that is not their size."
        )
    if results.largest_yaw > MOST_YAW_RAD:
        _tell(f"{path}: yaw reaches {results.largest_yaw:.0f}: it looks like degrees; expected are radians.")
    cameras.assumed.clear()


def _warn(evaluation: Evaluation, wanted: bool) -> None:
    from scanpick.evaluation.diagnosis import diagnose
    from scanpick.reports.diagnosis import diagnosis_lines

    for warning in evaluation.warnings():
        _tell(f"Warning: {warning}")
    nothing = evaluation.classes_without_matches()
    if nothing and not wanted:
        _tell(f"Nothing was found of: {', '.join(nothing)}. Run again with --diagnose to learn why.")
    if wanted:
        for name in evaluation.curves:
            for line in diagnosis_lines(diagnose(evaluation, name)):
                _tell(line)


def _tell(line: str) -> None:
    from rich.markup import escape

    from scanpick.cli.output import log

    log.print(escape(line), highlight=False, soft_wrap=True)
