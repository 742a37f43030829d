"""``scanpick next``: pick the next round of a project."""

from pathlib import Path
from typing import Annotated, Any

import typer

from scanpick.cli.options import (
    WHAT,
    AsJson,
    AtMost,
    CameraView,
    Device,
    Labelled,
    LabelledMissing,
    LabelNames,
    Minutes,
    Missing,
    NewSelection,
    ReplaceSelection,
    StrategyOptions,
    WorkspaceArgument,
    list_option,
    pairs_option,
    parse_pairs,
    split_list,
)
from scanpick.cli.select_options import (
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
from scanpick.training.view import View

_TEACH = "What says where it is unsure"


def command(
    project: WorkspaceArgument,
    budget: Budget = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy",
            "-s",
            help="What orders the frames; uncertainty_herding by default, diversity without a detector.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    strategy_option: StrategyOptions = None,
    objective: Objectives = None,
    config: ConfigFile = None,
    seed: SelectionSeed = None,
    at_most: AtMost = False,
    predictions: Annotated[
        Path | None,
        typer.Option(
            "--predictions",
            help="Your own detector's boxes of all frames: a table, KITTI result files, mmdetection3d's JSON, or a "
            "name in the project.",
            rich_help_panel=_TEACH,
        ),
    ] = None,
    label_names: LabelNames = None,
    detector: Annotated[
        str,
        typer.Option(
            "--detector",
            help="Else this one is trained on the labels that came back; none for no detector.",
            rich_help_panel=_TEACH,
        ),
    ] = "pillar-nano",
    detector_option: Annotated[
        list[str] | None,
        pairs_option("--detector-option", help="An option of the detector.", rich_help_panel=_TEACH),
    ] = None,
    classes: Annotated[
        list[str] | None,
        list_option(
            "--classes",
            help="What it finds; by default what there is enough of in the labels.",
            rich_help_panel=_TEACH,
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", help="Start its training from another detector.", rich_help_panel=_TEACH),
    ] = None,
    iterations: Annotated[
        int | None, typer.Option("--iterations", min=1, help="Steps of training.", rich_help_panel=_TEACH)
    ] = None,
    minutes: Minutes = None,
    view: CameraView = View.AUTO,
    device: Device = "cpu",
    score: Annotated[
        str, typer.Option("--score", help="How unsure it is of a box.", rich_help_panel=_TEACH)
    ] = "entropy",
    aggregate: Annotated[
        str,
        typer.Option("--aggregate", help="How boxes make a frame: mean, max, sum, top-k.", rich_help_panel=_TEACH),
    ] = "mean",
    max_per_sequence: MaxPerSequence = None,
    spread: Spread = None,
    min_gap: MinGap = None,
    min_distance: MinDistance = None,
    clip_length: ClipLength = None,
    clip_gain: ClipGain = "anchor",
    include: Include = None,
    exclude: Exclude = None,
    strata: Strata = None,
    embedding: EmbeddingNames = None,
    labelled: Labelled = None,
    labelled_missing: LabelledMissing = Missing.ERROR,
    table: Tables = None,
    objects: Objects = None,
    min_score: MinScore = None,
    name: NewSelection = None,
    replace: ReplaceSelection = False,
    explain: Explain = False,
    first: First = 10,
    threads: Threads = None,
    with_report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Pick the next round: train a detector on what is labelled, find where it is unsure, and pick there.

    Frames that have labels, are with annotators or were refused by them are not picked again. Killed and started again,
    it goes on where it stopped; run again before its picks are handed off, it picks them anew.

    Example: [bold]scanpick next project --budget 200[/]
    Example: [bold]scanpick next project --budget '300 EUR at 0.5/frame + 0.04/box' --predictions mine.parquet[/]
    """
    options: dict[str, Any] = dict(locals())

    from scanpick.cli import selecting
    from scanpick.cli.output import console, progress_bar
    from scanpick.cli.results import CHANGED, print_facts
    from scanpick.face.next_round import Trainee, next_from
    from scanpick.selection.explain import explain as in_words

    given = {"iterations": iterations, "minutes": minutes, "weights": weights}
    settings: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if detector_option:
        settings["detector_options"] = parse_pairs(detector_option)
    settings |= {"view": view.value} if view is not View.AUTO else {}
    settings |= {"device": device} if device != "cpu" else {}
    coming = next_from(
        project,
        asked_of(config, options),
        predictions=predictions,
        trainee=Trainee(detector, tuple(split_list(classes)), settings),
        label_names=split_list(label_names),
        score=score,
        aggregate=aggregate,
        min_score=min_score,
        table=table or (),
        embedding=split_list(embedding),
        labelled=labelled or (),
        labelled_missing=labelled_missing.value,
        objects=objects or (),
        name=name,
        replace=replace,
        threads=threads,
        report=with_report,
        progress=progress_bar,
    )
    facts = {"round": coming.round, **selecting.facts_about(coming.selection), "detector": coming.detector or "none"}
    ap = [f"{one.class_name} {one.ap:.1f} ({one.low:.1f} to {one.high:.1f})" for one in coming.measured]
    facts |= {"AP on validation frames": ", ".join(ap)} if ap else {}
    if coming.expected_boxes is not None:
        facts["expected_boxes"] = f"{coming.expected_boxes:.1f} ({coming.boxes_note})"
    if coming.expected_cost is not None:
        facts["expected_cost"] = f"{coming.expected_cost:.10g} {coming.currency}".strip()
    if coming.changes is not None:
        facts["data_set"] = CHANGED.format(coming.changes)
    facts |= {"note": " ".join(coming.notes)} if coming.notes else {}
    facts |= {"selection": coming.name} | {file_name: str(path) for file_name, path in coming.files.items()}
    if as_json:
        facts |= {"measured": [one.model_dump(mode="json") for one in coming.measured]}
        facts |= {"summary": dict(coming.selection.summary), "picks": list(coming.frame_ids)}
    print_facts(facts, as_json=as_json)
    if explain and not as_json:
        for sentence in in_words(coming.selection, first):
            console.print(sentence, markup=False, highlight=False, soft_wrap=True)
