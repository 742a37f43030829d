"""``scanpick view``: the review page."""

from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.options import AsJson, Columns, DatasetOptions, OldSelection, dataset_options


def command(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WORKSPACE|DATASET|FILE",
            help="A workspace, the folder of a study, a data set; or a selection or predictions in a workspace.",
        ),
    ],
    selection: OldSelection = None,
    predictions: Annotated[
        list[Path] | None, typer.Option("--predictions", help="Another predictions table. May be repeated.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="Of a predictions table outside of a workspace: its data set.")
    ] = None,
    table: Annotated[
        list[Path] | None,
        typer.Option("--table", help="Columns by frame_id to colour frames by, CSV or Parquet. May be repeated."),
    ] = None,
    frame: Annotated[str | None, typer.Option("--frame", help="The frame to show first.")] = None,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="The first port to try, 8640 by default; 0 for any.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
    option: DatasetOptions = None,
    columns: Columns = None,
    as_json: AsJson = False,
) -> None:
    """Open the review page: the pool as a map, frames in 3D with their boxes, why each was picked, and decisions.

    It is served on this machine alone, to whoever has the link that is printed, until Ctrl-C. Nothing is loaded from
    elsewhere.

    Example: [bold]scanpick view pool[/]
    Example: [bold]scanpick view pool/selections/diversity-1.parquet[/]
    Example: [bold]scanpick view path/to/kitti --predictions boxes.parquet[/]
    """
    from scanpick.cli.results import print_facts
    from scanpick.face.viewing import view

    page = view(
        what,
        selection=selection,
        predictions=predictions or (),
        dataset=dataset,
        table=table or (),
        frame=frame,
        host=host,
        **({} if port is None else {"port": port}),
        options=dataset_options(option, columns),
    )
    print_facts({"page": page.url}, as_json=as_json)
    if browser:
        import webbrowser

        webbrowser.open(page.url)
    try:
        page.wait()
    finally:
        page.close()
