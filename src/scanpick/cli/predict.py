"""``scanpick predict``: find boxes in frames with a trained detector."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import (
    AsJson,
    CameraView,
    Columns,
    DatasetArgument,
    DatasetOptions,
    Device,
    PointView,
    Replace,
    Seed,
)


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
    passes: Annotated[
        int, typer.Option("--passes", min=0, help="Passes with dropout, for the score dropout_disagreement.")
    ] = 0,
    dropout: Annotated[float, typer.Option("--dropout", help="With --passes: share of features left out.")] = 0.1,
    variations: Annotated[
        int, typer.Option("--variations", min=0, help="Varied inputs, for the score input_disagreement.")
    ] = 0,
    view: CameraView = PointView.AUTO,
    seed: Seed = 0,
    device: Device = "cpu",
    option: DatasetOptions = None,
    columns: Columns = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Predict boxes. Labels are not looked at. Frames in which nothing is found are noted in the table, too.

    --passes and --variations predict each frame so many times more: with random features of the heads left out, and
    from a random part of the points, every other time mirrored. Each box then tells how much these differ about it.

    Example: [bold]scanpick predict kitti --frames val.txt --weights car-detector --out val.parquet[/]
    """
    from dataclasses import asdict

    from scanpick.cli.options import dataset_options
    from scanpick.cli.output import progress_bar
    from scanpick.cli.results import print_cut, print_facts, print_set_aside
    from scanpick.datasets import open_dataset
    from scanpick.detectors.saved import load_detector, weights_file
    from scanpick.exporters.kitti_results import check_kitti_results, write_kitti_results
    from scanpick.files import sha256_of_file, without_places
    from scanpick.formats.frame_ids import read_frame_ids
    from scanpick.formats.predictions import write_predictions
    from scanpick.training.predicting import PredictionSettings, predict_frames
    from scanpick.training.scenes import View, camera_of_frame

    opened = open_dataset(dataset, **dataset_options(option, columns))
    frame_ids = [r.frame_id for r in opened.records] if frames is None else read_frame_ids(frames)
    if kitti is not None:
        check_kitti_results(kitti, frame_ids, replace=replace)
    model, described = load_detector(weights)
    settings = PredictionSettings(View(view.value), passes, dropout, variations, seed, device)
    with progress_bar("predict", len(frame_ids)) as advance:
        predicted = predict_frames(model, opened, frame_ids, settings, advance=advance)
    found = predicted.detections
    meta = {
        "detector": described["detector"],
        "weights_sha256": sha256_of_file(weights_file(weights)),
        "data_set": without_places(dataset),
        "prediction": asdict(settings),
        "cut_to_the_camera": len(predicted.cut),
        "set_aside": predicted.set_aside,
    }
    write_predictions(out, found, meta)
    if kitti is not None:
        write_kitti_results(kitti, found, lambda frame_id: camera_of_frame(opened, frame_id), replace=replace)
    facts = {
        "detector": described["detector"],
        "frames": len(found),
        "boxes": sum(len(one) for one in found),
        "out": str(out),
    }
    print_facts(facts, as_json=as_json)
    print_cut(predicted.cut, predicted.assumed_size)
    print_set_aside(predicted.set_aside)
