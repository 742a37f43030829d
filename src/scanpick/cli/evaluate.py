"""``scanpick evaluate``: how good detections are."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, Frames, ImageSize, LabelNames, Seed, list_option, split_list
from scanpick.errors import ScanpickError


class Missing(StrEnum):
    """What a frame without predictions means."""

    ERROR = "error"
    EMPTY = "empty"


class By(StrEnum):
    """What objects are split by."""

    RANGE = "range"
    OCCLUSION = "occlusion"


def command(
    labels: Annotated[
        Path,
        typer.Option("--labels", help="Folder of KITTI label files (label_2), or a pool."),
    ],
    predictions: Annotated[
        Path,
        typer.Option(
            "--predictions",
            help="KITTI result files, a predictions table (.parquet), others, or a name in the pool.",
        ),
    ],
    frames: Frames = None,
    classes: Annotated[
        list[str] | None,
        list_option("--classes", help="Car,Pedestrian, or with a limit of overlap, Truck=0.7. May be repeated."),
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
    image_size: ImageSize = None,
    label_names: LabelNames = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate detections as KITTI's official tool does, with confidence intervals.

    2D boxes (bbox), orientation (aos), boxes from above (bev) and in space (3d); easy, moderate and hard; at 40 and at
    11 recall positions.

    Example: [bold]scanpick evaluate --labels training/label_2 --predictions val.parquet --frames val.txt[/]
    """
    import json

    from scanpick.cli.output import console
    from scanpick.cli.wording import in_flags
    from scanpick.face.evaluation import evaluate
    from scanpick.formats.kitti_cameras import parse_image_size
    from scanpick.reports.evaluation import differences_table, evaluation_table, parts_table

    result = evaluate(
        labels,
        predictions,
        frames=frames,
        classes=split_list(classes),
        settings=settings,
        missing=missing.value,
        against=against,
        by=[one.value for one in by or ()],
        ranges_m=_metres(ranges),
        bootstrap=bootstrap,
        sequences=sequences,
        seed=seed,
        calib=calib,
        image_size=None if image_size is None else parse_image_size(image_size),
        label_names=split_list(label_names),
        dataset=dataset,
    )
    evaluation = result.evaluation
    for note in result.notes:
        _tell(in_flags(note))
    if as_json:
        print(json.dumps(result.to_dict(), indent=1, allow_nan=False))
    else:
        console.print(evaluation_table(evaluation, result.intervals))
        for title, curves in result.parts.items():
            console.print(parts_table(evaluation, title.replace("_", " "), curves))
        if result.against is not None:
            console.print(differences_table(result.against))
    for warning in evaluation.warnings():
        _tell(f"Warning: {warning}")
    nothing = evaluation.classes_without_matches()
    if nothing and not diagnose:
        _tell(f"Nothing was found of: {', '.join(nothing)}. Run again with --diagnose to learn why.")
    for line in result.diagnosis() if diagnose else ():
        _tell(line)
    if outcomes is not None:
        path = result.write_outcomes(outcomes, metric=metric, difficulty=difficulty, threshold=threshold)
        _tell(f"Outcomes of each label and detection: {path}")
    if plot is not None:
        _tell(f"Precision over recall: {result.plot(plot)}")
    if pictures is not None:
        drawn = result.draw_frames(pictures)
        _tell(f"Frames from above: {', '.join(str(path) for path in drawn)}")


def _metres(ranges: str) -> list[float]:
    try:
        return [float(word) for word in ranges.split(",")]
    except ValueError:
        raise ScanpickError(f"--ranges: expected metres such as 20,40, got '{ranges}'.") from None


def _tell(line: str) -> None:
    from rich.markup import escape

    from scanpick.cli.output import log

    log.print(escape(line), highlight=False, soft_wrap=True)
