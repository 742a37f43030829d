"""Options of a selection that `select` and `next` share, and what they mean together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scanpick.cli.options import WHAT, list_option

if TYPE_CHECKING:
    from scanpick.selection.config import SelectionConfig

PLACE = "What to select from"
_what = partial(typer.Option, rich_help_panel=WHAT)
_from = partial(typer.Option, rich_help_panel=PLACE)
_limit = partial(typer.Option, rich_help_panel="What must be respected")

Budget = Annotated[
    str | None,
    _what("--budget", "-b", help="185, 5%, '120 objects' or '300 EUR at 0.5/frame + 0.04/box + 2/clip'."),
]
Objectives = Annotated[
    list[str] | None,
    _what(
        "--objective",
        metavar="TYPE^STRENGTH:NAME=VALUE,...",
        help="An objective of a combined selection (weight^2:column=entropy). May be repeated.",
    ),
]
ConfigFile = Annotated[Path | None, _what("--config", help="All of this in a YAML file; flags given beside it win.")]
SelectionSeed = Annotated[int | None, _what("--seed", min=0, help="Seed of all chance; 0 by default.")]
MaxPerSequence = Annotated[int | None, _limit("--max-per-sequence", min=1, help="At most so many picks of a sequence.")]
Spread = Annotated[
    str | None,
    _limit(
        "--spread",
        metavar="COLUMN",
        help="Its values take turns: with 'sequence' no drive gets a second pick before every other has one.",
    ),
]
MinGap = Annotated[
    list[str] | None,
    _limit(
        "--min-gap",
        metavar="2s|30m",
        help="Picks of a sequence are so many seconds, or metres on the way, apart. May be repeated.",
    ),
]
MinDistance = Annotated[float | None, _limit("--min-distance", help="Picks are so far apart in the embedding.")]
ClipLength = Annotated[int | None, _limit("--clip-length", min=1, help="Whole clips of so many frames.")]
ClipGain = Annotated[str, _limit("--clip-gain", help="What a clip is worth: anchor or mean.")]
Include = Annotated[str | None, _limit("--include", help="Only frames for which this holds: \"weather == 'rain'\".")]
Exclude = Annotated[str | None, _limit("--exclude", help="No frames for which this holds.")]
Strata = Annotated[
    str | None,
    _limit("--strata", metavar="COLUMN:VALUE=BUDGET,...", help="Budgets of their own: 'weather:rain=20,*=5%'."),
]
EmbeddingNames = Annotated[
    list[str] | None,
    list_option(
        "--embedding",
        help="An embedding of the workspace, or several: the first one is the default of strategies.",
        rich_help_panel=PLACE,
    ),
]
Tables = Annotated[
    list[Path] | None,
    _from("--table", help="Scores and other columns by frame_id, CSV or Parquet. May be repeated."),
]
Objects = Annotated[
    list[str] | None,
    _from(
        "--objects",
        metavar="EMBEDDING|FILE",
        help="Embeddings of objects: those beside an embedding of the workspace, or an .npz file with "
        "values (M, D) and frame_id (M,). May be repeated.",
    ),
]
MinScore = Annotated[float | None, _from("--min-score", help="With --predictions: count boxes from this score on.")]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="Threads; all cores by default.")]
Explain = Annotated[bool, typer.Option("--explain", help="Print the first picks with their reasons.")]
First = Annotated[int, typer.Option("--first", min=1, help="With --explain: how many.")]


def asked_of(config: Path | None, options: Mapping[str, Any]) -> SelectionConfig:
    """What decides a selection, from a file and from the options above by their names, which win.

    Raises:
        ScanpickError: An option or an entry of the file is unknown, or does not fit.
    """
    from scanpick.cli import selecting
    from scanpick.selection.config import SelectionConfig
    from scanpick.texts import read_mapping

    given = dict(options)
    length, gain = given.get("clip_length"), given.get("clip_gain")
    flags = {
        "budget": given.get("budget"),
        "strategy": given.get("strategy"),
        "options": selecting.parse_values(given.get("strategy_option")),
        "objectives": [selecting.parse_objective(text) for text in given.get("objective") or ()],
        "seed": given.get("seed"),
        "at_most": given.get("at_most") or None,
    }
    limits = {
        "max_per_sequence": given.get("max_per_sequence"),
        "spread": given.get("spread"),
        "min_distance": given.get("min_distance"),
        "clips": None if length is None else {"length": length, "gain": gain},
        "include": given.get("include"),
        "exclude": given.get("exclude"),
        "strata": selecting.parse_strata(given.get("strata")),
        **selecting.parse_gaps(given.get("min_gap") or ()),
    }
    settings = selecting.settings_of({} if config is None else read_mapping(config), flags, limits)
    return SelectionConfig.of(settings, "the selection" if config is None else str(config))
