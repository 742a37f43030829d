"""The verbs, and errors turned into messages."""

import importlib
import sys
from typing import Annotated

import typer

from scanpick.errors import ScanpickError

# A verb is a module of this package with a function `command`, in the order of the help page.
# They import what they need inside the function, so that --help is instant.
VERBS: tuple[str, ...] = (
    "demo",
    "pick",
    "doctor",
    "simulate",
    "index",
    "embed",
    "select",
    "export",
    "report",
    "train",
    "adapt",
    "predict",
    "evaluate",
    "predictions",
    "score",
    "probe",
    "study",
)

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells and typer have it."""

app = typer.Typer(
    name="scanpick",
    help="Pick the LiDAR frames whose labels improve a 3D object detector most per unit of annotation cost.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from scanpick import __version__

        print(f"scanpick {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


for verb in VERBS:
    app.command(verb)(importlib.import_module(f"scanpick.cli.{verb}").command)


def run() -> None:
    """Run the command line. What a user can cause is told without a traceback, and the exit status is 1."""
    try:
        app()
    except (ScanpickError, OSError) as error:
        _fail(str(error) if isinstance(error, ScanpickError) else _told(error))
    except SystemExit as done:
        if done.code == INTERRUPTED:
            _say_interrupted()
        raise
    except KeyboardInterrupt:
        _say_interrupted()
        sys.exit(INTERRUPTED)


def _say_interrupted() -> None:
    from scanpick.cli.output import log

    log.print("Interrupted. Run the same command again to go on.")


def _fail(message: str) -> None:
    from rich.markup import escape

    from scanpick.cli.output import log

    log.print(f"[bold red]Error:[/] {escape(message)}", highlight=False, soft_wrap=True)
    sys.exit(1)


def _told(error: OSError) -> str:
    """What the system says about a file: one that cannot be opened, made or written, or a full disk."""
    files = [str(name) for name in (error.filename, error.filename2) if name is not None]
    return f"{' -> '.join(files) or type(error).__name__}: {error.strerror or error}."
