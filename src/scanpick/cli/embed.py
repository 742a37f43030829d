"""``scanpick embed``: make a vector of every frame of a workspace."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import (
    AllowExtra,
    AsJson,
    EmbeddingFile,
    EncoderName,
    EncoderOptions,
    IdsFile,
    UnitLength,
    Whiten,
    Workers,
    WorkspaceArgument,
    parse_pairs,
)


def command(
    workspace: WorkspaceArgument,
    encoder: EncoderName = None,
    encoder_option: EncoderOptions = None,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", help="The encoder's weights: a published checkpoint, or one that adapt wrote."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="What to call the embedding; the encoder's name by default.")
    ] = None,
    file: EmbeddingFile = None,
    ids: IdsFile = None,
    allow_extra: AllowExtra = False,
    whiten: Whiten = None,
    l2: UnitLength = False,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Turn every usable frame of a workspace into a vector, or take over vectors that were made elsewhere.

    Killed and started again, it goes on where it stopped. Other settings, or frames that changed, are done again.

    Example: [bold]scanpick embed pool --encoder scan_context[/]
    Example: [bold]scanpick embed pool --encoder statistics --whiten 95% --l2[/]
    Example: [bold]scanpick embed pool --encoder recon --weights adapted/weights.pt[/]
    Example: [bold]scanpick embed pool --encoder import --file mine.npy --ids mine.txt[/]
    """
    from scanpick.cli.output import progress_bar
    from scanpick.cli.results import print_facts, print_set_aside
    from scanpick.face.embedding import embed

    options = [*(encoder_option or ()), *([] if weights is None else [f"weights={weights}"])]
    table = embed(
        workspace,
        encoder,
        encoder_options=parse_pairs(options),
        name=name,
        file=file,
        ids=ids,
        allow_extra=allow_extra,
        whiten=whiten,
        l2=l2,
        workers=workers,
        progress=progress_bar,
    )
    facts = {
        "workspace": str(workspace),
        "embedding": table.name,
        "encoder": table.meta["encoder"],
        "settings": table.meta["settings"],
        "frames": len(table),
        "dimension": table.values.shape[1],
        "set_aside": len(table.meta["set_aside"]),
    }
    facts |= {name: table.meta[name] for name in ("columns", "left_out", "objects", "whitening") if name in table.meta}
    print_facts(facts, as_json=as_json)
    if not as_json:
        print_set_aside(table.meta["set_aside"])
