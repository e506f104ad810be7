"""Texts with `{name}` places: what a redirect leads to and what a rewritten path is."""

from __future__ import annotations

import re
from typing import NamedTuple

from gatewayd.config.complaint import Complaint

REST = "**"
REDIRECT_PLACES = ("host", "path", "query")  # filled from the request, whatever the route's path

_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class Place(NamedTuple):
    """A place to be filled; `offset` is that of its name in the text."""

    name: str
    offset: int


def parse_template(text: str) -> tuple[str | Place, ...]:
    """The literal texts and places of `text`, in order. Raises `Complaint` for braces that enclose no name."""
    parts: list[str | Place] = []
    position = 0
    while position < len(text):
        opening = text.find("{", position)
        literal = text[position:] if opening < 0 else text[position:opening]
        if "}" in literal:
            stray = position + literal.index("}")
            raise Complaint("a '}' closes nothing", "write {name}, or %7D for the character", offset=stray)
        if literal:
            parts.append(literal)
        if opening < 0:
            break
        closing = text.find("}", opening)
        if closing < 0:
            raise Complaint("a '{' is not closed", "write {name}, or %7B for the character", offset=opening)
        name = text[opening + 1 : closing]
        if name != REST and _NAME.fullmatch(name) is None:
            hint = "use the name of a parameter: a-z and '_', then also 0-9"
            raise Complaint(f"{{{name}}} is not a place to fill", hint, offset=opening + 1)
        parts.append(Place(name, opening + 1))
        position = closing + 1
    return tuple(parts)


def places(text: str) -> tuple[Place, ...]:
    """The places of `text`; none where it is malformed."""
    try:
        return tuple(part for part in parse_template(text) if isinstance(part, Place))
    except Complaint:
        return ()
