"""``scanpick train``: train a detector on labelled frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanpick.cli.options import AsJson, CameraView, Columns, DatasetArgument, DatasetOptions, Device, PointView, Seed
from scanpick.texts import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scanpick.evaluation.average_precision import Curve


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
    training_option: Annotated[
        list[str] | None,
        typer.Option(
            "--training-option", metavar="NAME=VALUE", help="A training setting (averaging=0.99). May be repeated."
        ),
    ] = None,
    precision: Annotated[
        str | None, typer.Option("--precision", help="float32, or bfloat16 where the detector offers it.")
    ] = None,
    evaluate_frames: Annotated[
        Path | None,
        typer.Option("--evaluate-frames", help="Predict these frames afterwards, evaluate and draw what was found."),
    ] = None,
    view: CameraView = PointView.AUTO,
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
    from dataclasses import asdict

    import torch

    from scanpick import __version__
    from scanpick.cli.options import dataset_options
    from scanpick.cli.output import console, progress_bar
    from scanpick.cli.results import print_cut, print_facts, print_set_aside
    from scanpick.datasets import open_dataset
    from scanpick.detectors.saved import build_detector, save_detector, start_from, weights_file
    from scanpick.detectors.training import TrainingSettings, iterations_for, train
    from scanpick.errors import ScanpickError
    from scanpick.evaluation.settings import KITTI_2019_R40
    from scanpick.files import sha256_of_file, without_places
    from scanpick.formats.frame_ids import read_frame_ids
    from scanpick.formats.predictions import write_predictions
    from scanpick.options import build_checked_dataclass, parse_pairs, split_list
    from scanpick.reports.evaluation import evaluation_table
    from scanpick.reports.training_folder import PREDICTIONS, report_evaluation
    from scanpick.structures.checks import name_some
    from scanpick.training.metrics import read_ground_truth
    from scanpick.training.predicting import Predicted, PredictionSettings, predict_frames
    from scanpick.training.scenes import View, read_scenes

    if sum(value is not None for value in (iterations, epochs, minutes)) > 1:
        raise ScanpickError("Give only one of --iterations, --epochs and --minutes.")
    opened = open_dataset(dataset, **dataset_options(option, columns))
    frame_ids = read_frame_ids(frames)
    names = tuple(split_list(classes, "--classes"))
    # YAML, so that "[8, 8, 8]" is a list and "0.5" a number.
    pairs = parse_pairs(detector_option or (), "--detector-option")
    options = {name: parse_yaml(value, f"--detector-option {name}") for name, value in pairs.items()}
    if precision is not None:
        options["precision"] = precision
    model = build_detector(detector, names, seed=seed, **options)
    started_from = ""
    if weights is not None:
        start_from(model, weights)
        started_from = sha256_of_file(weights_file(weights))
    points = View(view.value)
    evaluated = [] if evaluate_frames is None else read_frame_ids(evaluate_frames)
    both = sorted(set(frame_ids) & set(evaluated))
    if both:
        raise ScanpickError(f"{len(both)} frames are in --frames and --evaluate-frames: {name_some(both)}.")
    protocol = KITTI_2019_R40.choose(names) if evaluated else KITTI_2019_R40  # unknown classes fail before training
    truth = read_ground_truth(opened, evaluated)
    with progress_bar("read", len(frame_ids)) as advance:
        read = read_scenes(opened, frame_ids, need_labels=True, view=points, advance=advance)
    read.check_any()
    read.check_classes(names)
    given = parse_pairs(training_option or (), "--training-option")
    settings = TrainingSettings(
        iterations=iterations_for(model, read.scenes, out, batch_size, iterations, epochs, minutes, seed, device),
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
    )
    settings = build_checked_dataclass(TrainingSettings, settings, given, "training")
    with progress_bar("train", settings.iterations) as advance:
        train(model, read.scenes, settings, out, device=device, started_from=started_from, advance=advance)
    told = {
        "training": asdict(settings),
        "data_set": without_places(dataset),
        "view": points.value,
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
    predicted = Predicted()
    if evaluated:
        with progress_bar("predict", len(evaluated)) as advance:
            plan = PredictionSettings(view=points, seed=seed, device=device)
            predicted = predict_frames(model, opened, evaluated, plan, advance=advance)
        meta = {"detector": detector, "data_set": without_places(dataset), "set_aside": predicted.set_aside}
        write_predictions(out / PREDICTIONS, predicted.detections, meta)
        found = {detections.frame_id: detections for detections in predicted.detections}
        evaluation = report_evaluation(opened, truth, found, protocol, out)
        facts["evaluated_frames"] = len(evaluation.comparison.labels.frame_ids)
        facts["3d_moderate_R40"] = {name: _average(evaluation.curves[name]) for name in evaluation.curves}
        if not as_json:
            console.print(evaluation_table(evaluation))
    print_facts(facts, as_json=as_json)
    print_cut([*read.cut, *predicted.cut], [*read.assumed_size, *predicted.assumed_size])
    print_set_aside({**read.set_aside, **truth.set_aside, **predicted.set_aside})


def _average(curves: Mapping[str, Mapping[str, Curve | None]]) -> float:
    curve = curves["3d"]["moderate"]
    return 0.0 if curve is None else curve.ap_r40
