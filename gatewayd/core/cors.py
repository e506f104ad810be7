"""Cross-origin requests of browsers (Fetch standard, "CORS protocol"): which origins may read answers, and preflights.

An origin that is refused gets the same answer as everyone, without the fields: the browser then keeps it from the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

ANY_ORIGIN = "*"
NULL_ORIGIN = "null"  # of sandboxed frames, files and redirects: anyone can have it

# Response fields that only the gateway writes where a policy applies.
WRITTEN = frozenset(
    b"access-control-" + name
    for name in (
        b"allow-origin",
        b"allow-credentials",
        b"allow-methods",
        b"allow-headers",
        b"expose-headers",
        b"max-age",
    )
)

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\]"
_ORIGIN = re.compile(rf"([a-z][a-z0-9+.-]*)://(\*\.)?({_HOST})(?::([1-9][0-9]{{0,4}}))?")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_DEFAULT_PORTS: Mapping[str, str] = {"http": "80", "https": "443"}
_LONGEST_ORIGIN = 320  # scheme, a host name of 253 characters, port
_MOST_REQUESTED = 64  # header names in one preflight


def origin_pattern(text: str) -> str:
    """`text`, if it is an origin as browsers send it, or one with `*.` for one or more labels. Raises `ValueError`.

    Browsers write origins in lower case and leave out a scheme's own port (RFC 6454 section 6.2): what is written
    otherwise would never match.
    """
    if text == NULL_ORIGIN:
        return text
    match = _ORIGIN.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text}" is not an origin: write scheme://host or scheme://host:port in lower case, no path')
    scheme, wildcard, host, port = match.groups()
    if port is not None and (int(port) > 65535 or _DEFAULT_PORTS.get(scheme) == port):
        raise ValueError(f'"{text}" has a port that browsers do not send: leave out 80 for http and 443 for https')
    if wildcard and re.fullmatch(r"[0-9.]+|\[.*", host):
        raise ValueError(f'"{text}" has a wildcard before an address')
    return text


class Origins:
    """A set of origins, by exact text or by a host's suffix."""

    __slots__ = ("_exact", "_suffixes")

    def __init__(self, patterns: Iterable[str]) -> None:
        """Raises `ValueError` for what `origin_pattern` refuses."""
        checked = [origin_pattern(pattern) for pattern in patterns]
        self._exact = frozenset(pattern.encode() for pattern in checked if "://*." not in pattern)
        wildcards = [pattern.split("://*.", 1) for pattern in checked if "://*." in pattern]
        # Each label is read once and ends at a dot, so there is one way to match and no way to be slow.
        alternatives = "|".join(rf"{re.escape(one)}://(?:{_LABEL}\.)+{re.escape(rest)}" for one, rest in wildcards)
        self._suffixes = re.compile(alternatives.encode()) if wildcards else None

    def __contains__(self, origin: bytes) -> bool:
        """Whether the value of an Origin field is one of these, byte for byte, or has one of the suffixes."""
        if origin in self._exact:
            return True
        suffixes = self._suffixes
        return suffixes is not None and len(origin) <= _LONGEST_ORIGIN and suffixes.fullmatch(origin) is not None


