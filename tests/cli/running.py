"""Running the command line in this process."""

import json
from typing import Any

from typer.testing import CliRunner, Result

from scanpick.cli.app import app
from scanpick.cli.wording import in_flags
from scanpick.errors import ScanpickError


def run(*arguments: object) -> Result:
    """Run ``scanpick`` with these arguments; a failure that is no `ScanpickError` or exit is raised."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, ScanpickError | SystemExit):
        raise result.exception
    return result


def run_json(*arguments: object) -> dict[str, Any]:
    """The JSON that a verb prints with ``--json``, and nothing else on stdout."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout)


def error_of(*arguments: object) -> str:
    """The message with which a verb refuses."""
    result = run(*arguments)
    assert isinstance(result.exception, ScanpickError), f"expected an error, got:\n{result.output}"
    return in_flags(str(result.exception))
