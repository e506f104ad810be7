"""Header names and values a configuration may hold (RFC 9110 section 5), and the names nobody may set."""

from __future__ import annotations

import re

from gatewayd.config.complaint import Complaint

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")  # RFC 9110 section 5.6.2
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")

_FRAMING = "the gateway frames each message itself"
_CONNECTION = "the gateway manages each connection itself"
NOBODY_SETS = {
    "content-length": _FRAMING,
    "transfer-encoding": _FRAMING,
    "trailer": _FRAMING,
    "connection": _CONNECTION,
    "keep-alive": _CONNECTION,
    "proxy-connection": _CONNECTION,
    "te": _CONNECTION,
    "upgrade": _CONNECTION,
    "via": "the gateway writes it; 'gateway.name' is the name it uses there",
    "x-request-id": "the gateway creates it, or keeps that of a peer in 'gateway.trusted_proxies'",
}
_FORWARDING = "the gateway writes it; 'gateway.trusted_proxies' says whose values it keeps"
NOBODY_SETS_IN_REQUESTS = NOBODY_SETS | {
    "host": "use the key 'host' of the service: preserve, target or a literal host",
    "expect": "the gateway answers expectations itself",
    "forwarded": _FORWARDING,
    "x-forwarded-for": _FORWARDING,
    "x-forwarded-host": _FORWARDING,
    "x-forwarded-port": _FORWARDING,
    "x-forwarded-proto": _FORWARDING,
    "x-real-ip": _FORWARDING,
}
NOBODY_SETS_IN_RESPONSES = NOBODY_SETS | {
    "x-gateway-reason": "the gateway writes it where it refuses a request",
}
NOBODY_SETS_IN_FIXED_RESPONSES = NOBODY_SETS_IN_RESPONSES | {
    "content-type": "use the key 'content_type' beside it",
    "date": "the gateway writes it",
}


def header_name(text: str) -> str:
    """`text`, if it is a field name. Raises `Complaint`."""
    if not text:
        raise Complaint("a header name is empty", "write the header's name, such as X-Team", on_key=True)
    if TOKEN.fullmatch(text) is None:
        match = TOKEN.match(text)
        hint = "use letters, digits and '-'"
        if text.rstrip() == text and text.endswith(":"):
            hint = "leave the ':' out of the name"
        raise Complaint("{value} is not a header name", hint, offset=match.end() if match else 0)
    return text


def header_value(text: str) -> str:
    """`text` without outer blanks, if it can stand in a field line. Raises `Complaint`; never repeats the value."""
    if _CONTROL.search(text):
        raise Complaint("the header's value contains a line break or control character", "write the value on one line")
    if _NOT_ASCII.search(text):
        raise Complaint("the header's value contains a character outside ASCII", "percent-encode it or leave it out")
    return text.strip(" \t")


def refuse_unsettable(name: str, table: dict[str, str]) -> None:
    """Raise `Complaint` if `name` is one of those in `table` that only the gateway writes."""
    why = table.get(name.lower())
    if why is not None:
        raise Complaint("{value} cannot be changed here", why, on_key=True)
