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
    Frames,
    Replace,
    Seed,
    dataset_options,
)
from scanpick.training.view import View


def command(
    dataset: DatasetArgument,
    weights: Annotated[
        Path, typer.Option("--weights", help="A folder made by scanpick train, or mmdetection3d's checkpoint of 3DSSD.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The predictions table to write, .parquet; in a pool predictions/NAME.parquet."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="What to call predictions in a pool; the detector's name by default.")
    ] = None,
    frames: Frames = None,
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
    view: CameraView = View.AUTO,
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
    from scanpick.cli.output import progress_bar
    from scanpick.cli.results import print_cut, print_facts, print_set_aside
    from scanpick.errors import ScanpickError
    from scanpick.face.detectors import predict
    from scanpick.face.pools import is_pool

    if out is None and not is_pool(dataset):
        raise ScanpickError("Name the table to write: --out FILE.parquet. Only a pool has a place for predictions.")
    found = predict(
        dataset,
        weights,
        out,
        frames=frames,
        kitti=kitti,
        passes=passes,
        dropout=dropout,
        variations=variations,
        view=view,
        seed=seed,
        device=device,
        options=dataset_options(option, columns),
        name=name,
        replace=replace,
        progress=progress_bar,
    )
    facts = {"detector": found.detector, "frames": len(found), "boxes": found.boxes, "out": str(found.file)}
    print_facts(facts, as_json=as_json)
    print_cut(found.predicted.cut, found.predicted.assumed_size)
    print_set_aside(found.predicted.set_aside)
