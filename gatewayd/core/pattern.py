"""Path patterns of routes: what may be written, which segments it matches, and which of two is more specific.

A pattern is "/" followed by segments: literals, `{name}` or `*` for exactly one non-empty segment, and `**` in the
last place for any number of further segments, none included (`/a/**` matches `/a`, `/a/` and `/a/b/c`). An empty
last segment is the trailing slash, so `/a/` and `/a` differ. Matching compares bytes and heeds case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# What a request's path carries unescaped (see `gatewayd.core.target`), so what a literal keeps unescaped.
_PLAIN = _UNRESERVED | frozenset(b"!$&'()*+,;=:@[]|^")
_REFUSED_ESCAPES = frozenset({0x2F, 0x5C, 0x7F, *range(0x20)})  # no request gets through with one of these


class Kind(IntEnum):
    """What stands at one place of a pattern, the most specific first; END and REST are what may follow the parts."""

    LITERAL = 0
    PARAMETER = 1
    WILDCARD = 2
    END = 3
    REST = 4


class Part(NamedTuple):
    """One segment of a pattern: `literal` is set for literals (in canonical form), `name` for parameters."""

    kind: Kind
    literal: bytes = b""
    name: str = ""

    def matches(self, segment: bytes) -> bool:
        """Whether this part matches one segment of a request."""
        return segment == self.literal if self.kind is Kind.LITERAL else segment != b""


class PatternError(ValueError):
    """A text that is no pattern: what is wrong, and at which character (counted from 0)."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern: its parts, and whether `**` follows them (`rest`)."""

    text: str
    parts: tuple[Part, ...]
    rest: bool

    @property
    def rank(self) -> tuple[int, ...]:
        """Sorts patterns that match the same path, the most specific first.

        Place by place from the left a literal comes before `{name}`, that before `*`, that before the pattern's end
        and that before `**`: so the longer of two patterns wins, except that `/a` comes before `/a/**`.
        """
        return (*(part.kind for part in self.parts), Kind.REST if self.rest else Kind.END)

    @property
    def shape(self) -> tuple[object, ...]:
        """Equal for patterns that differ in the names of their parameters only."""
        return (self.rest, *(part[:2] for part in self.parts))

    @property
    def parameters(self) -> tuple[tuple[str, int], ...]:
        """Each parameter's name and the index of the segment it takes."""
        return tuple((part.name, index) for index, part in enumerate(self.parts) if part.kind is Kind.PARAMETER)

    def matches(self, segments: Sequence[bytes]) -> bool:
        """Whether a request with these segments matches. For explanations and checks; requests walk the tree."""
        length = len(self.parts)
        if len(segments) < length or (len(segments) > length and not self.rest):
            return False
        return all(part.matches(segment) for part, segment in zip(self.parts, segments, strict=False))


def parse_pattern(text: str) -> Pattern:
    """Parse a pattern, raising `PatternError` with the place of the first fault.

    Literals are text: what a request's path may carry as it is stays as it is, any other character is encoded as
    UTF-8 and percent-escaped in upper case, as `gatewayd.core.target` normalises requests; escapes written in the
    pattern are normalised the same way. So `/café`, `/caf%c3%a9` and `/caf%C3%A9` are one pattern.
    """
    if not text.startswith("/"):
        raise PatternError('a path starts with "/"', 0)
    parts: list[Part] = []
    names: set[str] = set()
    written = text[1:].split("/")
    last = len(written) - 1
    offset = 1
    for index, segment in enumerate(written):
        if segment == "**":
            if index != last:
                raise PatternError('"**" matches all that follows, so it stands last', offset)
            return Pattern(text, tuple(parts), rest=True)
        if not segment and index != last:
            raise PatternError('"//" matches nothing: requests arrive with single slashes', offset)
        parts.append(_parse_part(segment, offset, names))
        offset += len(segment) + 1
    return Pattern(text, tuple(parts), rest=False)


def _parse_part(segment: str, offset: int, names: set[str]) -> Part:
    """One segment that starts at `offset`; `names` collects the parameters seen so far."""
    if segment == "*":
        return Part(Kind.WILDCARD)
    if "*" in segment:
        raise PatternError('"*" stands for a whole segment, not for a part of one', offset + segment.index("*"))
    if segment.startswith("{") and segment.find("}") == len(segment) - 1 and segment.count("{") == 1:
        name = segment[1:-1]
        if not _NAME.fullmatch(name):
            raise PatternError(f'"{name}" is not a parameter name: a-z and "_", then also 0-9', offset + 1)
        if name in names:
            raise PatternError(f'the parameter "{name}" occurs twice', offset + 1)
        names.add(name)
        return Part(Kind.PARAMETER, name=name)
    for at, character in enumerate(segment):
        if character in "{}":
            raise PatternError(f'"{character}" here: a parameter is a whole segment, "{{name}}"', offset + at)
    return Part(Kind.LITERAL, literal=_encode(segment, offset))


def _encode(segment: str, offset: int) -> bytes:
    """The canonical form of a literal."""
    encoded = bytearray()
    for at, character in enumerate(segment):
        code = ord(character)
        if code < 0x20 or 0x7F <= code < 0xA0:
            raise PatternError("a control character cannot occur in a path", offset + at)
        if 0xD800 <= code < 0xE000:
            raise PatternError("half of a surrogate pair is no character", offset + at)
        if character == "\\":
            raise PatternError('requests with a backslash are refused; separators are "/"', offset + at)
        if character in "?#":
            raise PatternError(f'a path ends before "{character}"; the query is matched under `query`', offset + at)
        if character == "%":
            encoded += _escape(segment[at : at + 3], offset + at)
        elif code in _PLAIN:
            encoded.append(code)
        else:
            encoded += b"".join(b"%%%02X" % byte for byte in character.encode())
    literal = _ESCAPE.sub(lambda match: _unreserved(match[0]), bytes(encoded))
    if literal.partition(b";")[0] in (b".", b".."):
        raise PatternError("dot segments are removed from requests before they are matched", offset)
    return literal


def _escape(written: str, offset: int) -> bytes:
    """The "%" of an escape, once its two digits have proved it to be one a request can carry."""
    digits = written[1:]
    if len(digits) != 2 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
        raise PatternError('"%" is followed by two hexadecimal digits; a percent sign itself is "%25"', offset)
    if int(digits, 16) in _REFUSED_ESCAPES:
        raise PatternError(f'requests with "{written}" are refused, so this matches nothing', offset)
    return b"%"


def _unreserved(escape: bytes) -> bytes:
    """An escape in canonical form: decoded where its character is unreserved (RFC 3986 section 6.2.2.2)."""
    code = int(escape[1:], 16)
    return bytes((code,)) if code in _UNRESERVED else escape.upper()
