"""The request target (RFC 9112 section 3.2): one reading of it, and that one is what gets forwarded.

A path that two programs could read in two ways is how a protected prefix gets bypassed, so the path is normalised to
one form before routing, the normalised form is what the service receives, and what has no safe form is refused.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gatewayd.core.reasons import AMBIGUOUS_PATH, MALFORMED_TARGET, Refused

# RFC 3986 pchar without "%" and without what needs a second look ("//", "/." and ";" after dots): nothing to normalise.
# "[", "]", "|" and "^" are not pchars, but browsers send them as they are (WHATWG URL, path percent-encode set).
# Possessive quantifiers stand behind single characters only: behind a group, Python before 3.11.5 (Debian 12 has
# 3.11.2) accepts what the group refuses (python/cpython#106052). Each round begins with a slash: one way to match.
PLAIN_PATH = rb"(?:/(?![./])[A-Za-z0-9\-._~!$&'()*+,;=:@\[\]|^]*+)+"
# Queries carry what browsers leave unencoded there (WHATWG query percent-encode set).
QUERY = rb"[\x21\x22\x24-\x7e]*+"
_PLAIN = re.compile(PLAIN_PATH)
_PATH = re.compile(rb"/[A-Za-z0-9\-._~!$&'()*+,;=:@\[\]|^/%]*+")
_QUERY = re.compile(QUERY)
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_REFUSED_ESCAPES = frozenset({0x2F, 0x5C, 0x7F, *range(0x20)})  # "/", "\", DEL and the control characters


class Target(NamedTuple):
    """A judged origin-form: `origin` is path and query to forward, `segments` the path's parts after its first "/"."""

    origin: bytes
    path: bytes
    query: bytes | None
    segments: list[bytes]


def parse_origin(origin: bytes) -> Target:
    """Judge an origin-form target (`/path?query`) and normalise its path.

    Unreserved characters are percent-decoded and other escapes written in upper case (RFC 3986 section 6.2.2), runs of
    slashes are merged, and dot segments removed. Raises `Refused` for characters outside the grammar, for escapes of
    slash, backslash and controls, for dot segments written with escapes or with `;` parameters, and for ".." above the
    root.
    """
    path, mark, query = origin.partition(b"?")
    if not _PLAIN.fullmatch(path):
        path = _normalise(path)
        origin = path + mark + query
    if mark:
        if not _QUERY.fullmatch(query):
            raise Refused(MALFORMED_TARGET, "The query contains a character that a URI may not contain.")
        return Target(origin, path, query, path[1:].split(b"/"))
    return Target(origin, path, None, path[1:].split(b"/"))


def _normalise(path: bytes) -> bytes:
    """The one safe form of `path`, or `Refused`."""
    if not _PATH.fullmatch(path):
        raise Refused(MALFORMED_TARGET, "The path contains a character that a URI may not contain.")
    decoded = _ESCAPE.sub(_unescape, path)
    segments: list[bytes] = []
    written = path[1:].split(b"/")
    last = len(written) - 1
    for index, segment in enumerate(decoded[1:].split(b"/")):
        bare = segment.partition(b";")[0].partition(b"%3B")[0]
        if bare in (b".", b".."):
            # Escaped dots and "..;x" pass for ordinary names here and for dot segments in some servers behind us.
            if written[index] != bare:
                raise Refused(AMBIGUOUS_PATH, "The path hides a dot segment behind escapes or parameters.")
            if bare == b"..":
                if not segments:
                    raise Refused(AMBIGUOUS_PATH, "The path leads above its root.")
                segments.pop()
            if index == last:
                segments.append(b"")
        elif segment or index == last:
            segments.append(segment)
    return b"/" + b"/".join(segments)


def _unescape(match: re.Match[bytes]) -> bytes:
    """One percent-escape: decoded where its character is unreserved, else in upper case."""
    digits = match[1]
    if digits is None:
        raise Refused(MALFORMED_TARGET, "The path contains a percent sign that starts no escape.")
    code = int(digits, 16)
    if code in _UNRESERVED:
        return bytes((code,))
    if code in _REFUSED_ESCAPES:
        raise Refused(AMBIGUOUS_PATH, "The path contains an escaped slash, backslash or control character.")
    return b"%" + digits.upper()
