"""JSON objects with one meaning only: what two parsers may read in two ways is refused (RFC 8725, RFC 7493)."""

from __future__ import annotations

from json import JSONDecoder
from typing import Any

MOST_DEPTH = 16  # levels of objects and lists, the outermost included
_MOST_DIGITS = 20  # what 64 bits need, with a sign; a number of thousands of digits is nobody's claim


def parse_object(data: bytes) -> dict[str, Any]:
    """The object that `data` says, and nothing but one object.

    Raises ValueError, which never quotes the data, for anything but UTF-8, for a member named twice at any level,
    NaN and infinities (also 1e999), integers of more than 20 characters, lone surrogates and control characters in
    strings, and for more than `MOST_DEPTH` levels.
    """
    try:
        text = data.decode().strip(" \t\r\n")
        if text[:1] != "{":
            raise ValueError("it is no JSON object")
        parsed, end = _DECODER.raw_decode(text)
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except _Doubtful as doubtful:
        raise ValueError(str(doubtful)) from None
    except ValueError:
        raise ValueError("it is no JSON object") from None
    if end != len(text):
        raise ValueError("something stands behind the JSON object")
    # As many levels need as many openers: the common token is not looked through.
    if text.count("{") + text.count("[") > MOST_DEPTH or "\\u" in text:
        _look_through(parsed)
    return parsed  # type: ignore[no-any-return]  # it began with a brace


class _Doubtful(ValueError):
    """Valid JSON that has no one meaning."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose members have different names."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Doubtful("a member is named twice")
    return members


def _integer(digits: str) -> int:
    """A number that fits into 64 bits or nearly."""
    if len(digits) > _MOST_DIGITS:
        raise _Doubtful("a number is too long")
    return int(digits)


def _fraction(digits: str) -> float:
    """A finite number."""
    number = float(digits)
    if number - number != 0:
        raise _Doubtful("a number is infinite")
    return number


def _constant(name: str) -> float:
    """NaN and Infinity are Python's, not JSON's."""
    raise _Doubtful("a number is not finite")


# Made once: `json.loads` with hooks makes a decoder per call, which costs more than decoding.
_DECODER = JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_fraction, parse_constant=_constant)


def _look_through(parsed: dict[str, Any]) -> None:
    """Raise ValueError for too many levels and for strings that are no text; goes level by level, never recursing."""
    level: list[Any] = [parsed]
    for _ in range(MOST_DEPTH):
        following: list[Any] = []
        for container in level:
            for value in container if type(container) is list else (*container, *container.values()):
                if type(value) is dict or type(value) is list:
                    following.append(value)
                elif type(value) is str and not _is_text(value):
                    raise ValueError("a string contains half a character")
        if not following:
            return
        level = following
    raise ValueError("it is nested too deeply")


def _is_text(value: str) -> bool:
    """Whether no lone surrogate was smuggled in with an escape: such a string can be written nowhere."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
