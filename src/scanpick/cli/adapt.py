"""``scanpick adapt``: train an encoder on the user's own frames, without labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import (
    BATCH_SIZE,
    LEARNING_RATE,
    AsJson,
    Columns,
    DatasetArgument,
    DatasetOptions,
    Device,
    EncoderOptions,
    Frames,
    Iterations,
    Minutes,
    Seed,
    dataset_options,
    parse_pairs,
)


def command(
    dataset: DatasetArgument,
    out: Annotated[Path, typer.Option("--out", help="Folder for the weights, checkpoints and logs.")],
    frames: Frames = None,
    encoder: Annotated[str, typer.Option("--encoder", help="Which encoder: recon or scanpick-ssl.")] = "recon",
    weights: Annotated[
        Path | None, typer.Option("--weights", help="Start from this file: a published checkpoint, or an adapted one.")
    ] = None,
    encoder_option: EncoderOptions = None,
    teacher: Annotated[
        str | None,
        typer.Option("--teacher", help="Features of camera images: a .npz or .parquet file, or module:attribute."),
    ] = None,
    iterations: Iterations = None,
    minutes: Minutes = None,
    batch_size: Annotated[int | None, BATCH_SIZE] = None,
    learning_rate: Annotated[float | None, LEARNING_RATE] = None,
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
    from scanpick.cli.output import progress_bar
    from scanpick.cli.results import print_facts, print_set_aside
    from scanpick.face.adapting import adapt

    adapted = adapt(
        dataset,
        out,
        frames=frames,
        encoder=encoder,
        weights=weights,
        encoder_options=parse_pairs(encoder_option),
        teacher=teacher,
        iterations=iterations,
        minutes=minutes,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
        options=dataset_options(option, columns),
        progress=progress_bar,
    )
    described = adapted.described
    held_out, set_aside = described["held_out"], described["set_aside"]
    low, high = held_out["interval"]
    options = [f"--encoder-option {name}={value}" for name, value in described["embed_options"].items()]
    facts = {
        "encoder": encoder,
        **{name: described[name] for name in ("frames", "trained_on", "with_image_feature")},
        "set_aside": len(set_aside),
        "iterations": described["training"]["iterations"],
        "held_out_frames": held_out["frames"],
        "held_out_loss": {"before": held_out["before"], "after": held_out["after"]},
        "change_percent": {"mean": 100 * held_out["relative"], "from": 100 * low, "to": 100 * high},
        "out": str(out),
        "picture": str(adapted.picture),
        "embed_with": " ".join(["--encoder", encoder, "--weights", str(adapted.weights), *options]),
    }
    print_facts(facts, as_json=as_json)
    print_set_aside(set_aside | described["image_problems"], all_named_in=str(out / "adapted.json"))
