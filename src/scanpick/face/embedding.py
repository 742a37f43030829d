"""``sp.embed``: make a vector of every frame of a pool, or take over vectors that were made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanpick.encoders import DEFAULT_ENCODER, Encoder
from scanpick.encoders.imported import read_embeddings
from scanpick.encoders.whitening import Keep
from scanpick.errors import ScanpickError, unknown_name
from scanpick.face.pools import open_pool
from scanpick.structures import EmbeddingTable
from scanpick.workspace import embed as in_workspace
from scanpick.workspace.encoders import DETECTOR, encoder_named, encoder_names
from scanpick.workspace.reading import Progress, no_progress
from scanpick.workspace.refine import Refinement, refine
from scanpick.workspace.workspace import Workspace

IMPORT = "import"
"""The name that stands for vectors made elsewhere."""


def embed(
    pool: Workspace | str | Path,
    encoder: str | None = None,
    *,
    encoder_options: Mapping[str, Any] | None = None,
    name: str | None = None,
    file: str | Path | None = None,
    ids: str | Path | None = None,
    allow_extra: bool = False,
    whiten: str | int | None = None,
    l2: bool = False,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> EmbeddingTable:
    """Turn every usable frame of a pool into a vector, or take over vectors that were made elsewhere.

    Killed and started again, it goes on where it stopped. Other settings, or frames that changed, are done again.

    Args:
        pool: An indexed pool, or its folder.
        encoder: A name in `ENCODERS`, ``detector:FOLDER``, or "import" for `file`; "scanpick-ssl" by default.
        encoder_options: Options of the encoder.
        name: What to call the embedding; the encoder's name by default.
        file: Your own embeddings: .npy, .parquet or .csv.
        ids: The frame ids of the rows of a .npy file.
        allow_extra: Pass over ids in `file` that the data set does not have.
        whiten: Whiten the vectors (PCA), keeping so many directions (64), a share of the variance ("95%") or "all".
        l2: Scale the vectors to unit length, after whitening.
        workers: Processes; all cores by default.
        progress: Shows how far it is.

    Returns:
        The (N, D) float32 vectors by frame id, memory-mapped.

    Raises:
        ScanpickError: An argument does not fit, frames have changed since they were indexed, or none can be encoded.

    Example:
        >>> import scanpick as sp
        >>> pool = sp.index("simulated:demo", "pool", options={"frames": 8})
        >>> sp.embed(pool, "statistics").values.shape
        (8, 66)
    """
    asked = EmbeddingPlan.of(
        encoder, encoder_options, name=name, file=file, ids=ids, allow_extra=allow_extra, whiten=whiten, l2=l2
    )
    return asked.make(open_pool(pool), workers=workers, progress=progress)


@dataclass(frozen=True)
class EmbeddingPlan:
    """What was asked for, checked before any frame is read: an encoder, or a file of vectors, and what follows.

    Attributes:
        name: What the embedding is to be called.
        encoder: The encoder, or None for a file.
        table: The vectors of the file, or None for an encoder.
        allow_extra: Whether the file may hold ids that the data set does not have.
        refinement: What is done with the vectors then.
    """

    name: str
    encoder: Encoder | None
    table: EmbeddingTable | None
    allow_extra: bool
    refinement: Refinement

    @classmethod
    def of(
        cls,
        encoder: str | None = None,
        encoder_options: Mapping[str, Any] | None = None,
        *,
        name: str | None = None,
        file: str | Path | None = None,
        ids: str | Path | None = None,
        allow_extra: bool = False,
        whiten: str | int | None = None,
        l2: bool = False,
    ) -> EmbeddingPlan:
        """Build it from the arguments of `embed`.

        Raises:
            ScanpickError: The encoder or an option is unknown, the file cannot be used, or arguments do not go
                together.
        """
        refinement = Refinement(None if whiten is None else Keep.parse(str(whiten)), l2)
        encoder = encoder or (IMPORT if file is not None else DEFAULT_ENCODER)
        if encoder == IMPORT:
            if file is None:
                raise ScanpickError(
                    "`encoder='import'` needs `file=FILE`, a .npy, .parquet or .csv file of embeddings."
                )
            if encoder_options:
                raise ScanpickError("`encoder='import'` has no options; leave `encoder_options=...` out.")
            table = read_embeddings(Path(file), None if ids is None else Path(ids), name=name or "imported")
            return cls(table.name, None, table, allow_extra, refinement)
        if file is not None or ids is not None:
            raise ScanpickError(f"`file=...` and `ids=...` go with `encoder='import'`, not with `encoder='{encoder}'`.")
        if encoder not in encoder_names() and not encoder.startswith(DETECTOR):
            raise unknown_name("encoder", encoder, [*encoder_names(), IMPORT])
        chosen = encoder_named(encoder, encoder_options or {})
        return cls(name or chosen.name, chosen, None, allow_extra, refinement)

    def make(self, pool: Workspace, *, workers: int | None = None, progress: Progress = no_progress) -> EmbeddingTable:
        """Encode the frames of a pool, or take over the vectors of a file."""
        if self.encoder is not None:
            table = in_workspace.embed(pool, self.encoder, name=self.name, workers=workers, progress=progress)
        else:
            assert self.table is not None
            table = in_workspace.import_embedding(pool, self.table, name=self.name, allow_extra=self.allow_extra)
        return refine(pool, table.name, self.refinement) if self.refinement else table
