"""Embeddings made of others: whitened, or scaled to unit length, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scanpick import __version__
from scanpick.arrays import Embeddings
from scanpick.encoders.whitening import Keep, Whitening, fit_whitening, unit_length
from scanpick.errors import ScanpickError
from scanpick.structures import EmbeddingTable
from scanpick.workspace.embedding_files import StoredEmbedding, write_embedding
from scanpick.workspace.workspace import Workspace

_BLOCK = 4096


@dataclass(frozen=True)
class Refinement:
    """What is done with finished vectors.

    Attributes:
        whiten: Whiten them, keeping so many principal directions; None for not.
        l2: Scale them to unit length, after whitening.
    """

    whiten: Keep | None = None
    l2: bool = False

    def __bool__(self) -> bool:
        return self.whiten is not None or self.l2

    @property
    def suffix(self) -> str:
        """What is added to an embedding's name: ``+whiten64+l2``."""
        whiten = "" if self.whiten is None else "+whiten" + ("" if self.whiten == Keep() else str(self.whiten))
        return whiten + ("+l2" if self.l2 else "")

    @property
    def settings(self) -> dict[str, Any]:
        """What was asked for, for `meta.json`."""
        return {"whiten": None if self.whiten is None else str(self.whiten), "l2": self.l2}

    def of(self, values: Embeddings, whitening: Whitening | None) -> Embeddings:
        """(N, D) vectors, refined; `whitening` is what was learned for it."""
        if whitening is not None:
            values = whitening.of(values)
        return unit_length(values) if self.l2 else values


def refine(workspace: Workspace, name: str, refinement: Refinement) -> EmbeddingTable:
    """Make ``<name>+whiten64+l2`` of the embedding ``<name>``, or give it where it was made of the same vectors.

    The embedding itself stays as it is, so that it can be brought up to date frame by frame. The mean and the
    directions are those of all its frames; they are kept as ``whitening_mean.npy`` (D,) and ``whitening_matrix.npy``
    (D, K), and ``meta.json`` has their fingerprints and the share of the variance that they explain.

    Args:
        workspace: A workspace that has the embedding.
        name: Of the embedding.
        refinement: What is done.

    Raises:
        ScanpickError: Nothing is asked for, the embedding is missing or damaged, or it cannot be whitened.
    """
    if not refinement:
        raise ScanpickError("Refining an embedding: ask for whitening, unit length or both.")
    with workspace.write_lock():
        workspace.embedding(name)  # says what there is, where this one is not
        source = workspace.stored_embedding(name)
        made_of = {"embedding": name, "embeddings_sha256": source.table.meta["embeddings_sha256"]}
        meta = {
            **{key: source.table.meta[key] for key in ("encoder", "data_sha256", "set_aside")},
            "settings": {**source.table.meta["settings"], **refinement.settings},
            "scanpick": __version__,
            "made_of": made_of,
        }
        before = workspace.whole_embedding(name + refinement.suffix)
        if before is None or any(before.table.meta.get(key) != value for key, value in meta.items()):
            _write(workspace, name + refinement.suffix, source, refinement, meta)
    return workspace.embedding(name + refinement.suffix)


def _write(
    workspace: Workspace, name: str, source: StoredEmbedding, refinement: Refinement, meta: dict[str, Any]
) -> None:
    table = source.table
    learned: dict[str, Any] = {}
    whitening, dimension = None, table.values.shape[1]
    if refinement.whiten is not None:
        whitening = fit_whitening(table.values, refinement.whiten, f"Embedding '{table.name}'")
        learned = {"whitening_mean": whitening.mean, "whitening_matrix": whitening.matrix}
        dimension = whitening.matrix.shape[1]
        meta = {**meta, "whitening": {"kept": dimension, "explained_variance": round(whitening.explained, 6)}}
    values = table.values
    blocks = (refinement.of(values[start : start + _BLOCK], whitening) for start in range(0, len(values), _BLOCK))
    folder = workspace.embedding_folder(name)
    write_embedding(folder, table.frame_ids, source.contents, blocks, dimension, meta, learned=learned)
