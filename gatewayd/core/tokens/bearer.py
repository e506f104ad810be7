"""Where in a request a bearer token stands, and what a refusal says about it (RFC 6750)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gatewayd.core.tokens.errors import BadCredential, BadToken

# RFC 9110 section 11.6.2 and RFC 6750 section 2.1. Possessive quantifiers stand behind single characters only.
_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr](?: ++([A-Za-z0-9\-._~+/]++=*+))?")
_SCHEME = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr](?![!#$%&'*+\-.^_`|~0-9A-Za-z])")
_TOKEN = re.compile(rb"[A-Za-z0-9\-._~+/]++=*+")
_QUOTABLE = re.compile(r'[ !#-\[\]-~"\\]*')


def credential(
    authorization: Sequence[bytes], cookies: Sequence[bytes] = (), cookie: bytes | None = None
) -> tuple[bytes, bool] | None:
    """The one bearer token of a request and whether a cookie carries it; None where there is none.

    `authorization` and `cookies` are the values of the request's Authorization and Cookie fields, `cookie` the name of
    the cookie that may carry a token, if one may. Another scheme than Bearer is no bearer token. Raises `BadCredential`
    for two Authorization fields, for a token in both places, for two cookies of the name, and for what is no token by
    its characters.
    """
    found = None
    if authorization:
        if len(authorization) > 1:
            raise BadCredential("malformed", "the request has more than one Authorization field")
        value = authorization[0]
        match = _BEARER.fullmatch(value)
        if match is not None:
            found = match[1]
        if found is None and _SCHEME.match(value):
            raise BadCredential("malformed", "the Authorization field has no bearer token behind its scheme")
    if cookie is None or not cookies:
        return None if found is None else (found, False)
    values = _values(cookies, cookie)
    if not values:
        return None if found is None else (found, False)
    if authorization or len(values) > 1:
        raise BadCredential("malformed", "the request carries more than one credential")
    if not _TOKEN.fullmatch(values[0]):
        raise BadCredential("malformed", "the cookie carries no bearer token")
    return values[0], True


def _values(cookies: Sequence[bytes], name: bytes) -> list[bytes]:
    """The values of every cookie called `name` (RFC 6265 section 4.2.1)."""
    found = []
    for line in cookies:
        if name in line:
            found += [_value(pair) for pair in line.split(b";") if _is_called(pair, name)]
    return found


def _is_called(pair: bytes, name: bytes) -> bool:
    """Whether a pair of a Cookie field has this name."""
    written, equals, _ = pair.partition(b"=")
    return bool(equals) and written.strip(b" \t") == name


def _value(pair: bytes) -> bytes:
    """Its value."""
    return pair.partition(b"=")[2].strip(b" \t")


def without_cookie(line: bytes, name: bytes) -> bytes:
    """The value of a Cookie field without any cookie called `name`; empty if there was no other."""
    if name not in line:
        return line
    pairs = [pair.strip(b" \t") for pair in line.split(b";") if not _is_called(pair, name)]
    return b"; ".join(filter(None, pairs))


def challenge(
    scheme: str, realm: str, error: str | None = None, description: str | None = None, *, header: str | None = None
) -> bytes:
    """A WWW-Authenticate field line with its CRLF (RFC 6750 section 3).

    `error` is absent where the request had no credential at all; `header` names the field that a scheme other than
    Bearer has its credential in. Raises ValueError for what no quoted string may say:
    anything but printable ASCII.
    """
    parameters = [("realm", realm)]
    if header is not None:
        parameters.append(("header", header))
    if error is not None:
        parameters.append(("error", error))
    if description is not None:
        parameters.append(("error_description", description))
    written = ", ".join(f"{name}={_quoted(value)}" for name, value in parameters)
    return f"WWW-Authenticate: {scheme} {written}\r\n".encode("ascii")


def error_of(refusal: BadToken) -> str:
    """The `error` of a challenge after `refusal` (RFC 6750 section 3.1)."""
    return "invalid_request" if isinstance(refusal, BadCredential) else "invalid_token"


def _quoted(value: str) -> str:
    """A quoted string (RFC 9110 section 5.6.4); what is not allowed in an error_description is left to its writer."""
    if not _QUOTABLE.fullmatch(value):
        raise ValueError("a challenge says printable ASCII only")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
