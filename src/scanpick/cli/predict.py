"""``scanpick predict``: find boxes in frames with a trained detector."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, Columns, DatasetArgument, DatasetOptions, Device, Seed


def command(
    dataset: DatasetArgument,
    weights: Annotated[
        Path, typer.Option("--weights", help="A folder made by scanpick train, or mmdetection3d's checkpoint of 3DSSD.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The predictions table to write, .parquet.")],
    frames: Annotated[
        Path | None, typer.Option("--frames", help="Which frames: one id a line, or a column frame_id; all by default.")
    ] = None,
    kitti: Annotated[
        Path | None, typer.Option("--kitti", help="Also write KITTI result files into this folder.")
    ] = None,
    seed: Seed = 0,
    device: Device = "cpu",
    option: DatasetOptions = None,
    columns: Columns = None,
    as_json: AsJson = False,
) -> None:
    """Predict boxes. Labels are not looked at. Frames in which nothing is found are noted in the table, too.

    Example: [bold]scanpick predict kitti --frames val.txt --weights car-detector --out val.parquet[/]
    """
    from scanpick.cli.options import dataset_options
    from scanpick.cli.output import progress_bar
    from scanpick.cli.results import print_facts, print_set_aside
    from scanpick.datasets import open_dataset
    from scanpick.detectors.prediction import predict
    from scanpick.detectors.saved import load_detector, weights_file
    from scanpick.exporters.kitti_results import write_kitti_results
    from scanpick.files import sha256_of_file
    from scanpick.formats.frame_ids import read_frame_ids
    from scanpick.formats.predictions import write_predictions
    from scanpick.structures import Detections
    from scanpick.studies.scenes import camera_of_frame, read_scenes

    opened = open_dataset(dataset, **dataset_options(option, columns))
    frame_ids = [r.frame_id for r in opened.records] if frames is None else read_frame_ids(frames)
    model, described = load_detector(weights)
    found: list[Detections] = []
    set_aside: dict[str, str] = {}
    with progress_bar("predict", len(frame_ids)) as advance:
        for frame_id in frame_ids:  # one at a time: a pool does not fit into memory
            read = read_scenes(opened, [frame_id], need_labels=False)
            found.extend(predict(model, read.scenes, seed=seed, device=device))
            set_aside |= read.set_aside
            advance(1)
    meta = {
        "detector": described["detector"],
        "weights_sha256": sha256_of_file(weights_file(weights)),
        "data_set": dataset,
        "seed": seed,
        "set_aside": set_aside,
    }
    write_predictions(out, found, meta)
    if kitti is not None:
        write_kitti_results(kitti, found, lambda frame_id: camera_of_frame(opened, frame_id))
    facts = {
        "detector": described["detector"],
        "frames": len(found),
        "boxes": sum(len(one) for one in found),
        "out": str(out),
    }
    print_facts(facts, as_json=as_json)
    print_set_aside(set_aside)
