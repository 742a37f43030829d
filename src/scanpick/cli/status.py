"""``scanpick status``: what was labelled so far, what it cost, and what it brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scanpick.cli.options import AsJson, WorkspaceArgument

if TYPE_CHECKING:
    from scanpick.face.progress import Status

Prices = Annotated[
    str | None,
    typer.Option("--prices", help="What labels cost: 'EUR at 0.5/frame + 0.04/box'; of the last budget by default."),
]


def command(project: WorkspaceArgument, prices: Prices = None, as_json: AsJson = False) -> None:
    """Say what was picked, sent, labelled and refused, round by round; what it cost, what it brought, what comes next.

    Example: [bold]scanpick status project --prices 'EUR at 0.5/frame + 0.04/box'[/]
    """
    from scanpick.cli.output import console, print_json
    from scanpick.cli.results import print_facts
    from scanpick.face.progress import status

    found = status(project, prices=prices)
    if as_json:
        print_json(found.to_dict())
        return
    facts = {"project": str(found.path), "usable_frames": found.usable, **found.places, "boxes": found.boxes}
    facts |= {"classes": dict(found.classes)} if found.classes else {}
    facts |= {} if found.cost is None else {"cost": f"{found.cost:.10g} {found.currency}".strip()}
    print_facts(facts | {"next": found.coming}, as_json=False)
    if found.rounds:
        console.print(_table(found))


def _table(found: Status) -> object:
    from rich.markup import escape

    from scanpick.reports.tables import terminal_table

    headers = ["round", "picks", "frames", "labelled", "sent", "rejected", "boxes", f"cost {found.currency}".strip()]
    table = terminal_table("\nRounds", [*headers, "AP of what was learnt"], texts=(1, 8), folded=(1, 8))
    for one in found.rounds:
        ap = [f"{name} {value:.1f} ({low:.1f} to {high:.1f})" for name, (value, low, high) in one.ap.items()]
        places = [str(one.places[place]) for place in ("labelled", "sent", "rejected")]
        table.add_row(
            str(one.round),
            escape(one.selection),
            str(one.frames),
            *places,
            str(one.boxes),
            "" if one.cost is None else f"{one.cost:.10g}",
            escape(", ".join(ap)),
        )
    return table
