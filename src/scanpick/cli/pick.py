"""``scanpick pick``: from a folder of frames to a list of frames to label, in one command."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import (
    AllowExtra,
    AsJson,
    Columns,
    DatasetArgument,
    DatasetOptions,
    EmbeddingFile,
    EncoderName,
    EncoderOptions,
    IdsFile,
    LabelledFile,
    Seed,
    Workers,
    dataset_options,
)
from scanpick.cli.refinement import UnitLength, Whiten


def command(
    dataset: DatasetArgument,
    budget: Annotated[str, typer.Option("--budget", "-b", help="How many frames, or what share of them: 185 or 5%.")],
    out: Annotated[Path, typer.Option("--out", help="The folder of the results; a workspace, so it can be gone on.")],
    strategy: Annotated[str, typer.Option("--strategy", help="What orders the frames.")] = "diversity",
    strategy_option: Annotated[
        list[str] | None,
        typer.Option("--strategy-option", metavar="NAME=VALUE", help="An option of the strategy. May be repeated."),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--start", help="With diversity: at the frame nearest to the mean, or first.")
    ] = None,
    at_most: Annotated[
        bool, typer.Option("--at-most", help="Take what there is where the budget is larger than the pool.")
    ] = False,
    labelled: LabelledFile = None,
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
    with_report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html too.")] = True,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Pick the frames of a data set that are worth labelling: index, embed, select, export and report in one go.

    The folder then holds frames.txt, selection.csv, selection.parquet and report.html, and the workspace that
    [bold]scanpick select[/] and the other verbs go on with. Killed and started again, it goes on where it stopped.

    Example: [bold]scanpick pick path/to/kitti --budget 5% --out picks[/]
    """
    from scanpick.cli.embedding import choose_encoder, make_embedding
    from scanpick.cli.output import progress_bar
    from scanpick.cli.refinement import refinement_of
    from scanpick.cli.results import findings, frame_facts, print_facts, print_findings, print_set_aside
    from scanpick.formats.frame_ids import read_frame_ids
    from scanpick.options import parse_pairs
    from scanpick.reports.report import STEPS, write_report
    from scanpick.selection import parse_budget, select
    from scanpick.selection.strategy import make_strategy
    from scanpick.workspace.index import index
    from scanpick.workspace.pool import pool_of
    from scanpick.workspace.refine import refine
    from scanpick.workspace.selections import check_nobodys, check_not_replaced, save_selection, write_lists

    # What was asked for is checked before any frame is read
    options = parse_pairs(strategy_option or (), "--strategy-option") | ({} if start is None else {"start": start})
    make_strategy(strategy, options)
    parse_budget(budget)
    refinement = refinement_of(whiten, l2)
    choice = choose_encoder(encoder, encoder_option, file=file, ids=ids, allow_extra=allow_extra)
    read_with = dataset_options(option, columns)
    check_nobodys(out)
    if labelled is not None:
        read_frame_ids(labelled)
        check_not_replaced(labelled, out)

    # Each frame is read once, for the index and for the encoder
    workspace = index(dataset, out, options=read_with, encoder=choice.encoder, workers=workers, progress=progress_bar)
    with workspace.write_lock():
        table = make_embedding(workspace, choice, workers=workers)
        if refinement:
            table = refine(workspace, table.name, refinement)
        pool = pool_of(workspace, [table.name], labelled)
        selection = select(pool, strategy, budget, seed=seed, options=options, at_most=at_most)

        selection = save_selection(workspace, strategy, selection, pool)
        files = write_lists(workspace, selection, out)
        settings = {"budget": budget, "strategy": strategy, "options": options, "at_most": at_most, "seed": seed}
        settings |= {"embedding": table.name, "labelled": None if labelled is None else str(labelled.resolve())}
        workspace.record_step("pick", settings)
        if with_report:
            with progress_bar("Writing the report", STEPS) as advance:
                files.append(write_report(out, strategy, out, advance=advance))

    frames = workspace.frames()
    set_aside = frames.set_aside | dict(table.meta["set_aside"])
    facts = frame_facts(workspace) | {"set_aside": len(set_aside)}
    facts |= {"labelled": int(pool.labelled.sum()), "picked": len(selection), "budget": budget}
    facts |= {"strategy": strategy, "encoder": table.meta["encoder"], "seed": seed}
    facts |= {path.name: str(path) for path in files}
    if as_json:
        facts |= {"picks": list(selection.frame_ids), **findings(frames)}
    print_facts(facts, as_json=as_json)
    print_findings(frames, dataset)
    if not as_json:
        print_set_aside(set_aside)
