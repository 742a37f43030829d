"""Arguments and options that several verbs share, and what they mean."""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from scanpick.errors import ScanpickError
from scanpick.training.view import View


def split_list(texts: str | Iterable[str] | None) -> list[str]:
    """The items of an option that takes several, separated by commas, repeated, or both; blanks around them are none.

    Raises:
        ScanpickError: An item between two commas is empty.

    Example:
        >>> split_list(["Pedestrian, Cyclist", "Car"])
        ['Pedestrian', 'Cyclist', 'Car']
    """
    items: list[str] = []
    for text in [texts] if isinstance(texts, str) else texts or ():
        parts = [part.strip() for part in text.split(",")]
        if not parts[-1]:  # nothing at all, or a comma at the end
            parts.pop()
        if not all(parts):
            raise ScanpickError(f"expected names separated by commas, got an empty one in '{text}'.")
        items += parts
    return items


def parse_pairs(texts: Iterable[str] | None) -> dict[str, str]:
    """Options from ``NAME=VALUE`` texts, as a repeated flag gives them.

    Raises:
        ScanpickError: A text has another form, or a name comes twice.

    Example:
        >>> parse_pairs(["rings=40", "descriptor=key"])
        {'rings': '40', 'descriptor': 'key'}
    """
    options: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise ScanpickError(f"expected NAME=VALUE, got '{text}'.")
        if name in options:
            raise ScanpickError(f"'{name}' was given twice.")
        options[name] = value
    return options


def _read_by(parse: Callable[[Any], Any]) -> Callable[..., Any]:
    """Have a flag's texts looked at where they are read, so that what is said about them names the flag."""

    def check(param: typer.CallbackParam, value: Any) -> Any:
        try:
            parse(value)
        except ScanpickError as error:
            raise ScanpickError(f"{param.opts[0]}: {error}") from None
        return value

    return check


def pairs_option(*flags: str, help: str, metavar: str = "NAME=VALUE", **settings: Any) -> Any:
    """A flag that may be repeated; `parse_pairs` reads it."""
    callback = _read_by(parse_pairs)
    return typer.Option(*flags, metavar=metavar, help=f"{help} May be repeated.", callback=callback, **settings)


def list_option(flag: str, **settings: Any) -> Any:
    """A flag that takes several names; `split_list` reads it."""
    return typer.Option(flag, callback=_read_by(split_list), **settings)


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
    list[str] | None, pairs_option("--option", "-o", help="An option of the data set (split=val).")
]
Columns = Annotated[
    int | None, typer.Option("--columns", min=3, help="Columns of .bin files; inferred where possible.")
]
EncoderName = Annotated[str | None, typer.Option("--encoder", help="What turns a frame into a vector.")]
EncoderOptions = Annotated[
    list[str] | None, pairs_option("--encoder-option", help="An option of the encoder (rings=40).")
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
WHAT = "What is wanted"
STRATEGY = typer.Option("--strategy", "-s", help="What orders the frames; diversity by default.", rich_help_panel=WHAT)
StrategyOptions = Annotated[
    list[str] | None,
    pairs_option("--strategy-option", help="An option of the strategy (delta=0.5).", rich_help_panel=WHAT),
]
AtMost = Annotated[
    bool,
    typer.Option(
        "--at-most", help="Take what there is where the budget is larger than the pool.", rich_help_panel=WHAT
    ),
]
NewSelection = Annotated[
    str | None, typer.Option("--name", help="What to call the selection; strategy and next number by default.")
]
OldSelection = Annotated[str | None, typer.Option("--selection", help="Which selection; the newest one by default.")]
Frames = Annotated[
    Path | None, typer.Option("--frames", help="Which frames: one id a line, or a column frame_id; all by default.")
]
Iterations = Annotated[
    int | None, typer.Option("--iterations", min=1, help="Steps; by default 3000 of a detector, 1000 of an encoder.")
]
Minutes = Annotated[
    float | None, typer.Option("--minutes", min=0.0, help="About how long instead; a few steps are timed first.")
]
BATCH_SIZE = typer.Option("--batch-size", min=1, help="Frames of a step; an encoder's own by default.")
LEARNING_RATE = typer.Option("--learning-rate", min=0.0, help="The highest one; an encoder's own by default.")
ImageSize = Annotated[
    str | None, typer.Option("--image-size", metavar="WxH", help="Pixels, where ../image_2 has no images.")
]
LabelNames = Annotated[
    str | None, list_option("--label-names", help="Class names of mmdetection3d's JSON: Pedestrian,Cyclist,Car.")
]
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
        ScanpickError: An option is given twice.
    """
    options: dict[str, Any] = dict(parse_pairs(pairs))
    if columns is not None:
        if "columns" in options:
            raise ScanpickError("Give either --columns or --option columns=..., not both.")
        options["columns"] = columns
    return options
