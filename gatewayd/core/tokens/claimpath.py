"""Where in the claims of a token a value stands: `tenant_id`, or `realm_access.roles` for a member of a member."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

ClaimPath = tuple[str, ...]

ABSENT: Final = object()
_NAME = re.compile(r"((?:[^.\\]|\\[.\\])+)(\.|\Z)")


def compile_path(text: str) -> ClaimPath:
    r"""The names of members on the way to a claim, from the outermost to the innermost.

    A dot that belongs to a name is written `\.`, a backslash `\\`: `https://example\.com/tenant`. Raises ValueError for
    an empty name and a backslash before anything else.
    """
    path: list[str] = []
    position, dot = 0, "."
    while dot:
        match = _NAME.match(text, position)
        if match is None:
            raise ValueError(f"a claim is named by names with dots between them, not {text!r}")
        path.append(re.sub(r"\\(.)", r"\1", match[1]))
        position, dot = match.end(), match[2]
    return tuple(path)


def look_up(claims: Mapping[str, Any], path: ClaimPath) -> Any:
    """What stands at `path`, or `ABSENT`; a path that leads through anything but objects leads nowhere."""
    value: Any = claims
    for name in path:
        if type(value) is not dict:
            return ABSENT
        value = value.get(name, ABSENT)
    return value
