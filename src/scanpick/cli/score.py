"""``scanpick score``: how unsure a detector is of each frame."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson


def command(
    predictions: Annotated[
        list[Path],
        typer.Argument(
            metavar="PREDICTIONS...",
            help="A predictions table, or a pool; several for --score disagreement.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="The table to write, .parquet: frame_id, score, expected_boxes.")],
    score: Annotated[str, typer.Option("--score", help="Which score, or disagreement.")] = "least_confidence",
    aggregate: Annotated[str, typer.Option("--aggregate", help="mean, max, sum, top-k or per-box.")] = "mean",
    k: Annotated[int, typer.Option("--k", min=1, help="For --aggregate top-k.")] = 5,
    empty: Annotated[float, typer.Option("--empty", help="The value of a frame without any detection.")] = 0.0,
    logits: Annotated[bool, typer.Option("--logits", help="The scores of boxes are logits.")] = False,
    as_json: AsJson = False,
) -> None:
    """Turn predictions, of any detector, into one number per frame that [bold]scanpick select[/] can weigh with.

    Example: [bold]scanpick score pool.parquet --score entropy --aggregate mean --out entropy.parquet[/]
    """
    from scanpick.cli.results import print_facts
    from scanpick.face.detectors import score as score_predictions

    scores = score_predictions(predictions, score, out=out, aggregate=aggregate, k=k, empty=empty, logits=logits)
    values = sorted(scores.values.tolist()) or [0.0]
    facts = {
        "score": scores.name,
        "frames": len(scores.values),
        "smallest": values[0],
        "median": values[len(values) // 2],
        "largest": values[-1],
        "out": str(out),
    }
    print_facts(facts, as_json=as_json)
