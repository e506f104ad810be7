"""Heads: the bytes before the empty line, judged whole against the grammar of RFC 9112, deny by default.

Nothing is repaired: what the grammar does not allow raises `Refused`. A head is its first line, which differs from
message to message, and its header section, which on one connection mostly repeats: whoever reads heads keeps the last
section and hands it in, and where the bytes are the same it is not judged again.
"""

from __future__ import annotations

import re

from gatewayd.core.authority import parse_authority
from gatewayd.core.messages import HeaderSection, RequestHead, ResponseHead
from gatewayd.core.reasons import (
    AMBIGUOUS_FRAMING,
    HEAD_TOO_LARGE,
    MALFORMED_FIELD,
    MALFORMED_HOST,
    MALFORMED_REQUEST_LINE,
    MALFORMED_TARGET,
    METHOD_NOT_PROXIED,
    TARGET_TOO_LONG,
    UNSUPPORTED_VERSION,
    UPSTREAM_MALFORMED,
    Refused,
)
from gatewayd.core.target import PLAIN_PATH, QUERY, parse_origin
from gatewayd.http.fieldtable import FieldTable
from gatewayd.http.interfaces import HeadLimits
from gatewayd.http.sections import REQUESTS, RESPONSES, judge_request_section, judge_response_section

_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}+) ([\x21-\x7e]++) HTTP/1\.([01])")
# The same for what most requests are: HTTP/1.1, and a path that is its own normal form (see gatewayd.core.target).
_COMMON_LINE = re.compile(
    rb"((?!CONNECT )[A-Z]{1,16}+) (" + PLAIN_PATH + rb")(\?" + QUERY + rb")? HTTP/1\.1(?=\r\n|\Z)"
)
_OTHER_VERSION = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++ [\x21-\x7e]++ HTTP/(?!1\.[01])[0-9](?:\.[0-9])?")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*+))?")
_REQUEST_LINE_REST = 48  # the longest method, two spaces, the version, and some room
_ABSOLUTE = re.compile(rb"https?://([^/?#]*+)(/?.*+)", re.IGNORECASE)

_ANSWER = b"HTTP/1."
_MOST_STATUS_LINES = 256
_LONGEST_KEPT = 128
_status_lines: dict[bytes, tuple[int, int, bytes]] = {}  # judged before: minor version, status, line to forward


def take_request_head(
    data: bytes, at: int, limits: HeadLimits, last: HeaderSection | None, table: FieldTable = REQUESTS
) -> RequestHead | None:
    """The head that begins at `at` in `data`, None while it is incomplete; its `size` counts all of its bytes.

    `last` is the section of the connection's request before, if any; `table` judges field lines. Raises `Refused`, as
    early as it is certain.
    """
    start = at + 2 if data.startswith(b"\r\n", at) else at  # one empty line may come first (RFC 9112 section 2.2)
    end = data.find(b"\r\n\r\n", start)
    if end < 0 or end - start > limits.head_size:
        judge_incomplete(data[start:], limits)
        return None
    if end - start > limits.target_size:
        _bound_line(data[start : data.index(b"\r\n", start)], limits)
    match = _COMMON_LINE.match(data, start)
    if match is None:
        head = _parse_uncommon(data[start:end], last, table)
    else:
        head = _parse_common(match, data[match.end() + 2 : end], last, table)
    section = head.section
    if section is not last and section.count > limits.head_fields:
        raise Refused(HEAD_TOO_LARGE, f"A request may have {limits.head_fields} fields.")
    head.size = end + 4 - at
    return head


def parse_request_head(block: bytes, last: HeaderSection | None = None, table: FieldTable = REQUESTS) -> RequestHead:
    """Judge a request's head, given without the final empty line (the lines with CRLF between them).

    `last` is the section of the connection's request before, if any.
    """
    match = _COMMON_LINE.match(block)
    if match is None:
        return _parse_uncommon(block, last, table)
    return _parse_common(match, block[match.end() + 2 :], last, table)


def _parse_common(match: re.Match[bytes], written: bytes, last: HeaderSection | None, table: FieldTable) -> RequestHead:
    """The head of a request whose line was matched by `_COMMON_LINE`, and whose section is `written`."""
    section = last if last is not None and written == last.written else judge_request_section(written, table)
    if section.host is None:
        raise Refused(MALFORMED_HOST, "An HTTP/1.1 request needs a Host.")
    head = RequestHead()
    head.method, path, query = match.groups()
    head.segments = path[1:].split(b"/")
    head.path = head.target = path
    if query is None:
        head.query = None
    else:
        head.target = path + query
        head.query = query[1:]
    head.version = 1
    head.keep_alive = not section.close
    head.section = section
    head.host = section.host
    head.authority = section.authority
    return head