class Cors:
    """One policy, with its field lines made when it is loaded.

    `origins` are origins, patterns with `*.`, `null`, or `*` for every origin. `methods` and `headers` are what a
    preflight may ask for (`*` among `headers` stands for all), `expose` which fields scripts may read, `max_age` for
    how many seconds a browser may keep a preflight's answer.
    """

    __slots__ = ("_actual", "_any", "_headers", "_methods", "_origins", "_preflight", "varies")

    def __init__(
        self,
        origins: Iterable[str],
        methods: Iterable[str] = ("GET", "HEAD", "POST"),
        headers: Iterable[str] = (),
        expose: Iterable[str] = (),
        credentials: bool = False,
        max_age: int | None = None,
    ) -> None:
        """Raises `ValueError` for what is no name or origin, and for credentials of origins that are not named."""
        listed = list(dict.fromkeys(origins))
        self._any = ANY_ORIGIN in listed
        if credentials and (self._any or NULL_ORIGIN in listed):
            raise ValueError('credentials need origins by name: neither "*" nor "null"')
        self._origins = Origins(origin for origin in listed if origin != ANY_ORIGIN)
        self._methods = frozenset(_token(method).encode() for method in methods)
        names = [_token(name) for name in headers]
        self._headers = None if "*" in names else frozenset(name.lower().encode() for name in names)
        lines = "Access-Control-Allow-Credentials: true\r\n" if credentials else ""
        exposed = ", ".join(map(_token, expose))
        self._actual = (lines + (f"Access-Control-Expose-Headers: {exposed}\r\n" if exposed else "")).encode()
        lines += f"Access-Control-Allow-Methods: {', '.join(sorted(map(bytes.decode, self._methods)))}\r\n"
        lines += f"Access-Control-Max-Age: {int(max_age)}\r\n" if max_age is not None else ""
        self._preflight = lines.encode()
        self.varies = not self._any
        """Whether every answer, also to who names no origin, needs `Vary: Origin`: else a cache mixes them up."""

    def judge(self, origin: bytes) -> bytes | None:
        """The field lines for the answer to a request with this Origin; None where the origin is refused."""
        allowed = self._allowed(origin)
        return None if allowed is None else allowed + self._actual

    def preflight(self, origin: bytes, method: bytes, headers: bytes | None) -> bytes | None:
        """The field lines of the 204 that answers a preflight; None where what it asks for is refused.

        `method` and `headers` are the values of Access-Control-Request-Method and -Headers. Methods are compared with
        their case, as browsers do. Either answer needs the `Vary` of `PREFLIGHT_VARY`.
        """
        allowed = self._allowed(origin)
        if allowed is None or method not in self._methods:
            return None
        requested = [name.strip(b" \t") for name in headers.split(b",", _MOST_REQUESTED)] if headers else []
        requested = [name for name in requested if name]
        for name in requested:
            if len(requested) > _MOST_REQUESTED or _TOKEN.fullmatch(name.decode("latin-1")) is None:
                return None
            if self._headers is not None and name.lower() not in self._headers:
                return None
        names = b"Access-Control-Allow-Headers: %b\r\n" % b", ".join(requested) if requested else b""
        return allowed + self._preflight + names

    def _allowed(self, origin: bytes) -> bytes | None:
        """The line that names the origin allowed."""
        if self._any:
            return b"Access-Control-Allow-Origin: *\r\n"
        if origin in self._origins:
            return b"Access-Control-Allow-Origin: %b\r\n" % origin
        return None


PREFLIGHT_VARY = b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


def is_preflight(method: bytes, origin: bytes | None, requested: bytes | None) -> bool:
    """Whether a request is a preflight: OPTIONS with an Origin and Access-Control-Request-Method (`requested`)."""
    return method == b"OPTIONS" and origin is not None and requested is not None


def vary_line(values: Iterable[bytes], wanted: bytes = b"Origin") -> bytes:
    """The Vary line that adds the names of `wanted` to those an answer already varies by (its Vary `values`)."""
    present = {name.strip(b" \t").lower() for value in values for name in value.split(b",")}
    if b"*" in present:
        return b""
    missing = [name for name in wanted.split(b", ") if name.lower() not in present]
    return b"Vary: %b\r\n" % b", ".join(missing) if missing else b""


def origin_of(scheme: bytes, authority: bytes) -> bytes:
    """The origin of a URL with this scheme and authority (host with an optional port), as browsers write it."""
    host, colon, port = authority.lower().rpartition(b":")
    if not colon or port.endswith(b"]"):
        host, port = authority.lower(), b""
    scheme = scheme.lower()
    number = port.lstrip(b"0")
    default = number == _DEFAULT_PORTS.get(scheme.decode("latin-1"), "").encode()
    return b"%b://%b" % (scheme, host) if default or not number else b"%b://%b:%b" % (scheme, host, number)


def _token(text: str) -> str:
    """`text`, if it is a method or a field name (RFC 9110 section 5.6.2)."""
    if _TOKEN.fullmatch(text) is None:
        raise ValueError(f'"{text}" is neither a method nor a header name')
    return text
