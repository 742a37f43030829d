"""``scanpick probe``: which embedding knows most of what matters, without training a detector."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import (
    AsJson,
    Columns,
    DatasetArgument,
    DatasetOptions,
    Seed,
    Workers,
    dataset_options,
)


def command(
    dataset: DatasetArgument,
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            "--encoder", metavar="[NAME=]ENCODER[,...]", help="What to probe; NAME= calls it so. May be repeated."
        ),
    ] = None,
    encoder_option: Annotated[
        list[str] | None,
        typer.Option(
            "--encoder-option",
            metavar="[NAME.]OPTION=VALUE",
            help="An option of an encoder (recon.weights=FILE). May be repeated.",
        ),
    ] = None,
    embedding: Annotated[
        list[Path] | None,
        typer.Option("--embedding", metavar="FOLDER", help="Also probe WORKSPACE/embeddings/NAME. May be repeated."),
    ] = None,
    frames: Annotated[
        Path | None, typer.Option("--frames", help="The frames to use: one id a line, or a column frame_id.")
    ] = None,
    evaluation: Annotated[
        Path | None,
        typer.Option("--evaluation", help="Frames to predict from all others, instead of each drive in turn."),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Compare each embedding with this one, not each with each.")
    ] = None,
    classes: Annotated[str, typer.Option("--classes", help="The classes whose boxes count.")] = (
        "Car,Pedestrian,Cyclist"
    ),
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
    from scanpick.cli.probing import choose_contestants, difference_table, remarks, score_table
    from scanpick.errors import ScanpickError, unknown_name
    from scanpick.evaluation.probes import ProbeSettings
    from scanpick.face.pools import opened
    from scanpick.formats.frame_ids import read_frame_ids
    from scanpick.options import split_list
    from scanpick.probes.files import difference_rows, facts, score_rows, write_probe_files
    from scanpick.probes.probing import ProbePlan, run_probes
    from scanpick.reports.probes import write_probe_figure

    contestants = choose_contestants(encoder or (), encoder_option or (), embedding or ())
    if baseline is not None and baseline not in [one.name for one in contestants]:
        raise unknown_name("baseline", baseline, [one.name for one in contestants])
    names = tuple(split_list(classes, "--classes"))
    if not names or len(set(names)) < len(names):
        raise ScanpickError(f"--classes: expected different names, separated by commas, got '{classes}'.")
    plan = ProbePlan(names, changed_frames, ProbeSettings(replicates=replicates, seed=seed))
    run = run_probes(
        opened(dataset, dataset_options(option, columns))[0],
        contestants,
        plan,
        frame_ids=None if frames is None else read_frame_ids(frames),
        evaluation_ids=None if evaluation is None else read_frame_ids(evaluation),
        cache=None if out is None else out / "cache",
        workers=workers,
        progress=progress_bar,
    )

    files: list[Path] = []
    if out is not None:
        files = write_probe_files(run, out, baseline)
        files += write_probe_figure(run.probing, out / "probes", run.data)
    if as_json:
        told = facts(run) | {"scores": score_rows(run), "differences": difference_rows(run, baseline)}
        print_json(told | {"files": [str(path) for path in files]})
        return
    for table in (score_table(run), difference_table(run, baseline)):
        if table is not None:
            console.print(table)
    for remark in remarks(run):
        log.print(escape(remark), highlight=False)
    for path in files:
        console.print(escape(str(path)), highlight=False, soft_wrap=True)
