"""Studies that ship with scanpick: YAML files with a word in braces where a folder or file must be named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from scanpick.errors import ScanpickError, unknown_name
from scanpick.texts import parse_mapping

PRESETS = ("simulated", "kitti-mini", "kitti-3dssd", "demo")

_NEEDED = {
    "data": "`data='FOLDER'` names the folder of the data",
    "weights": "`weights='FILE'` names the authors' pre-trained ReCon checkpoint",
}


def read_preset(name: str, given: Mapping[str, str | None]) -> dict[str, Any]:
    """The plain values of a preset, with what it needs to be told put in.

    Args:
        name: One of `PRESETS`.
        given: "data" and "weights" -> what was named, or None.

    Raises:
        ScanpickError: The name is unknown, or the preset needs something that is not given.
    """
    if name not in PRESETS:
        raise unknown_name("preset", name, PRESETS)
    text = (files(__package__) / f"{name}.yaml").read_text(encoding="utf-8")
    for word in dict.fromkeys(re.findall(r"\{(\w+)\}", text)):
        value = given.get(word)
        if value is None:
            raise ScanpickError(f"The preset '{name}' needs to be told where things are: {_NEEDED[word]}.")
        text = text.replace("{" + word + "}", value.replace('"', ""))
    return parse_mapping(text, f"The preset '{name}'")
