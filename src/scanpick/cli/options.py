"""Arguments and options that several verbs share, and what they mean."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from scanpick.training.view import View

DatasetArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATASET",
        help="A folder of frames (KITTI or any point files), or NAME:ARGUMENT such as simulated:demo.",
    ),
]
WorkspaceArgument = Annotated[
    Path, typer.Argument(metavar="WORKSPACE", help="A folder made by [bold]scanpick index[/] or [bold]pick[/].")
]
DatasetOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--option", "-o", metavar="NAME=VALUE", help="An option of the data set (split=val). May be repeated."
    ),
]
Columns = Annotated[
    int | None, typer.Option("--columns", min=3, help="Columns of .bin files; inferred where possible.")
]
EncoderName = Annotated[str | None, typer.Option("--encoder", help="What turns a frame into a vector.")]
EncoderOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--encoder-option", metavar="NAME=VALUE", help="An option of the encoder (rings=40). May be repeated."
    ),
]
EmbeddingFile = Annotated[
    Path | None, typer.Option("--file", help="With --encoder import: your embeddings, .npy, .parquet or .csv.")
]
IdsFile = Annotated[
    Path | None, typer.Option("--ids", help="With --encoder import: the frame ids of the rows of a .npy file.")
]
AllowExtra = Annotated[
    bool, typer.Option("--allow-extra", help="With --encoder import: pass over ids that the data set does not have.")
]
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
Workers = Annotated[int | None, typer.Option("--workers", "-w", min=1, help="Processes; all cores by default.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of all chance.")]
Labelled = Annotated[
    list[str] | None,
    typer.Option(
        "--labelled",
        metavar="FILE|FOLDER|auto",
        help="Frames that have labels already: a list of ids (text, or a column frame_id), a folder of label files, or "
        "auto for all that have labels in the data set. May be repeated.",
    ),
]


class Missing(StrEnum):
    """What to do about labelled frames that the data set does not have."""

    ERROR = "error"
    IGNORE = "ignore"


LabelledMissing = Annotated[
    Missing, typer.Option("--labelled-missing", help="With --labelled: ids that the data set does not have (any more).")
]
ReplaceSelection = Annotated[
    bool, typer.Option("--replace", help="Replace what is there under this name, or in this file.")
]
Replace = Annotated[
    bool,
    typer.Option(
        "--replace", help="Also replace files that no export wrote or that were changed since, but never an original."
    ),
]
Device = Annotated[str, typer.Option("--device", help="Where a network runs: cpu, cuda, ...")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


CameraView = Annotated[
    View,
    typer.Option(
        "--view",
        help="Which points: those in the camera's view, where KITTI is labelled, or all; auto cuts frames that have a "
        "camera and reach around the sensor.",
    ),
]


def dataset_options(pairs: Sequence[str] | None, columns: int | None) -> dict[str, Any]:
    """Options of a data set from the command line; those that have a flag of their own are joined in.

    Raises:
        ScanpickError: A pair has another form, or an option is given twice.
    """
    from scanpick.errors import ScanpickError
    from scanpick.options import parse_pairs

    options: dict[str, Any] = dict(parse_pairs(pairs or (), "--option"))
    if columns is not None:
        if "columns" in options:
            raise ScanpickError("Give either --columns or --option columns=..., not both.")
        options["columns"] = columns
    return options
