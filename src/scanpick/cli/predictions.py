"""``scanpick predictions``: change the form of predictions."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, ImageSize, LabelNames, Replace, split_list


def command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="KITTI result files, a predictions table, or mmdetection3d's JSON files."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="A table (.parquet), or a folder for KITTI result files.")],
    calib: Annotated[
        Path | None, typer.Option("--calib", help="Folder of KITTI calibrations, between LiDAR and camera.")
    ] = None,
    image_size: ImageSize = None,
    label_names: LabelNames = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Take predictions of other tools into a predictions table, or write a table as KITTI result files.

    Example: [bold]scanpick predictions final_result --calib training/calib --out pool.parquet[/]
    """
    from scanpick.cli.output import log
    from scanpick.cli.results import print_facts
    from scanpick.face.predictions import convert_predictions
    from scanpick.formats.kitti_cameras import KITTI_IMAGE_SIZE, parse_image_size

    size = None if image_size is None else parse_image_size(image_size)
    names = split_list(label_names)
    done = convert_predictions(source, out, calib=calib, image_size=size, label_names=names, replace=replace)
    if done.assumed_size:
        width, height = KITTI_IMAGE_SIZE
        log.print(f"No image of {len(done.assumed_size)} frames; 2D boxes are clipped to {width}x{height} pixels.")
    print_facts({"frames": done.frames, "boxes": done.boxes, "out": str(out)}, as_json=as_json)
