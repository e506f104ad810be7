"""Regular expressions mean the same on every Python that gatewayd runs on."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from re import _constants, _parser  # type: ignore[attr-defined]  # the only way to see a pattern's structure
from typing import Any

import gatewayd

_SINGLE = (_constants.IN, _constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY)


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every compiled pattern at the top of a module."""
    for found in pkgutil.walk_packages(gatewayd.__path__, "gatewayd."):
        if not found.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(found.name)).items():
                if isinstance(value, re.Pattern):
                    yield f"{found.name}.{name}", value


def possessive_groups(parsed: Any) -> Iterator[Any]:
    """The repeats that give nothing back and stand behind more than one character."""
    for operator, argument in parsed:
        if operator is _constants.POSSESSIVE_REPEAT:
            repeated = argument[2]
            if len(repeated) != 1 or repeated[0][0] not in _SINGLE:
                yield repeated
        for inner in argument if isinstance(argument, tuple | list) else [argument]:
            if isinstance(inner, _parser.SubPattern):
                yield from possessive_groups(inner)
            elif isinstance(inner, list):
                for branch in inner:
                    if isinstance(branch, _parser.SubPattern):
                        yield from possessive_groups(branch)


def test_no_group_is_repeated_possessively() -> None:
    """Python before 3.11.5 accepts there what the group refuses (python/cpython#106052); Debian 12 has 3.11.2."""
    found = list(patterns())
    assert len(found) > 20
    assert [name for name, one in found if list(possessive_groups(_parser.parse(one.pattern, one.flags)))] == []


def test_a_possessive_group_is_seen() -> None:
    """However deep it stands."""
    for text in ("(?:ab|cd)++", "(x(?:ab)*+)?", "(?:y|(?:ab)?+)", "(?=(?:ab)++)"):
        assert list(possessive_groups(_parser.parse(text))), text
    assert not list(possessive_groups(_parser.parse("(?:[ab]*+c++)*")))
