"""What the library says about arguments, the command line says about flags."""

import pytest

from scanpick.cli.wording import in_flags
from scanpick.errors import call


@pytest.mark.parametrize(
    ("library", "command"),
    [
        ("Ask for less (`at_most=True`).", "Ask for less (--at-most)."),
        ("`labelled_missing='ignore'`", "--labelled-missing ignore"),
        ("Name one with `embedding=...`.", "Name one with --embedding."),
        ("say whose it is: `tool='cvat'`", "say whose it is: --from cvat"),
        ("rows have no names: `ids=FILE`", "rows have no names: --ids FILE"),
        ("`encoder_options={'weights': 'FILE'}`", "--encoder-option weights=FILE"),
        (call("index", "my data", out="pool", again=True), "scanpick index 'my data' --out pool --again"),
        (call("embed", "pool", name="x", encoder=...), "scanpick embed pool --name x --encoder ..."),
        ("a name such as `it`, or `a b`, or `f(1)`", "a name such as `it`, or `a b`, or `f(1)`"),
    ],
)
def test_in_flags(library: str, command: str) -> None:
    assert in_flags(library) == command
