"""Field lines judged once: a bounded table from the bytes of a line to its `Field`.

Most of a head repeats from request to request (`Host`, `Accept`, `User-Agent`, a service's `Content-Type`), much as
HPACK's dynamic table supposes (RFC 7541). A line that was judged before is found by its bytes, so the grammar runs
only on lines never seen; a line differing in a single byte is another line and is judged itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gatewayd.core.authority import parse_authority
from gatewayd.core.deadline import parse_grpc_timeout, parse_timeout
from gatewayd.core.messages import Field, Role
from gatewayd.core.reasons import AMBIGUOUS_FRAMING, MALFORMED_FIELD, Refused

# RFC 9110 section 5: token ":" OWS field-value OWS; obs-text is kept, every control character but HTAB is not.
_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]++):([\t\x20-\x7e\x80-\xff]*+)")
FIELD_OCTETS = bytes([0x09, *range(0x20, 0x7F), *range(0x80, 0x100)])  # of names, colons and values
_OPTION = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++")
_LENGTH = re.compile(rb"[0-9]{1,18}")  # below 2**63, beyond which some services count in the negative

_HOP_BY_HOP = dict.fromkeys(
    (b"keep-alive", b"proxy-connection", b"proxy-authorization", b"proxy-authenticate", b"te", b"http2-settings"),
    Role.DROPPED,
)
_BOTH_WAYS: dict[bytes, Role] = {
    b"content-length": Role.CONTENT_LENGTH,
    b"transfer-encoding": Role.TRANSFER_ENCODING,
    b"connection": Role.CONNECTION,
    b"upgrade": Role.UPGRADE,
    b"x-request-id": Role.REQUEST_ID,
    **_HOP_BY_HOP,
}
REQUEST_ROLES: dict[bytes, Role] = {
    **_BOTH_WAYS,
    b"host": Role.HOST,
    b"expect": Role.EXPECT,
    **dict.fromkeys(
        (
            b"forwarded",
            b"x-forwarded-for",
            b"x-forwarded-host",
            b"x-forwarded-port",
            b"x-forwarded-proto",
            b"x-forwarded-prefix",
            b"x-forwarded-server",
            b"x-real-ip",
        ),
        Role.FORWARDING,
    ),
    b"x-request-timeout": Role.TIMEOUT,
    b"grpc-timeout": Role.TIMEOUT,
    b"x-gateway-mirrored": Role.DROPPED,  # says that a request is a copy; only the gateway knows
}
RESPONSE_ROLES: dict[bytes, Role] = {**_BOTH_WAYS, b"date": Role.DATE, b"x-gateway-reason": Role.DROPPED}

# Names whose lines repeat and are no secret. Credentials, cookies and ids are judged each time and never kept.
_REPEATING = frozenset(
    b"""accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials
    access-control-allow-headers access-control-allow-methods access-control-allow-origin access-control-expose-headers
    access-control-max-age access-control-request-headers access-control-request-method age allow alt-svc cache-control
    connection content-disposition content-encoding content-language content-length content-security-policy content-type
    cross-origin-opener-policy cross-origin-resource-policy date dnt expect expires host keep-alive last-modified origin
    permissions-policy pragma priority referrer-policy retry-after sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform
    sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user server strict-transport-security te transfer-encoding
    upgrade-insecure-requests user-agent vary via x-content-type-options x-frame-options x-powered-by x-requested-with
    x-xss-protection""".split()
)
_LONGEST_KEPT = 256
_MOST_KEPT = 4096
_LONGEST_NAME = 64
_MOST_NAMES = 1024


class FieldTable:
    """Judges field lines and remembers those that repeat: at most 4,096 lines of 256 bytes, about 3 MB.

    `noted` are names (lower case) of fields that something on the way reads; `guarded` tells of a name whether it is
    for the gateway alone to write.
    """

    __slots__ = ("_roles", "get", "guarded", "known", "noted", "plain")

    def __init__(
        self,
        roles: dict[bytes, Role],
        noted: frozenset[bytes] = frozenset(),
        guarded: Callable[[bytes], object] = lambda name: None,
    ) -> None:
        self._roles = roles
        self.noted = noted
        self.guarded = guarded
        self.known: dict[bytes, Field] = {}
        self.get = self.known.get
        self.plain: set[bytes] = set()  # names, as written, that were judged and mean nothing to a gateway

    def judge(self, line: bytes) -> Field:
        """The `Field` of a line without its CRLF. Raises `Refused` where RFC 9110 section 5 does not allow the line."""
        match = _LINE.fullmatch(line)
        if match is None:
            raise Refused(MALFORMED_FIELD, "A field line is not a name, a colon and a value of allowed characters.")
        written, value = match.groups()
        name = written.lower()
        value = value.strip(b" \t")
        role = self._roles.get(name, Role.END_TO_END)
        if role is Role.END_TO_END and b"_" in name and name.replace(b"_", b"-") in self._roles:
            role = Role.DROPPED  # CGI-like servers read "x_real_ip" as "x-real-ip"
        if role is Role.END_TO_END or role is Role.DROPPED:
            if self.guarded(name):
                role = Role.GUARDED
            elif name in self.noted:
                role = Role.NOTED
        field = Field(name, value, b"%b: %b\r\n" % (written, value), role, _meaning(role, name, value))
        if name in _REPEATING and len(line) <= _LONGEST_KEPT:
            if len(self.known) >= _MOST_KEPT:
                self.known.clear()
            self.known[line] = field
        elif role is Role.END_TO_END and len(written) <= _LONGEST_NAME:
            if len(self.plain) >= _MOST_NAMES:
                self.plain.clear()
            self.plain.add(written)
        return field


def _meaning(role: Role, name: bytes, value: bytes) -> object:
    """What the value of a field with this role says; raises `Refused` where it says nothing valid."""
    if role is Role.HOST:
        return parse_authority(value)
    if role is Role.CONTENT_LENGTH:
        if not _LENGTH.fullmatch(value):
            raise Refused(AMBIGUOUS_FRAMING, "Content-Length is not one decimal number.")
        return int(value)
    if role is Role.CONNECTION:
        options = [option.strip(b" \t").lower() for option in value.split(b",")]
        if not all(_OPTION.fullmatch(option) for option in options if option):
            raise Refused(MALFORMED_FIELD, "Connection is not a list of names.")
        return frozenset(option for option in options if option)
    if role is Role.TIMEOUT:
        return parse_grpc_timeout(value) if name == b"grpc-timeout" else parse_timeout(value)
    return None
