"""From ``--encoder`` and what belongs to it to an embedding in a workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scanpick.cli.output import progress_bar
from scanpick.encoders import DEFAULT_ENCODER, Encoder
from scanpick.encoders.imported import read_embeddings
from scanpick.errors import ScanpickError, unknown_name
from scanpick.options import parse_pairs
from scanpick.structures import EmbeddingTable
from scanpick.workspace.embed import embed, import_embedding
from scanpick.workspace.encoders import DETECTOR, encoder_named, encoder_names
from scanpick.workspace.workspace import Workspace

IMPORT = "import"
"""The name that stands for vectors made elsewhere."""


@dataclass(frozen=True)
class EncoderChoice:
    """What was asked for: an encoder, or a file of vectors.

    Attributes:
        name: What the embedding is to be called.
        encoder: The encoder, or None for a file.
        table: The vectors of the file, or None for an encoder.
        allow_extra: Whether the file may hold ids that the data set does not have.
    """

    name: str
    encoder: Encoder | None = None
    table: EmbeddingTable | None = None
    allow_extra: bool = False


def choose_encoder(
    encoder: str | None,
    options: Sequence[str] | None,
    *,
    file: Path | None = None,
    ids: Path | None = None,
    name: str | None = None,
    allow_extra: bool = False,
) -> EncoderChoice:
    """Build what the flags ask for, before any frame is read.

    Raises:
        ScanpickError: The encoder or an option is unknown, the file cannot be used, or flags do not go together.
    """
    encoder = encoder or (IMPORT if file is not None else DEFAULT_ENCODER)
    if encoder == IMPORT:
        if file is None:
            raise ScanpickError("--encoder import needs --file FILE, a .npy, .parquet or .csv file of embeddings.")
        if options:
            raise ScanpickError("--encoder import has no options; leave --encoder-option out.")
        table = read_embeddings(file, ids, name=name or "imported")
        return EncoderChoice(table.name, table=table, allow_extra=allow_extra)
    if file is not None or ids is not None:
        raise ScanpickError(f"--file and --ids go with --encoder import, not with --encoder {encoder}.")
    if encoder not in encoder_names() and not encoder.startswith(DETECTOR):
        raise unknown_name("encoder", encoder, [*encoder_names(), IMPORT])
    made = encoder_named(encoder, parse_pairs(options or (), "--encoder-option"))
    return EncoderChoice(name or made.name, encoder=made)


def make_embedding(workspace: Workspace, choice: EncoderChoice, *, workers: int | None = None) -> EmbeddingTable:
    """Encode the frames of a workspace, or take over the vectors of a file. See `embed` and `import_embedding`."""
    if choice.encoder is not None:
        return embed(workspace, choice.encoder, name=choice.name, workers=workers, progress=progress_bar)
    assert choice.table is not None
    return import_embedding(workspace, choice.table, name=choice.name, allow_extra=choice.allow_extra)
