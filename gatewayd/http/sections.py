"""Header sections: field lines judged one by one and then together (RFC 9112 section 6.3), deny by default.

What frames a message in more than one way is refused, whatever the RFC would let a lenient recipient do.
"""

from __future__ import annotations

from gatewayd.core.messages import HeaderSection, Role
from gatewayd.core.reasons import (
    AMBIGUOUS_FRAMING,
    MALFORMED_FIELD,
    MALFORMED_HOST,
    UNSUPPORTED_EXPECTATION,
    UNSUPPORTED_TRANSFER_CODING,
    UPSTREAM_MALFORMED,
    Refused,
)
from gatewayd.http.fieldtable import FIELD_OCTETS, REQUEST_ROLES, RESPONSE_ROLES, FieldTable

_CONNECTION, _CONTENT_LENGTH, _DATE, _EXPECT = Role.CONNECTION, Role.CONTENT_LENGTH, Role.DATE, Role.EXPECT
_HOST, _NOTED, _TRANSFER_ENCODING, _UPGRADE = Role.HOST, Role.NOTED, Role.TRANSFER_ENCODING, Role.UPGRADE
_NONE: frozenset[bytes] = frozenset()
# Options of Connection that are no names of fields to strip: the gateway speaks for itself on the next hop.
_HOP_OPTIONS = frozenset({b"close", b"keep-alive", b"upgrade", b"te", b"http2-settings"})

_SUSPECT = frozenset({Role.GUARDED, Role.FORWARDING})

# What fields mean where nobody says otherwise.
REQUESTS = FieldTable(REQUEST_ROLES)
RESPONSES = FieldTable(RESPONSE_ROLES)


def judge_request_section(written: bytes, table: FieldTable = REQUESTS) -> HeaderSection:
    """Judge a request's header section, given without its last CRLF. Raises `Refused`."""
    section = _judge_lines(written, table)
    if section.special:
        _weigh(section)
    # An upgrade changes the connection after this very message, so it cannot have a body; h2c would take the requests
    # behind it out of sight.
    if section.upgrade is not None and (
        section.length or section.chunked or b"h2c" in section.upgrade.lower() or not section.upgrading
    ):
        section.upgrade = None
    return section


def judge_response_section(written: bytes, table: FieldTable = RESPONSES) -> HeaderSection:
    """Judge an answer's header section, given without its last CRLF. Raises `Refused(UPSTREAM_MALFORMED)`."""
    try:
        section = _judge_lines(written, table)
        if section.special:
            _weigh(section)
    except Refused as refused:
        raise Refused(UPSTREAM_MALFORMED, "The answer's header section is malformed or ambiguous.") from refused
    return section


def _judge_lines(written: bytes, table: FieldTable) -> HeaderSection:
    """The section with its lines judged one by one; what the special ones mean together is still open."""
    section = HeaderSection()
    section.special = special = []
    if not written:
        return section
    section.written = written
    lines = written.split(b"\r\n")
    section.count = len(lines)
    # One look at all values together: what is left without the octets they may have are the line ends.
    if written.translate(None, FIELD_OCTETS) != b"\r\n" * (len(lines) - 1):
        raise Refused(MALFORMED_FIELD, "A field line contains a control character, or ends without CRLF.")
    known, plain, judge = table.get, table.plain, table.judge
    forward: list[bytes] = []
    for line in lines:
        field = known(line)
        if field is None:
            name, colon, value = line.partition(b":")
            if colon and name in plain:
                forward.append(b"%b: %b\r\n" % (name, value.strip(b" \t")))
                continue
            field = judge(line)
        role = field.role
        if role:
            special.append(field)
        if not role or role is _NOTED:
            forward.append(field.line)
    section.lines = b"".join(forward)
    return section


def _weigh(section: HeaderSection) -> None:
    """Set what the special fields mean together."""
    coding: bytes | None = None
    options = _NONE
    for field in section.special:
        role = field.role
        if role is _HOST:
            if section.host is not None:
                raise Refused(MALFORMED_HOST, "There is more than one Host.")
            section.host, section.authority = field.meaning, field.value
        elif role is _CONNECTION:
            options |= field.meaning
        elif role is _CONTENT_LENGTH:
            if section.length is not None:
                raise Refused(AMBIGUOUS_FRAMING, "There is more than one Content-Length.")
            section.length = field.meaning
        elif role is _TRANSFER_ENCODING:
            if coding is not None:
                raise Refused(AMBIGUOUS_FRAMING, "There is more than one Transfer-Encoding.")
            coding = field.value.lower()
        elif role is _DATE:
            section.date = field.line
        elif role is _EXPECT:
            if field.value.lower() != b"100-continue":
                raise Refused(UNSUPPORTED_EXPECTATION)
            section.expects_continue = True
        elif role in _SUSPECT:
            section.suspect = True
        elif role is _UPGRADE:
            section.upgrade = field.value if section.upgrade is None else section.upgrade + b", " + field.value
    if coding is not None:
        if section.length is not None:
            raise Refused(AMBIGUOUS_FRAMING, "Both Content-Length and Transfer-Encoding are present.")
        if coding != b"chunked":
            raise Refused(UNSUPPORTED_TRANSFER_CODING)
        section.chunked = True
    if options:
        section.close = b"close" in options
        section.keep = b"keep-alive" in options and not section.close
        section.upgrading = b"upgrade" in options
        section.nominated = nominated = options - _HOP_OPTIONS
        if nominated:
            section.lines = b"".join(forwarded(section, nominated))


def forwarded(section: HeaderSection, without: frozenset[bytes]) -> list[bytes]:
    """The lines to forward, those of the fields named in `without` left out."""
    return [
        field.line for field in section.fields if (not field.role or field.role is _NOTED) and field.name not in without
    ]
