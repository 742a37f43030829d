"""``scanpick score``: how unsure a detector is of each frame."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson


def command(
    predictions: Annotated[
        list[Path],
        typer.Argument(metavar="PREDICTIONS...", help="A predictions table, or several for --score disagreement."),
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
    import pyarrow as pa

    from scanpick.cli.results import print_facts
    from scanpick.errors import ScanpickError
    from scanpick.formats.parquet import write_parquet
    from scanpick.formats.predictions import read_predictions
    from scanpick.uncertainty import SCORES, score_disagreement, score_frames

    tables = [read_predictions(path) for path in predictions]
    if score == "disagreement":
        scores = score_disagreement(tables, aggregate, k=k, empty=empty, logits=logits)
    elif len(tables) > 1:
        raise ScanpickError(f"The score '{score}' takes one predictions table, got {len(tables)}.")
    else:
        scores = score_frames(tables[0], score, SCORES.load(score), aggregate, k=k, empty=empty, logits=logits)
    table = pa.table(
        {"frame_id": list(scores.frame_ids), score: scores.values, "expected_boxes": scores.expected_boxes}
    )
    write_parquet(out, table)
    values = scores.values
    facts = {
        "score": scores.name,
        "frames": len(values),
        "smallest": float(values.min()) if len(values) else 0.0,
        "median": float(sorted(values)[len(values) // 2]) if len(values) else 0.0,
        "largest": float(values.max()) if len(values) else 0.0,
        "out": str(out),
    }
    print_facts(facts, as_json=as_json)
