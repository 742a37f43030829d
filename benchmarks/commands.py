"""The page docs/reference/commands.md: every verb with its arguments and options, from the program itself.

python -m benchmarks.commands          write the page
"""

from pathlib import Path

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from scanpick.cli.app import app

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "commands.md"

BEGINNING = """# Commands

Each is `scanpick VERB`; `--help` shows the same in the terminal. Results go to standard output, progress and logs to
standard error; `--json` prints results for machines. Options marked `...` may be repeated. The exit status is 0, 1
for an error, 2 for a command that is not understood, and 130 after Ctrl-C. This page is written by `python -m
benchmarks.commands`.
"""


def page() -> str:
    """The whole page."""
    program = get_command(app)
    assert isinstance(program, TyperGroup)
    verbs = [section(name, verb) for name, verb in program.commands.items() if isinstance(verb, TyperCommand)]
    return "\n".join([BEGINNING, *verbs])


def section(name: str, verb: TyperCommand) -> str:
    """One verb."""
    summary = " ".join((verb.help or "").split("\n\n")[0].split())
    arguments = [
        f" {parameter.metavar or parameter.name}" for parameter in verb.params if isinstance(parameter, TyperArgument)
    ]
    lines = [
        f"## {name}",
        "",
        f"`scanpick {name}{''.join(arguments)}`. {summary}",
        "",
        "| option | default | |",
        "|---|---|---|",
    ]
    lines += [
        option(parameter) for parameter in verb.params if isinstance(parameter, TyperOption) and not parameter.hidden
    ]
    return "\n".join(lines) + "\n"


def option(parameter: TyperOption) -> str:
    """One option: its names, its default, what it does."""
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    default = parameter.default
    if parameter.required:
        shown = "required"
    elif default is None or default is False or callable(default) or default in ((), []):
        shown = ""
    else:
        shown = "yes" if default is True else f"`{default}`"
    help_text = " ".join((parameter.help or "").split()).replace("|", "\\|")
    return (
        f"| {names}{' ...' if parameter.multiple else ''} | {shown} | {help_text.removesuffix(' May be repeated.')} |"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
