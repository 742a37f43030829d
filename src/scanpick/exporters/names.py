"""Names that frames get in tools, which take no slashes, dots or letters outside ASCII in names of files."""

import re
from collections import Counter
from collections.abc import Sequence

from scanpick.files import sha256_of_text
from scanpick.structures.checks import check_unique

_LONGEST = 120


def item_names(frame_ids: Sequence[str], *, numbered: bool = False) -> dict[str, str]:
    """Frame id -> name: letters, digits, ``_`` and ``-``, unique also where capitals do not count.

    An id that is such a name stays as it is; elsewhere a slash becomes two ``_`` and any other letter one. What would
    be the same name then, or was cut, ends with a part of the id's digest.

    Args:
        frame_ids: Ids, each once.
        numbered: Names begin with the place in the list, so that tools, which sort by name, keep the order.

    Example:
        >>> item_names(["0001/000012", "a b", "a+b"])
        {'0001/000012': '0001__000012', 'a b': 'a_b-c8687a08', 'a+b': 'a_b-300273da'}
    """
    plain = {one: re.sub(r"[^A-Za-z0-9_-]", "_", one.replace("/", "__"))[:_LONGEST] for one in frame_ids}
    taken = Counter(name.casefold() for name in plain.values())
    width = max(4, len(str(len(frame_ids))))
    names = {}
    for number, (frame_id, name) in enumerate(plain.items(), start=1):
        # One that ends as others are completed could be the same again
        altered = name != frame_id and (len(frame_id) > _LONGEST or re.search(r"-[0-9a-f]{8}$", name))
        unique = f"{name}-{sha256_of_text(frame_id)[:8]}" if altered or taken[name.casefold()] > 1 else name
        names[frame_id] = f"{number:0{width}d}_{unique}" if numbered else unique
    check_unique("names of frames in the tool", [name.casefold() for name in names.values()])
    return names
