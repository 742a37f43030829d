"""``scanpick pick``: from a folder of frames to a list of frames to label, in one command."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import (
    STRATEGY,
    WHAT,
    AllowExtra,
    AsJson,
    AtMost,
    Columns,
    DatasetArgument,
    DatasetOptions,
    EmbeddingFile,
    EncoderName,
    EncoderOptions,
    IdsFile,
    Labelled,
    LabelledMissing,
    Missing,
    NewSelection,
    ReplaceSelection,
    Seed,
    StrategyOptions,
    UnitLength,
    Whiten,
    Workers,
    dataset_options,
    parse_pairs,
)


def command(
    dataset: DatasetArgument,
    budget: Annotated[
        str,
        typer.Option("--budget", "-b", help="How many frames, or what share of them: 185 or 5%.", rich_help_panel=WHAT),
    ],
    out: Annotated[Path, typer.Option("--out", help="The folder of the results; a workspace, so it can be gone on.")],
    strategy: Annotated[str, STRATEGY] = "diversity",
    strategy_option: StrategyOptions = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start", help="With diversity: at the frame nearest to the mean, or first.", rich_help_panel=WHAT
        ),
    ] = None,
    at_most: AtMost = False,
    labelled: Labelled = None,
    labelled_missing: LabelledMissing = Missing.ERROR,
    validation: Annotated[
        str | None,
        typer.Option(
            "--validation",
            metavar="SHARE",
            help="Set whole drives apart that hold this share of the frames (10%): they are labelled first, to measure "
            "detectors on, and never picked from.",
        ),
    ] = None,
    seed: Seed = 0,
    encoder: EncoderName = None,
    encoder_option: EncoderOptions = None,
    file: EmbeddingFile = None,
    ids: IdsFile = None,
    allow_extra: AllowExtra = False,
    whiten: Whiten = None,
    l2: UnitLength = False,
    columns: Columns = None,
    option: DatasetOptions = None,
    name: NewSelection = None,
    replace: ReplaceSelection = False,
    with_report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html too.")] = True,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Pick the frames of a data set that are worth labelling: index, embed, select, export and report in one go.

    The folder then holds frames.txt, selection.csv, selection.parquet and report.html, and the workspace that
    [bold]scanpick select[/] and the other verbs go on with. Killed and started again, it goes on where it stopped.
    Another pick into the same folder takes their places; every selection stays under its name in selections. It is the
    first round of a project: [bold]scanpick hand-off[/], [bold]labels[/] and [bold]next[/] go on from there.

    Example: [bold]scanpick pick path/to/kitti --budget 5% --out picks[/]
    Example: [bold]scanpick pick path/to/kitti --budget 5% --labelled picks/selections/diversity-1.txt --out picks[/]
    """
    from scanpick.cli.output import progress_bar
    from scanpick.cli.results import (
        findings,
        frame_facts,
        labelled_facts,
        print_facts,
        print_findings,
        print_set_aside,
    )
    from scanpick.face.picking import pick
    from scanpick.workspace.rounds import Rounds

    picks = pick(
        dataset,
        budget,
        out,
        strategy=strategy,
        strategy_options=parse_pairs(strategy_option) | ({} if start is None else {"start": start}),
        at_most=at_most,
        labelled=labelled or (),
        labelled_missing=labelled_missing.value,
        validation=validation,
        seed=seed,
        encoder=encoder,
        encoder_options=parse_pairs(encoder_option),
        file=file,
        ids=ids,
        allow_extra=allow_extra,
        whiten=whiten,
        l2=l2,
        options=dataset_options(option, columns),
        name=name,
        replace=replace,
        report=with_report,
        workers=workers,
        progress=progress_bar,
    )
    frames = picks.pool.frames()
    facts = frame_facts(picks.pool) | {"set_aside": len(picks.set_aside)}
    facts |= {"labelled": picks.labelled, "picked": len(picks), "budget": budget}
    apart = Rounds.of(picks.pool)
    if apart.validation:
        facts["validation"] = f"{len(apart.validation)} frames of {len(apart.sequences_apart)} drives set apart"
    facts |= labelled_facts(picks.pool, picks.labelled_missing, picks.selection)
    facts |= {"selection": picks.name, "strategy": strategy, "encoder": picks.encoder, "seed": seed}
    facts |= {file_name: str(path) for file_name, path in picks.files.items()}
    if as_json:
        facts |= {"picks": list(picks.frame_ids), **findings(frames)}
    print_facts(facts, as_json=as_json)
    print_findings(frames, dataset)
    if not as_json:
        print_set_aside(picks.set_aside)
