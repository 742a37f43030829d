"""``scanpick adapt``: train an encoder on the user's own frames, without labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, Columns, DatasetArgument, DatasetOptions, Device, Seed


def command(
    dataset: DatasetArgument,
    out: Annotated[Path, typer.Option("--out", help="Folder for the weights, checkpoints and logs.")],
    frames: Annotated[
        Path | None, typer.Option("--frames", help="Frames to learn from: one id a line, or a column frame_id.")
    ] = None,
    encoder: Annotated[str, typer.Option("--encoder", help="Which encoder: recon or scanpick-ssl.")] = "recon",
    weights: Annotated[
        Path | None, typer.Option("--weights", help="Start from this file: a published checkpoint, or an adapted one.")
    ] = None,
    encoder_option: Annotated[
        list[str] | None,
        typer.Option(
            "--encoder-option", metavar="NAME=VALUE", help="An option of its training (views=0.2). May be repeated."
        ),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option("--teacher", help="Features of camera images: a .npz or .parquet file, or module:attribute."),
    ] = None,
    iterations: Annotated[int | None, typer.Option("--iterations", min=1, help="Steps; 1000 by default.")] = None,
    minutes: Annotated[
        float | None, typer.Option("--minutes", min=0.0, help="About how long instead; a few steps are timed first.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, help="Frames of a step; the encoder's own by default.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option("--learning-rate", min=0.0, help="The highest one; the encoder's own by default.")
    ] = None,
    seed: Seed = 0,
    device: Device = "cpu",
    option: DatasetOptions = None,
    columns: Columns = None,
    as_json: AsJson = False,
) -> None:
    """Train an encoder on frames without labels.

    Some frames are kept out, by sequence; their reconstruction loss before and after tells whether it learnt.

    Killed and started again, it goes on from its last checkpoint, to the same weights.

    Example: [bold]scanpick adapt kitti --weights pretrain_base.pth --minutes 60 --out adapted[/]
    Example: [bold]scanpick adapt simulated:drives --encoder-option random_weights=tiny --minutes 10 --out adapted[/]
    """
    from scanpick.cli.options import dataset_options
    from scanpick.cli.output import progress_bar
    from scanpick.cli.results import print_facts, print_set_aside
    from scanpick.datasets import open_dataset
    from scanpick.formats.frame_ids import read_frame_ids
    from scanpick.options import parse_pairs
    from scanpick.reports.adapting import draw_adaptation
    from scanpick.training.adapting import DESCRIPTION, AdaptationRequest, adapt

    request = AdaptationRequest(
        encoder=encoder,
        weights=weights,
        options=parse_pairs(encoder_option or (), "--encoder-option"),
        teacher=teacher,
        iterations=iterations,
        minutes=minutes,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
    )
    opened = open_dataset(dataset, **dataset_options(option, columns))
    frame_ids = None if frames is None else read_frame_ids(frames)
    told = adapt(opened, frame_ids, request, out, progress=progress_bar)
    picture = draw_adaptation(out)[0]
    held_out = told["held_out"]
    low, high = held_out["interval"]
    options = [f"--encoder-option {name}={value}" for name, value in told["embed_options"].items()]
    facts = {
        "encoder": encoder,
        "frames": told["frames"],
        "trained_on": told["trained_on"],
        "with_image_feature": told["with_image_feature"],
        "set_aside": len(told["set_aside"]),
        "iterations": told["training"]["iterations"],
        "held_out_frames": held_out["frames"],
        "held_out_loss": {"before": held_out["before"], "after": held_out["after"]},
        "change_percent": {"mean": 100 * held_out["relative"], "from": 100 * low, "to": 100 * high},
        "out": str(out),
        "picture": str(picture),
        "embed_with": " ".join(["--encoder", encoder, "--weights", str(out / told["weights"]), *options]),
    }
    print_facts(facts, as_json=as_json)
    print_set_aside(told["set_aside"] | told["image_problems"], all_named_in=str(out / DESCRIPTION))