def _parse_uncommon(block: bytes, last: HeaderSection | None, table: FieldTable) -> RequestHead:
    """The head of a request whose line needs a second look: another version or method, a path to normalise."""
    line, _, written = block.partition(b"\r\n")
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise _bad_request_line(line)
    section = last if last is not None and written == last.written else judge_request_section(written, table)
    head = RequestHead()
    head.method, target, minor = match.groups()
    if head.method == b"CONNECT":
        raise Refused(METHOD_NOT_PROXIED)
    head.section = section
    head.version = int(minor)
    head.keep_alive = not section.close if head.version else section.keep
    if head.version and section.host is None:
        raise Refused(MALFORMED_HOST, "An HTTP/1.1 request needs a Host.")
    if not head.version and section.chunked:
        raise Refused(AMBIGUOUS_FRAMING, "HTTP/1.0 has no Transfer-Encoding.")
    head.host = section.host or b""
    head.authority = section.authority
    if target[0] != 0x2F:
        target = _origin_of(head, target)
        if target == b"*":
            head.target = head.path = target
            head.query, head.segments = None, [target]
            return head
    head.target, head.path, head.query, head.segments = parse_origin(target)
    return head


def _origin_of(head: RequestHead, target: bytes) -> bytes:
    """The origin-form in a target of another form (RFC 9112 section 3.2), or "*"; sets what it says of the host."""
    if target == b"*" and head.method == b"OPTIONS":
        return target
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        raise Refused(MALFORMED_TARGET, "The target is neither a path nor an http URI.")
    authority, target = match.groups()
    named = parse_authority(authority)
    if head.section.host is not None and (named != head.host or _port(authority) != _port(head.authority)):
        raise Refused(MALFORMED_HOST, "The target's authority and Host differ.")
    head.authority, head.host = authority, named
    return target if target.startswith(b"/") else b"/" + target


def _port(authority: bytes) -> bytes:
    """The port an authority names, without the default one of http."""
    port = authority.rpartition(b"]")[2].partition(b":")[2]
    return b"" if port == b"80" else port


def _bad_request_line(line: bytes) -> Refused:
    """Why this line is no request line of HTTP/1.x."""
    if _OTHER_VERSION.fullmatch(line):
        return Refused(UNSUPPORTED_VERSION)
    return Refused(MALFORMED_REQUEST_LINE, "It is not a method, a target and HTTP/1.1 with single spaces between.")


def judge_incomplete(data: bytes, limits: HeadLimits) -> None:
    """Refuse the beginning of a head as soon as no continuation can save it.

    Without this a client that speaks another protocol, or ends its lines with a bare LF, would wait for a timeout.
    """
    line_end = data.find(b"\r\n")
    _bound_line(data[:line_end] if line_end >= 0 else data, limits)
    if len(data) > limits.head_size + 3:  # of the empty line at its end all but the last byte may be here
        raise Refused(HEAD_TOO_LARGE, f"A head may have {limits.head_size} bytes.")
    if line_end >= 0 and not _REQUEST_LINE.fullmatch(data, 0, line_end):
        raise _bad_request_line(data[:line_end])
    if _holds_bare_ending(data):
        raise Refused(
            MALFORMED_FIELD if line_end >= 0 else MALFORMED_REQUEST_LINE, "A line of the head ends without CRLF."
        )


def _bound_line(line: bytes, limits: HeadLimits) -> None:
    """Refuse a request line, or what has come of it, that is too long; the target counts as it was written."""
    if len(line) > limits.target_size + _REQUEST_LINE_REST or (
        len(line) > limits.target_size and len(max(line.split(b" "), key=len)) > limits.target_size
    ):
        raise Refused(TARGET_TOO_LONG, f"A target may have {limits.target_size} bytes.")


def _holds_bare_ending(data: bytes) -> bool:
    """Whether the beginning of a head holds a LF or CR on its own, or a NUL; its last CR may still get its LF.

    Counted, since a regular expression would take forty times as long at every read of a head that comes in drops.
    """
    pairs = data.count(b"\r\n")
    return data.count(b"\n") != pairs or data.count(b"\r") - data.endswith(b"\r") != pairs or b"\0" in data


def parse_response_head(block: bytes, table: FieldTable = RESPONSES) -> ResponseHead:
    """Judge an answer's head, given without the final empty line. Raises `Refused(UPSTREAM_MALFORMED)`."""
    line, _, written = block.partition(b"\r\n")
    version, status, forwarded = _status_lines.get(line) or _judge_status_line(line)
    section = judge_response_section(written, table)
    if section.chunked and not version:
        raise Refused(UPSTREAM_MALFORMED, "HTTP/1.0 has no Transfer-Encoding.")
    return ResponseHead(version, status, forwarded, section)


def judge_incomplete_answer(data: bytes) -> None:
    """Refuse the beginning of an answer that is none, before its service is waited for."""
    line, ended, _ = data.partition(b"\r\n")
    if ended:
        _judge_status_line(line)
    if not _ANSWER.startswith(line[: len(_ANSWER)]) or _holds_bare_ending(data):
        raise Refused(UPSTREAM_MALFORMED, "What the service sends is no answer of HTTP/1.x.")


def _judge_status_line(line: bytes) -> tuple[int, int, bytes]:
    """What a status line says, remembered: services use few."""
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise Refused(UPSTREAM_MALFORMED, "The status line is not one of HTTP/1.x.")
    minor, status, reason = match.groups()
    judged = int(minor), int(status), b"HTTP/1.1 %b %b\r\n" % (status, reason or b"")
    if len(_status_lines) >= _MOST_STATUS_LINES:
        _status_lines.clear()
    if len(line) <= _LONGEST_KEPT:
        _status_lines[line] = judged
    return judged
