"""``--whiten`` and ``--l2``, which several verbs take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scanpick.workspace.refine import Refinement

Whiten = Annotated[
    str | None,
    typer.Option(
        "--whiten",
        metavar="K|95%|all",
        help="Whiten the vectors (PCA), keeping so many directions; makes NAME+whitenK beside NAME.",
    ),
]
UnitLength = Annotated[
    bool, typer.Option("--l2", help="Scale the vectors to unit length, after whitening; makes NAME+l2 beside NAME.")
]


def refinement_of(whiten: str | None, l2: bool) -> Refinement:
    """What the flags ask for.

    Raises:
        ScanpickError: --whiten has another form.
    """
    from scanpick.encoders.whitening import Keep
    from scanpick.workspace.refine import Refinement

    return Refinement(None if whiten is None else Keep.parse(whiten), l2)
