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
    from scanpick.errors import ScanpickError
    from scanpick.exporters.kitti_results import read_detections, write_kitti_results
    from scanpick.files import without_places
    from scanpick.formats.kitti_cameras import KITTI_IMAGE_SIZE, KittiCameras, parse_image_size
    from scanpick.formats.predictions import write_predictions
    from scanpick.structures import Calibration

    size = None if image_size is None else parse_image_size(image_size)
    cameras = None if calib is None else KittiCameras(calib, calib.parent / "image_2", size)

    def camera_of(frame_id: str) -> Calibration:
        if cameras is None:
            raise ScanpickError("Name the folder of KITTI calibrations with --calib, to go between LiDAR and camera.")
        return cameras(frame_id)

    found = read_detections(source, camera_of, label_names=split_list(label_names))
    if out.suffix.lower() == ".parquet":
        write_predictions(out, found.values(), {"source": without_places(str(source))})
    else:
        write_kitti_results(out, found.values(), camera_of, replace=replace)
        if cameras is not None and cameras.assumed:
            width, height = KITTI_IMAGE_SIZE
            log.print(
                f"No image of {len(set(cameras.assumed))} frames; 2D boxes are clipped to {width}x{height} pixels."
            )
    print_facts({"frames": len(found), "boxes": sum(map(len, found.values())), "out": str(out)}, as_json=as_json)
