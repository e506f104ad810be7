"""Names that a service gives its answers, to have all of those with one name forgotten at once."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gatewayd.core.messages import Field

MOST = 128  # tags of an answer
_LONGEST = 256  # bytes of a tag
_BLANKS = re.compile(rb"[\t ]+")

NAMES = frozenset({b"surrogate-key", b"cache-tag"})
FOR_CACHES = NAMES | {b"surrogate-control"}  # fields that are no business of clients


def tags_of(fields: Iterable[Field]) -> tuple[bytes, ...] | None:
    """The tags in Surrogate-Key (between blanks) and Cache-Tag (between commas) fields, each once, in order.

    None where there are too many, or one is too long, to be remembered: the answer could not be found by it.
    """
    tags: dict[bytes, None] = {}
    for field in fields:
        if field.name == b"surrogate-key":
            tags.update(dict.fromkeys(_BLANKS.split(field.value)))
        elif field.name == b"cache-tag":
            tags.update(dict.fromkeys(tag.strip(b" \t") for tag in field.value.split(b",")))
    tags.pop(b"", None)
    if len(tags) > MOST or any(len(tag) > _LONGEST for tag in tags):
        return None
    return tuple(tags)
