"""The library names arguments and calls, in backticks; the command line says the same in flags and commands.

`labelled_missing='ignore'` is ``--labelled-missing ignore``, and `scanpick.index('kitti', out='pool', again=True)` is
``scanpick index kitti --out pool --again``.
"""

import ast
import re
import shlex

_VERBS = {"add_labels": "labels"}
"""Call -> command, where these are not called the same; ``scanpick.labels`` is a package."""

_OTHERWISE = {"changes": "set", "tool": "from"}
"""Argument -> flag, where these are not called the same."""


def in_flags(message: str) -> str:
    """A message of the library as the command line says it; what is no argument or call stays as it is.

    Example:
        >>> in_flags("Give `allow_extra=True`, or run `scanpick.index('a b', out='pool', moved=True)` again.")
        "Give --allow-extra, or run scanpick index 'a b' --out pool --moved again."
    """
    return re.sub(r"`([^`\n]+)`", lambda match: _said(match[1]) or match[0], message)


def _said(code: str) -> str | None:
    try:
        call = ast.parse(code if code.startswith("scanpick.") else f"_({code})", mode="eval").body
    except SyntaxError:
        return None
    if not isinstance(call, ast.Call) or any(keyword.arg is None for keyword in call.keywords):
        return None
    if isinstance(call.func, ast.Attribute):
        words = [_word(value) for value in call.args]
        words += [word for keyword in call.keywords for word in (_flag(keyword), _value(keyword.value)) if word]
        return " ".join(["scanpick", _VERBS.get(call.func.attr, call.func.attr).replace("_", "-"), *words])
    if call.args or len(call.keywords) != 1:
        return None
    value = call.keywords[0].value
    is_open = isinstance(value, ast.Constant) and value.value is Ellipsis
    return " ".join(word for word in (_flag(call.keywords[0]), "" if is_open else _value(value)) if word)


def _flag(keyword: ast.keyword) -> str:
    assert keyword.arg is not None
    name = _OTHERWISE.get(keyword.arg, keyword.arg)
    name = name.removesuffix("s") if name.endswith("options") else name
    return f"--{name.replace('_', '-')}"


def _value(value: ast.expr) -> str:
    """What follows the flag: nothing where it is a switch."""
    if isinstance(value, ast.Constant) and value.value is True:
        return ""
    if isinstance(value, ast.Dict):
        return " ".join(
            f"{_word(name)}={_word(part)}" for name, part in zip(value.keys, value.values, strict=True) if name
        )
    return _word(value)


def _word(value: ast.expr) -> str:
    if isinstance(value, ast.Constant):
        return "..." if value.value is Ellipsis else shlex.quote(str(value.value))
    return ast.unparse(value)
