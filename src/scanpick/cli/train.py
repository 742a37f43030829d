"""``scanpick train``: train a detector on labelled frames."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import (
    BATCH_SIZE,
    LEARNING_RATE,
    AsJson,
    CameraView,
    Columns,
    DatasetArgument,
    DatasetOptions,
    Device,
    Iterations,
    Minutes,
    Seed,
    dataset_options,
    list_option,
    pairs_option,
    parse_pairs,
    split_list,
)
from scanpick.texts import parse_yaml
from scanpick.training.view import View


def command(
    dataset: DatasetArgument,
    frames: Annotated[Path, typer.Option("--frames", help="The labelled frames: one id a line, or a column frame_id.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the weights, checkpoints and the log.")],
    detector: Annotated[str, typer.Option("--detector", help="Which kind of detector.")] = "pillar-nano",
    classes: Annotated[str, list_option("--classes", help="Classes to find, by comma.")] = "Car",
    weights: Annotated[
        Path | None,
        typer.Option("--weights", help="Start from a training folder, or from mmdetection3d's checkpoint of 3DSSD."),
    ] = None,
    iterations: Iterations = None,
    epochs: Annotated[float | None, typer.Option("--epochs", min=0.0, help="Passes over the frames instead.")] = None,
    minutes: Minutes = None,
    batch_size: Annotated[int, BATCH_SIZE] = 2,
    learning_rate: Annotated[float, LEARNING_RATE] = 3e-3,
    detector_option: Annotated[
        list[str] | None, pairs_option("--detector-option", help="An option of the detector.")
    ] = None,
    training_option: Annotated[
        list[str] | None, pairs_option("--training-option", help="A training setting (averaging=0.99).")
    ] = None,
    precision: Annotated[
        str | None, typer.Option("--precision", help="float32, or bfloat16 where the detector offers it.")
    ] = None,
    evaluate_frames: Annotated[
        Path | None,
        typer.Option("--evaluate-frames", help="Predict these frames afterwards, evaluate and draw what was found."),
    ] = None,
    view: CameraView = View.AUTO,
    seed: Seed = 0,
    device: Device = "cpu",
    option: DatasetOptions = None,
    columns: Columns = None,
    as_json: AsJson = False,
) -> None:
    """Train a detector, from scratch or from other weights.

    Objects that are pasted into frames come from these frames alone.

    Killed and started again, it goes on from its last checkpoint, to the same weights.

    With --evaluate-frames the folder gets predictions.parquet, the averages of KITTI's evaluation (ap.json), curves
    (pr.png), and the best and the worst frames seen from above.

    Example: [bold]scanpick train kitti --frames picks/frames.txt --out car-detector[/]
    """
    from scanpick.cli.output import console, progress_bar
    from scanpick.cli.results import print_cut, print_facts, print_set_aside
    from scanpick.face.detectors import train
    from scanpick.reports.evaluation import evaluation_table

    # YAML, so that "[8, 8, 8]" is a list and "0.5" a number.
    pairs = parse_pairs(detector_option)
    options = {name: parse_yaml(value, f"--detector-option {name}") for name, value in pairs.items()}
    if precision is not None:
        options["precision"] = precision
    training = train(
        dataset,
        frames,
        out,
        detector=detector,
        classes=split_list(classes),
        weights=weights,
        iterations=iterations,
        epochs=epochs,
        minutes=minutes,
        batch_size=batch_size,
        learning_rate=learning_rate,
        detector_options=options,
        training_options=parse_pairs(training_option),
        evaluate_frames=() if evaluate_frames is None else evaluate_frames,
        view=view,
        seed=seed,
        device=device,
        options=dataset_options(option, columns),
        progress=progress_bar,
    )
    if training.evaluation is not None and not as_json:
        console.print(evaluation_table(training.evaluation))
    print_facts(training.facts, as_json=as_json)
    read, predicted = training.trained.read, training.trained.predicted
    print_cut([*read.cut, *predicted.cut], [*read.assumed_size, *predicted.assumed_size])
    print_set_aside(training.trained.set_aside)
