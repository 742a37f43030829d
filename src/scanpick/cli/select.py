"""``scanpick select``: order the frames of a workspace, or the rows of any file of embeddings."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import (
    STRATEGY,
    AsJson,
    AtMost,
    Labelled,
    LabelledMissing,
    Missing,
    NewSelection,
    ReplaceSelection,
    StrategyOptions,
    split_list,
)
from scanpick.cli.select_options import (
    PLACE,
    Budget,
    ClipGain,
    ClipLength,
    ConfigFile,
    EmbeddingNames,
    Exclude,
    Explain,
    First,
    Include,
    MaxPerSequence,
    MinDistance,
    MinGap,
    MinScore,
    Objectives,
    Objects,
    SelectionSeed,
    Spread,
    Strata,
    Tables,
    Threads,
    asked_of,
)

_from = partial(typer.Option, rich_help_panel=PLACE)


def command(
    workspace: Annotated[
        Path | None,
        typer.Argument(
            metavar="[WORKSPACE]",
            help="A folder made by [bold]scanpick index[/]; none with --embeddings.",
            show_default=False,
        ),
    ] = None,
    budget: Budget = None,
    strategy: Annotated[str | None, STRATEGY] = None,
    strategy_option: StrategyOptions = None,
    objective: Objectives = None,
    config: ConfigFile = None,
    seed: SelectionSeed = None,
    at_most: AtMost = False,
    max_per_sequence: MaxPerSequence = None,
    spread: Spread = None,
    min_gap: MinGap = None,
    min_distance: MinDistance = None,
    clip_length: ClipLength = None,
    clip_gain: ClipGain = "anchor",
    include: Include = None,
    exclude: Exclude = None,
    strata: Strata = None,
    embeddings: Annotated[
        Path | None,
        _from("--embeddings", help="A file of vectors, .npy (N, D), .csv or .parquet; no data set is needed."),
    ] = None,
    ids: Annotated[Path | None, _from("--ids", help="With --embeddings: the ids of its rows, one a line.")] = None,
    embedding: EmbeddingNames = None,
    labelled: Labelled = None,
    labelled_missing: LabelledMissing = Missing.ERROR,
    table: Tables = None,
    predictions: Annotated[
        Path | None, _from("--predictions", help="A predictions table: boxes and classes to expect.")
    ] = None,
    objects: Objects = None,
    min_score: MinScore = None,
    name: NewSelection = None,
    replace: ReplaceSelection = False,
    out: Annotated[Path | None, typer.Option("--out", help="A .csv or .parquet file to write the picks to.")] = None,
    explain: Explain = False,
    first: First = 10,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Order frames by what their labels are worth, within a budget.

    Example: [bold]scanpick select pool --strategy diversity --budget 5% --min-gap 2s --explain[/]
    Example: [bold]scanpick select pool -b 50 --objective diversity --objective weight:column=entropy --table e.csv[/]
    Example: [bold]scanpick select pool -b 5% --embedding recon-parts --objects recon-parts --objective objects[/]
    Example: [bold]scanpick select --embeddings images.npy --budget 100 --strategy probcover --out picks.csv[/]
    """
    options = dict(locals())

    from scanpick.cli import selecting
    from scanpick.cli.output import console
    from scanpick.cli.results import CHANGED, labelled_facts, print_facts
    from scanpick.errors import ScanpickError
    from scanpick.face.selecting import select_from
    from scanpick.selection.explain import explain as in_words

    if (workspace is None) == (embeddings is None):
        raise ScanpickError("Select from either a WORKSPACE or --embeddings FILE, a .npy, .csv or .parquet file.")
    if embeddings is not None and out is None:
        raise ScanpickError("Say where to write the picks: --out picks.csv")
    asked = asked_of(config, options)
    source = workspace if embeddings is None else embeddings
    assert source is not None
    selected = select_from(
        source,
        asked,
        ids=ids,
        embedding=split_list(embedding),
        labelled=labelled or (),
        labelled_missing=labelled_missing.value,
        table=table or (),
        predictions=predictions,
        min_score=min_score,
        objects=objects or (),
        name=name,
        replace=replace,
        out=out,
        threads=threads,
    )

    shown, found = selected.shown, selected.source
    facts = {**found.facts, **selecting.facts_about(shown)}
    if found.workspace is not None:
        facts |= labelled_facts(found.workspace, found.labelled.missing, shown)
        if selected.name is not None:
            facts["selection"] = str(found.workspace.selection_path(selected.name))
    if out is not None:
        facts["out"] = str(out)
    if selected.changes is not None:
        facts["data_set"] = CHANGED.format(selected.changes)
    if as_json:
        facts |= {"summary": dict(shown.summary), "picks": list(shown.frame_ids)}
    print_facts(facts, as_json=as_json)
    if explain and not as_json:
        for sentence in in_words(shown, first):
            console.print(sentence, markup=False, highlight=False, soft_wrap=True)
