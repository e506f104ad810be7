"""As much of PromQL as it takes to see which metrics and labels an expression names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TEXT: Final = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`")
_GROUPING: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR: Final = re.compile(r"([A-Za-z_:][\w:]*)?\s*\{([^}]*)\}")
_MATCHER: Final = re.compile(r"(\w+)\s*(=~|!~|!=|=)\s*<(\d+)>")
_NAME: Final = re.compile(r"(?<![\w:.$])([A-Za-z_:][\w:]*)(?!\s*\()(?![\w:])")
_KEYWORDS: Final = frozenset({"and", "or", "unless", "offset", "bool", "by", "on", "without", "ignoring"})


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label."""

    label: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric that is read, and its conditions."""

    metric: str
    matchers: tuple[Matcher, ...]


def selectors(expression: str) -> Iterator[Selector]:
    """Every metric that `expression` reads, in no order."""
    texts: list[str] = []

    def keep(found: re.Match[str]) -> str:
        texts.append(found[0][1:-1])
        return f"<{len(texts) - 1}>"

    bare = re.sub(r"\[[^\]]*\]", "", _TEXT.sub(keep, expression))
    bare = _GROUPING.sub("", bare)
    for found in _SELECTOR.finditer(bare):
        matchers = (Matcher(label, how, texts[int(place)]) for label, how, place in _MATCHER.findall(found[2]))
        yield Selector(found[1], tuple(matchers))
    for found in _NAME.finditer(re.sub(r"\boffset\s+\w+", "", _SELECTOR.sub("", bare))):
        if found[1] not in _KEYWORDS:
            yield Selector(found[1], ())


def grouping_labels(expression: str) -> set[str]:
    """Every label that something is grouped by or matched on."""
    lists = _GROUPING.findall(_TEXT.sub("", expression))
    return {label.strip() for text in lists for label in text.split(",") if label.strip()}
