"""``scanpick select``: order the frames of a workspace, or the rows of any file of embeddings."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, Labelled, LabelledMissing, Missing, ReplaceSelection

_PLACE = "What to select from"
_WHAT = "What is wanted"
_LIMITS = "What must be respected"


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
        typer.Option(
            "--budget",
            "-b",
            help="185, 5%, '120 objects' or '300 EUR at 0.5/frame + 0.04/box + 2/clip'.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option("--strategy", "-s", help="What orders the frames; diversity by default.", rich_help_panel=_WHAT),
    ] = None,
    strategy_option: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy-option",
            metavar="NAME=VALUE",
            help="An option of the strategy (delta=0.5). May be repeated.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    objective: Annotated[
        list[str] | None,
        typer.Option(
            "--objective",
            metavar="TYPE^STRENGTH:NAME=VALUE,...",
            help="An objective of a combined selection (weight^2:column=entropy). May be repeated.",
            rich_help_panel=_WHAT,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="All of this in a YAML file; flags given beside it win.", rich_help_panel=_WHAT),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Seed of all chance; 0 by default.", rich_help_panel=_WHAT)
    ] = None,
    at_most: Annotated[
        bool,
        typer.Option("--at-most", help="Take what there is where the budget is larger.", rich_help_panel=_WHAT),
    ] = False,
    max_per_sequence: Annotated[
        int | None,
        typer.Option("--max-per-sequence", min=1, help="At most so many picks of a sequence.", rich_help_panel=_LIMITS),
    ] = None,
    min_gap: Annotated[
        list[str] | None,
        typer.Option(
            "--min-gap",
            metavar="2s|30m",
            help="Picks of a sequence are so many seconds, or metres on the way, apart. May be repeated.",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    min_distance: Annotated[
        float | None,
        typer.Option("--min-distance", help="Picks are so far apart in the embedding.", rich_help_panel=_LIMITS),
    ] = None,
    clip_length: Annotated[
        int | None,
        typer.Option("--clip-length", min=1, help="Whole clips of so many frames.", rich_help_panel=_LIMITS),
    ] = None,
    clip_gain: Annotated[
        str, typer.Option("--clip-gain", help="What a clip is worth: anchor or mean.", rich_help_panel=_LIMITS)
    ] = "anchor",
    include: Annotated[
        str | None,
        typer.Option(
            "--include", help="Only frames for which this holds: \"weather == 'rain'\".", rich_help_panel=_LIMITS
        ),
    ] = None,
    exclude: Annotated[
        str | None, typer.Option("--exclude", help="No frames for which this holds.", rich_help_panel=_LIMITS)
    ] = None,
    strata: Annotated[
        str | None,
        typer.Option(
            "--strata",
            metavar="COLUMN:VALUE=BUDGET,...",
            help="Budgets of their own: 'weather:rain=20,*=5%'.",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    embeddings: Annotated[
        Path | None,
        typer.Option(
            "--embeddings",
            help="A file of vectors: .npy (N, D), or a table (.csv, .parquet); no data set is needed.",
            rich_help_panel=_PLACE,
        ),
    ] = None,
    ids: Annotated[
        Path | None,
        typer.Option("--ids", help="With --embeddings: the ids of its rows, one a line.", rich_help_panel=_PLACE),
    ] = None,
    embedding: Annotated[
        list[str] | None,
        typer.Option(
            "--embedding",
            help="An embedding of the workspace, or several: the first one is the default of strategies.",
            rich_help_panel=_PLACE,
        ),
    ] = None,
    labelled: Labelled = None,
    labelled_missing: LabelledMissing = Missing.ERROR,
    table: Annotated[
        list[Path] | None,
        typer.Option(
            "--table",
            help="Scores and other columns by frame_id, CSV or Parquet. May be repeated.",
            rich_help_panel=_PLACE,
        ),
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option("--predictions", help="A predictions table: boxes and classes to expect.", rich_help_panel=_PLACE),
    ] = None,
    objects: Annotated[
        list[str] | None,
        typer.Option(
            "--objects",
            metavar="EMBEDDING|FILE",
            help="Embeddings of objects: those beside an embedding of the workspace, or an .npz file with "
            "values (M, D) and frame_id (M,). May be repeated.",
            rich_help_panel=_PLACE,
        ),
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option("--min-score", help="With --predictions: count boxes from this score on.", rich_help_panel=_PLACE),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="What to call the selection; strategy and next number by default."),
    ] = None,
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
    from scanpick.options import split_list
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
        "options": selecting.parse_values(strategy_option or (), "--strategy-option"),
        "objectives": [selecting.parse_objective(text) for text in objective or ()],
        "seed": seed,
        "at_most": at_most or None,
    }
    limits = {
        "max_per_sequence": max_per_sequence,
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
        embedding=split_list(embedding, "--embedding"),
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
