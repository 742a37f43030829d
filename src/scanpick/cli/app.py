"""The verbs, and errors turned into messages."""

import errno
import importlib
import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from scanpick.cli.wording import in_flags
from scanpick.errors import ScanpickError, missing_extra

# A verb is a module of this package with a function `command` (hand-off is hand_off.py), in the order of the help page.
# They import what they need inside the function, so that --help is instant.
VERBS: tuple[str, ...] = (
    "demo",
    "pick",
    "doctor",
    "simulate",
    "index",
    "embed",
    "select",
    "view",
    "decide",
    "export",
    "hand-off",
    "labels",
    "next",
    "status",
    "forecast",
    "recall",
    "report",
    "train",
    "adapt",
    "predict",
    "evaluate",
    "predictions",
    "score",
    "probe",
    "study",
    "list",
)

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

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
    app.command(verb)(importlib.import_module(f"scanpick.cli.{verb.replace('-', '_')}").command)


def run() -> None:
    """Run the command line. What a user can cause is told without a traceback, and the exit status is 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what the encoding of a terminal lacks is escaped, and no error
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here, where a full disk behind it can still be told
    except (ScanpickError, OSError) as error:
        _fail(in_flags(str(error)) if isinstance(error, ScanpickError) else _told(error))
    except ModuleNotFoundError as error:
        missing = missing_extra(error, "This command")
        if missing is None:
            raise
        _fail(str(missing))
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
    told = f"{' -> '.join(files) or type(error).__name__}: {error.strerror or error}."
    if error.errno not in _FULL:
        return told
    if not files:  # such as numba's cache of compiled code
        told += f" It is where the results are printed to, or in one of the folders {', '.join(_hidden_folders())}."
    return (
        f"{told} Free some space, or choose another folder, and run the same command again: what is finished is kept."
    )


def _hidden_folders() -> list[str]:
    """Where files are written that nobody asked for."""
    import tempfile

    return [os.environ.get("NUMBA_CACHE_DIR") or str(Path(__file__).parents[1]), tempfile.gettempdir()]
