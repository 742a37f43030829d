"""``scanpick probe``: which embedding knows most of what matters, without training a detector."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import (
    AsJson,
    Columns,
    DatasetArgument,
    DatasetOptions,
    Frames,
    Seed,
    Workers,
    dataset_options,
    list_option,
    pairs_option,
    parse_pairs,
    split_list,
)
from scanpick.errors import ScanpickError, unknown_name


def command(
    dataset: DatasetArgument,
    encoder: Annotated[
        list[str] | None,
        list_option(
            "--encoder", metavar="[NAME=]ENCODER[,...]", help="What to probe; NAME= calls it so. May be repeated."
        ),
    ] = None,
    encoder_option: Annotated[
        list[str] | None,
        pairs_option(
            "--encoder-option",
            metavar="[NAME.]OPTION=VALUE",
            help="An option of an encoder (recon.weights=FILE).",
        ),
    ] = None,
    embedding: Annotated[
        list[Path] | None,
        typer.Option("--embedding", metavar="FOLDER", help="Also probe WORKSPACE/embeddings/NAME. May be repeated."),
    ] = None,
    frames: Frames = None,
    evaluation: Annotated[
        Path | None,
        typer.Option("--evaluation", help="Frames to predict from all others, instead of each drive in turn."),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Compare each embedding with this one, not each with each.")
    ] = None,
    classes: Annotated[str, list_option("--classes", help="The classes whose boxes count.")] = "Car,Pedestrian,Cyclist",
    changed_frames: Annotated[
        int, typer.Option("--changed-frames", min=0, help="Frames that are changed to measure robustness.")
    ] = 100,
    replicates: Annotated[int, typer.Option("--replicates", min=1, help="Draws of the bootstrap.")] = 1000,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option("--out", help="A folder for every raw number as CSV, and a picture.")] = (
        None
    ),
    columns: Columns = None,
    option: DatasetOptions = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Score embeddings on a labelled data set, with confidence intervals, without training a detector.

    Nearest neighbours and ridge regression predict what matters for detection in drives that were not learned from;
    further: retrieval of the same drive and of neighbours in time, redundancy found, and robustness to rotation, point
    drop and range noise. Embeddings are compared pairwise on the same draws of drives.

    Example: [bold]scanpick probe path/to/kitti --encoder statistics,scan_context --out probes[/]
    Example: [bold]scanpick probe path/to/kitti --encoder recon,adapted=recon --encoder-option recon.random_weights=tiny
    --encoder-option adapted.weights=run/encoder.pt[/]
    """
    from rich.markup import escape

    from scanpick.cli.output import console, log, print_json, progress_bar
    from scanpick.face.probing import probe
    from scanpick.reports.probes import difference_table, remarks, score_table

    encoders = _encoders(split_list(encoder))
    probed = probe(
        dataset,
        encoders,
        encoder_options=_options_by_name(parse_pairs(encoder_option), list(encoders)),
        embeddings=embedding or (),
        frames=frames,
        evaluation=evaluation,
        baseline=baseline,
        classes=split_list(classes),
        changed_frames=changed_frames,
        replicates=replicates,
        seed=seed,
        out=out,
        options=dataset_options(option, columns),
        workers=workers,
        progress=progress_bar,
    )
    if as_json:
        print_json(probed.to_dict() | {"files": [str(path) for path in probed.files]})
        return
    for table in (score_table(probed.run), difference_table(probed.run, baseline)):
        if table is not None:
            console.print(table)
    for remark in remarks(probed.run):
        log.print(escape(remark), highlight=False)
    for path in probed.files:
        console.print(escape(str(path)), highlight=False, soft_wrap=True)


def _encoders(texts: Sequence[str]) -> dict[str, str]:
    """Name -> encoder from ``NAME=ENCODER`` or ``ENCODER``."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, encoder = (part.strip() for part in text.partition("="))
        if not name or (equals and not encoder):
            raise ScanpickError(f"--encoder: expected ENCODER or NAME=ENCODER, got '{text}'.")
        if name in found:
            raise ScanpickError(f"--encoder: '{name}' was given twice. Call one of them NAME={encoder or name}.")
        found[name] = encoder or name
    return found


def _options_by_name(pairs: dict[str, str], names: list[str]) -> dict[str, dict[str, str]]:
    """Name -> its options, from ``NAME.OPTION`` -> value; without a name they belong to the only encoder."""
    found: dict[str, dict[str, str]] = {}
    for key, value in pairs.items():
        name, dot, option = key.partition(".")
        if dot and name not in names:
            raise unknown_name("encoder in --encoder-option", name, names)
        if not dot and len(names) != 1:
            raise ScanpickError(
                f"--encoder-option {key}: there are {len(names)} encoders. Say whose it is: "
                f"{names[0] if names else 'ENCODER'}.{key}={value}"
            )
        found.setdefault(name if dot else names[0], {})[option if dot else key] = value
    return found
