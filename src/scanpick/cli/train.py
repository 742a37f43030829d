"""``scanpick train``: train a detector on labelled frames."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, Columns, DatasetArgument, DatasetOptions, Device, Seed


def command(
    dataset: DatasetArgument,
    frames: Annotated[Path, typer.Option("--frames", help="The labelled frames: one id a line, or a column frame_id.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the weights, checkpoints and the log.")],
    detector: Annotated[str, typer.Option("--detector", help="Which kind of detector.")] = "pillar-nano",
    classes: Annotated[str, typer.Option("--classes", help="Classes to find, by comma.")] = "Car",
    weights: Annotated[
        Path | None,
        typer.Option("--weights", help="Start from a training folder, or from mmdetection3d's checkpoint of 3DSSD."),
    ] = None,
    iterations: Annotated[int | None, typer.Option("--iterations", min=1, help="Steps; 3000 by default.")] = None,
    epochs: Annotated[float | None, typer.Option("--epochs", min=0.0, help="Passes over the frames instead.")] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0.0, help="About how long instead; a few steps are timed first.")
    ] = None,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Frames of a step.")] = 2,
    learning_rate: Annotated[float, typer.Option("--learning-rate", min=0.0, help="The highest one.")] = 3e-3,
    detector_option: Annotated[
        list[str] | None,
        typer.Option("--detector-option", metavar="NAME=VALUE", help="An option of the detector. May be repeated."),
    ] = None,
    seed: Seed = 0,
    device: Device = "cpu",
    option: DatasetOptions = None,
    columns: Columns = None,
    as_json: AsJson = False,
) -> None:
    """Train a detector, from scratch or from other weights.

    Objects that are pasted into frames come from these frames alone.

    Killed and started again, it goes on from its last checkpoint, to the same weights.

    Example: [bold]scanpick train kitti --frames picks/frames.txt --out car-detector[/]
    """
    from dataclasses import asdict

    import torch
    import yaml

    from scanpick import __version__
    from scanpick.cli.options import dataset_options
    from scanpick.cli.output import progress_bar
    from scanpick.cli.results import print_facts, print_set_aside
    from scanpick.datasets import open_dataset
    from scanpick.detectors.saved import build_detector, save_detector, start_from, weights_file
    from scanpick.detectors.training import TrainingSettings, iterations_for, train
    from scanpick.errors import ScanpickError
    from scanpick.files import sha256_of_file
    from scanpick.formats.frame_ids import read_frame_ids
    from scanpick.options import parse_pairs
    from scanpick.studies.scenes import read_scenes

    if sum(value is not None for value in (iterations, epochs, minutes)) > 1:
        raise ScanpickError("Give only one of --iterations, --epochs and --minutes.")
    opened = open_dataset(dataset, **dataset_options(option, columns))
    frame_ids = read_frame_ids(frames)
    with progress_bar("read", len(frame_ids)) as advance:
        read = read_scenes(opened, frame_ids, need_labels=True, advance=advance)
    names = tuple(name.strip() for name in classes.split(",") if name.strip())
    # YAML, so that "[8, 8, 8]" is a list and "0.5" a number.
    pairs = parse_pairs(detector_option or (), "--detector-option")
    options = {name: yaml.safe_load(value) for name, value in pairs.items()}
    model = build_detector(detector, names, seed=seed, **options)
    started_from = ""
    if weights is not None:
        start_from(model, weights)
        started_from = sha256_of_file(weights_file(weights))
    settings = TrainingSettings(
        iterations=iterations_for(model, read.scenes, out, batch_size, iterations, epochs, minutes, seed, device),
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
    )
    with progress_bar("train", settings.iterations) as advance:
        train(model, read.scenes, settings, out, device=device, started_from=started_from, advance=advance)
    told = {
        "training": asdict(settings),
        "data_set": dataset,
        "frames": [scene.frame_id for scene in read.scenes],
        "set_aside": read.set_aside,
        "started_from_sha256": started_from,
        "versions": {"scanpick": __version__, "torch": torch.__version__},
    }
    save_detector(out, detector, model, told)
    objects = sum(len(scene.of_classes(names).boxes) for scene in read.scenes)
    facts = {
        "detector": detector,
        "classes": ", ".join(names),
        "frames": len(read.scenes),
        "objects": objects,
        "iterations": settings.iterations,
        "out": str(out),
    }
    print_facts(facts, as_json=as_json)
    print_set_aside(read.set_aside)
