"""``scanpick select``: order the frames of a workspace, or the rows of any file of embeddings."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import (
    STRATEGY,
    WHAT,
    AsJson,
    AtMost,
    Labelled,
    LabelledMissing,
    Missing,
    NewSelection,
    ReplaceSelection,
    StrategyOptions,
    list_option,
    split_list,
)

_PLACE = "What to select from"
_what = partial(typer.Option, rich_help_panel=WHAT)
_from = partial(typer.Option, rich_help_panel=_PLACE)
_limit = partial(typer.Option, rich_help_panel="What must be respected")


def command(
    workspace: Annotated[
        Path | None,
        typer.Argument(
            metavar="[WORKSPACE]",
            help="A folder made by [bold]scanpick index[/]; none with --embeddings.",
            show_default=False,
        ),
    ] = None,
    budget: Annotated[
        str | None,
        _what("--budget", "-b", help="185, 5%, '120 objects' or '300 EUR at 0.5/frame + 0.04/box + 2/clip'."),
    ] = None,
    strategy: Annotated[str | None, STRATEGY] = None,
    strategy_option: StrategyOptions = None,
    objective: Annotated[
        list[str] | None,
        _what(
            "--objective",
            metavar="TYPE^STRENGTH:NAME=VALUE,...",
            help="An objective of a combined selection (weight^2:column=entropy). May be repeated.",
        ),
    ] = None,
    config: Annotated[
        Path | None, _what("--config", help="All of this in a YAML file; flags given beside it win.")
    ] = None,
    seed: Annotated[int | None, _what("--seed", min=0, help="Seed of all chance; 0 by default.")] = None,
    at_most: AtMost = False,
    max_per_sequence: Annotated[
        int | None, _limit("--max-per-sequence", min=1, help="At most so many picks of a sequence.")
    ] = None,
    spread: Annotated[
        str | None,
        _limit(
            "--spread",
            metavar="COLUMN",
            help="Its values take turns: with 'sequence' no drive gets a second pick before every other has one.",
        ),
    ] = None,
    min_gap: Annotated[
        list[str] | None,
        _limit(
            "--min-gap",
            metavar="2s|30m",
            help="Picks of a sequence are so many seconds, or metres on the way, apart. May be repeated.",
        ),
    ] = None,
    min_distance: Annotated[
        float | None, _limit("--min-distance", help="Picks are so far apart in the embedding.")
    ] = None,
    clip_length: Annotated[int | None, _limit("--clip-length", min=1, help="Whole clips of so many frames.")] = None,
    clip_gain: Annotated[str, _limit("--clip-gain", help="What a clip is worth: anchor or mean.")] = "anchor",
    include: Annotated[
        str | None, _limit("--include", help="Only frames for which this holds: \"weather == 'rain'\".")
    ] = None,
    exclude: Annotated[str | None, _limit("--exclude", help="No frames for which this holds.")] = None,
    strata: Annotated[
        str | None,
        _limit("--strata", metavar="COLUMN:VALUE=BUDGET,...", help="Budgets of their own: 'weather:rain=20,*=5%'."),
    ] = None,
    embeddings: Annotated[
        Path | None,
        _from("--embeddings", help="A file of vectors, .npy (N, D), .csv or .parquet; no data set is needed."),
    ] = None,
    ids: Annotated[Path | None, _from("--ids", help="With --embeddings: the ids of its rows, one a line.")] = None,
    embedding: Annotated[
        list[str] | None,
        list_option(
            "--embedding",
            help="An embedding of the workspace, or several: the first one is the default of strategies.",
            rich_help_panel=_PLACE,
        ),
    ] = None,
    labelled: Labelled = None,
    labelled_missing: LabelledMissing = Missing.ERROR,
    table: Annotated[
        list[Path] | None,
        _from("--table", help="Scores and other columns by frame_id, CSV or Parquet. May be repeated."),
    ] = None,
    predictions: Annotated[
        Path | None, _from("--predictions", help="A predictions table: boxes and classes to expect.")
    ] = None,
    objects: Annotated[
        list[str] | None,
        _from(
            "--objects",
            metavar="EMBEDDING|FILE",
            help="Embeddings of objects: those beside an embedding of the workspace, or an .npz file with "
            "values (M, D) and frame_id (M,). May be repeated.",
        ),
    ] = None,
    min_score: Annotated[
        float | None, _from("--min-score", help="With --predictions: count boxes from this score on.")
    ] = None,
    name: NewSelection = None,
    replace: ReplaceSelection = False,
    out: Annotated[Path | None, typer.Option("--out", help="A .csv or .parquet file to write the picks to.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print the first picks with their reasons.")] = False,
    first: Annotated[int, typer.Option("--first", min=1, help="With --explain: how many.")] = 10,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads; all cores by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Order frames by what their labels are worth, within a budget.

    Example: [bold]scanpick select pool --strategy diversity --budget 5% --min-gap 2s --explain[/]
    Example: [bold]scanpick select pool -b 50 --objective diversity --objective weight:column=entropy --table e.csv[/]
    Example: [bold]scanpick select pool -b 5% --embedding recon-parts --objects recon-parts --objective objects[/]
    Example: [bold]scanpick select --embeddings images.npy --budget 100 --strategy probcover --out picks.csv[/]
    """
    from scanpick.cli import selecting
    from scanpick.cli.output import console
    from scanpick.cli.results import labelled_facts, print_facts
    from scanpick.errors import ScanpickError
    from scanpick.face.selecting import select_from
    from scanpick.selection.config import SelectionConfig
    from scanpick.selection.explain import explain as in_words
    from scanpick.texts import read_mapping

    if (workspace is None) == (embeddings is None):
        raise ScanpickError("Select from either a WORKSPACE or --embeddings FILE, a .npy, .csv or .parquet file.")
    if embeddings is not None and out is None:
        raise ScanpickError("Say where to write the picks: --out picks.csv")
    flags = {
        "budget": budget,
        "strategy": strategy,
        "options": selecting.parse_values(strategy_option),
        "objectives": [selecting.parse_objective(text) for text in objective or ()],
        "seed": seed,
        "at_most": at_most or None,
    }
    limits = {
        "max_per_sequence": max_per_sequence,
        "spread": spread,
        "min_distance": min_distance,
        "clips": None if clip_length is None else {"length": clip_length, "gain": clip_gain},
        "include": include,
        "exclude": exclude,
        "strata": selecting.parse_strata(strata),
        **selecting.parse_gaps(min_gap or ()),
    }
    settings = selecting.settings_of({} if config is None else read_mapping(config), flags, limits)
    asked = SelectionConfig.of(settings, "the selection" if config is None else str(config))
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
    if as_json:
        facts |= {"summary": dict(shown.summary), "picks": list(shown.frame_ids)}
    print_facts(facts, as_json=as_json)
    if explain and not as_json:
        for sentence in in_words(shown, first):
            console.print(sentence, markup=False, highlight=False, soft_wrap=True)
