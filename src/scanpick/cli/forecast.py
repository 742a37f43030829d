"""``scanpick forecast``: how much more should be labelled."""

from typing import Any

from scanpick.cli.options import AsJson, WorkspaceArgument
from scanpick.cli.status import Prices


def command(project: WorkspaceArgument, prices: Prices = None, as_json: AsJson = False) -> None:
    """Say how much more labels would bring: the learning curve over rounds, extrapolated with its uncertainty.

    Example: [bold]scanpick forecast project --prices 'EUR at 0.5/frame + 0.04/box'[/]
    """
    from scanpick.cli.output import console, print_json
    from scanpick.cli.results import print_facts
    from scanpick.face.progress import SHARE, forecast
    from scanpick.reports.tables import terminal_table

    found = forecast(project, prices=prices)
    if as_json:
        print_json(found.to_dict())
        return
    frames, boxes, cost = found.per_point
    middle, low, high = found.most
    facts: dict[str, Any] = {"labelled_frames": found.frames, "ap": f"{found.ap:.1f}"}
    if frames == float("inf"):
        facts["next_point_of_ap"] = "not in sight"
    else:
        paid = "" if cost is None else f", {cost:.4g} {found.currency}".rstrip()
        facts["next_point_of_ap"] = f"about {frames:.0f} frames, {boxes:.0f} boxes{paid}"
    facts["at_most"] = f"{middle:.1f} ({low:.1f} to {high:.1f}) with labels without end, all else as it is"
    print_facts(facts | {"verdict": found.verdict}, as_json=False)
    headers = ["labelled frames", "boxes", f"further cost {found.currency}".strip(), "AP", f"{SHARE:.0%} interval"]
    table = terminal_table("\nMore labels", headers, texts=())
    for one in found.ahead:
        paid = "" if one.cost is None else f"{one.cost:.4g}"
        table.add_row(str(one.frames), str(one.boxes), paid, f"{one.ap:.1f}", f"{one.low:.1f} to {one.high:.1f}")
    console.print(table)
