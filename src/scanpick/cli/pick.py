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
    Labelled,
    LabelledMissing,
    Missing,
    ReplaceSelection,
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
    labelled: Labelled = None,
    labelled_missing: LabelledMissing = Missing.ERROR,
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
    name: Annotated[
        str | None,
        typer.Option("--name", help="What to call the selection; strategy and next number by default."),
    ] = None,
    replace: ReplaceSelection = False,
    with_report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html too.")] = True,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Pick the frames of a data set that are worth labelling: index, embed, select, export and report in one go.

    The folder then holds frames.txt, selection.csv, selection.parquet and report.html, and the workspace that
    [bold]scanpick select[/] and the other verbs go on with. Killed and started again, it goes on where it stopped.
    Another pick into the same folder takes their places; every selection stays under its name in selections.

    Example: [bold]scanpick pick path/to/kitti --budget 5% --out picks[/]
    Example: [bold]scanpick pick path/to/kitti --budget 5% --labelled picks/selections/diversity-1.txt --out picks[/]
    """
    from scanpick.cli.embedding import choose_encoder, make_embedding
    from scanpick.cli.output import progress_bar
    from scanpick.cli.refinement import refinement_of
    from scanpick.cli.results import (
        findings,
        frame_facts,
        labelled_facts,
        print_facts,
        print_findings,
        print_set_aside,
    )
    from scanpick.formats.labelled_ids import read_labelled_ids
    from scanpick.options import parse_pairs
    from scanpick.reports.report import STEPS, write_report
    from scanpick.selection import STRATEGIES, parse_budget, select
    from scanpick.workspace.index import index
    from scanpick.workspace.labelled import AUTO, labelled_frames
    from scanpick.workspace.pool import pool_of
    from scanpick.workspace.refine import refine
    from scanpick.workspace.selections import check_nobodys, check_not_replaced, keep_selection, publish
    from scanpick.workspace.workspace import Workspace

    # What was asked for is checked before any frame is read
    options = parse_pairs(strategy_option or (), "--strategy-option") | ({} if start is None else {"start": start})
    STRATEGIES.make(strategy, options)
    parse_budget(budget)
    refinement = refinement_of(whiten, l2)
    choice = choose_encoder(encoder, encoder_option, file=file, ids=ids, allow_extra=allow_extra)
    read_with = dataset_options(option, columns)
    check_nobodys(out, replace=replace)
    if name is not None:
        Workspace(out).selection_path(name)
    sources = [AUTO if text.strip() == AUTO else str(Path(text).resolve()) for text in labelled or ()]
    lists = [Path(source) for source in sources if source != AUTO]
    read_labelled_ids(lists)
    for path in lists:
        check_not_replaced(path, out, name)

    # Each frame is read once, for the index and for the encoder
    workspace = index(dataset, out, options=read_with, encoder=choice.encoder, workers=workers, progress=progress_bar)
    with workspace.write_lock():
        table = make_embedding(workspace, choice, workers=workers)
        if refinement:
            table = refine(workspace, table.name, refinement)
        known = labelled_frames(workspace, sources, ignore_missing=labelled_missing is Missing.IGNORE)
        pool = pool_of(workspace, [table.name], known)
        selection = select(pool, strategy, budget, seed=seed, options=options, at_most=at_most)

        settings = {"budget": budget, "strategy": strategy, "options": options, "at_most": at_most, "seed": seed}
        settings |= {"embedding": table.name, "labelled": sources}
        name, selection = keep_selection(
            workspace, selection, pool, name=name, replace=replace, verb="pick", settings=settings
        )
        if with_report:
            with progress_bar("Writing the report", STEPS) as advance:
                write_report(out, name, workspace.selection_path(name).with_suffix(".html"), advance=advance)
        files = publish(workspace, name)

    frames = workspace.frames()
    set_aside = frames.set_aside | dict(table.meta["set_aside"])
    facts = frame_facts(workspace) | {"set_aside": len(set_aside)}
    facts |= {"labelled": int(pool.labelled.sum()), "picked": len(selection), "budget": budget}
    facts |= labelled_facts(workspace, known, selection)
    facts |= {"selection": name, "strategy": strategy, "encoder": table.meta["encoder"], "seed": seed}
    facts |= {path.name: str(path) for path in files}
    if as_json:
        facts |= {"picks": list(selection.frame_ids), **findings(frames)}
    print_facts(facts, as_json=as_json)
    print_findings(frames, dataset)
    if not as_json:
        print_set_aside(set_aside)
