"""Texts with rules as types of fields: names, addresses, hosts, methods, headers, conditions."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import AfterValidator, PlainSerializer, PlainValidator, WithJsonSchema

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.address import HEAVIEST, LAST_PRIORITY, Address, Target
from gatewayd.config.models.headers import TOKEN, header_name, header_value
from gatewayd.config.models.values import Frozen, Kind, V, text_schema
from gatewayd.core.balance.key import parse_key
from gatewayd.core.matching import PatternError, parse_host

_SERVICE_NAME = r"[a-z][a-z0-9-]{0,62}"
_ROUTE_NAME = r"[a-z][a-z0-9._-]{0,126}"
_TARGET_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "url": {"type": "string"},
                    "weight": {"type": "integer", "minimum": 1, "maximum": HEAVIEST, "default": 1},
                    "priority": {"type": "integer", "minimum": 0, "maximum": LAST_PRIORITY, "default": 0},
                },
                "required": ["url"],
            },
        ]
    }
)


def _named(pattern: str, hint: str) -> AfterValidator:
    """A validator of names that match `pattern`."""
    compiled = re.compile(pattern)

    def validate(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise Complaint("{value} cannot be a name", hint)
        return text

    return AfterValidator(validate)


def _parsed(parse: Callable[[str], object], what: str, example: str) -> PlainValidator:
    """A validator that accepts what `parse` returns, or text for it."""

    def validate(value: object) -> object:
        if isinstance(value, Address):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)  # a port alone, which `parse` knows how to complain about
        if not isinstance(value, str):
            raise Complaint(f"must be {what}", f"write it as {example}")
        return parse(value)

    return PlainValidator(validate)


def _write_target(target: Target) -> object:
    """What a file has for `target`: its URL alone if nothing else is set."""
    if (target.weight, target.priority) == (1, 0):
        return target.url
    return {"url": target.url, "weight": target.weight, "priority": target.priority}


def _pseudonym(text: str) -> str:
    """A name that can stand in Via (RFC 9110 section 7.6.3)."""
    if TOKEN.fullmatch(text) is None:
        raise Complaint("{value} cannot stand in a Via header", "use letters, digits, '-' and '.' only")
    return text


def _peer(text: str) -> str:
    """A trusted peer: "unix" or a network, in its canonical text."""
    if text == "unix":
        return text
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        pass
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        hint = "write an address, a CIDR such as 10.0.0.0/8, or unix"
        raise Complaint("{value} is not a network", hint) from None
    raise Complaint("{value} has bits set after its prefix", f"write {network}, or the address alone for one peer")


def _host_pattern(text: str) -> str:
    """A host that requests may name: exact, or everything below a suffix ("*.example.org"); in lower case."""
    try:
        parse_host(text)
    except PatternError as error:
        raise Complaint(str(error), "write one such as api.example.org or *.example.org", offset=error.offset) from None
    return text.lower().removesuffix(".")


def _method(text: str) -> str:
    """A request method (RFC 9110 section 9.1)."""
    if TOKEN.fullmatch(text) is None:
        raise Complaint("{value} is not a method", "write one such as GET or POST")
    if text != text.upper():
        raise Complaint("{value} is not in capitals, and methods are case-sensitive", f"write {text.upper()}")
    if text == "CONNECT":
        raise Complaint("CONNECT is never routed", "leave it out; WebSocket and other upgrades arrive as GET")
    return text


def origin(text: str) -> str:
    """A host with or without a port, as `Host` has it."""
    try:
        Address.parse(text, default_port=80)
    except Complaint:
        text = "/"
    if re.search(r"[/%]|:0?\Z", text):
        raise Complaint("{value} is not a host", "write one such as api.internal:8080")
    return text


def _cookie(text: str) -> str:
    """The name of a cookie (RFC 6265 section 4.1.1)."""
    if TOKEN.fullmatch(text) is None:
        raise Complaint("{value} is not the name of a cookie", "use letters, digits, '-' and '_'")
    return text


def _request_key(text: str) -> str:
    """What tells requests apart: the client's address, the tenant, or the value of a header or cookie."""
    try:
        parse_key(text)
    except ValueError:
        kind = text.partition(":")[0]
        if kind not in ("header", "cookie"):
            hint = "write client, tenant, header:NAME or cookie:NAME"
            raise Complaint("{value} tells no requests apart", hint) from None
        raise Complaint(f"{{value}} names no {kind}", f"write {kind}: and its name, without a blank") from None
    return text


def one_each(mapping: Mapping[str, V]) -> Mapping[str, V]:
    """`mapping` of header names, if no two of them are the same header."""
    seen: dict[str, str] = {}
    for name in mapping:
        first = seen.setdefault(name.lower(), name)
        if first != name:
            message = f"the header {name!r} is here twice: the case of a name does not matter"
            raise Complaint(message, f"merge it with {first!r}", at=(name,), on_key=True)
    return mapping


def _lower_names(mapping: Mapping[str, V]) -> Mapping[str, V]:
    """`mapping` with its header names in lower case."""
    return {name.lower(): value for name, value in mapping.items()}


def _some(methods: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """`methods`, if there are any, each once."""
    if methods is not None and not methods:
        raise Complaint("no method is listed", "leave 'methods' out to serve every method")
    return None if methods is None else tuple(dict.fromkeys(methods))


ServiceName = Annotated[
    str, _named(_SERVICE_NAME, "use a-z, 0-9 and '-', a letter first, at most 63 characters"), Kind("name")
]
RouteName = Annotated[
    str, _named(_ROUTE_NAME, "use a-z, 0-9, '-', '.' and '_', a letter first, at most 127 characters"), Kind("name")
]
Pseudonym = Annotated[str, AfterValidator(_pseudonym), Kind("name")]
Peer = Annotated[str, AfterValidator(_peer), Kind("address, CIDR or `unix`", "addresses, CIDRs or `unix`")]
HostPattern = Annotated[str, AfterValidator(_host_pattern), Kind("host")]
Method = Annotated[str, AfterValidator(_method), Kind("method")]
Methods = Annotated[tuple[Method, ...] | None, AfterValidator(_some), Kind("list of methods")]
HeaderName = Annotated[str, AfterValidator(header_name), Kind("header name")]
HeaderValue = Annotated[str, AfterValidator(header_value), Kind("header value")]
SocketAddress = Annotated[
    Address,
    _parsed(Address.parse, "an address", "127.0.0.1:8080, [::1]:8080 or unix:/path"),
    WithJsonSchema({"type": "string"}),
    PlainSerializer(str),
    Kind("address"),
]
TargetUrl = Annotated[
    Target,
    PlainValidator(lambda value: value if isinstance(value, Target) else Target.read(value)),
    _TARGET_SCHEMA,
    PlainSerializer(_write_target),
    Kind("target"),
]
Origin = Annotated[str, AfterValidator(origin), Kind("host")]
Cookie = Annotated[str, AfterValidator(_cookie), Kind("cookie name")]
RequestKey = Annotated[
    str,
    AfterValidator(_request_key),
    text_schema("client|tenant|header:.+|cookie:.+"),
    Kind("`client`, `tenant`, `header:NAME` or `cookie:NAME`"),
]
Headers = Annotated[
    Mapping[HeaderName, HeaderValue], AfterValidator(one_each), Frozen, Kind("mapping of header names to values")
]
HeaderConditions = Annotated[
    Mapping[HeaderName, HeaderValue],
    AfterValidator(one_each),
    AfterValidator(_lower_names),
    Frozen,
    Kind("mapping of header names to values"),
]
QueryConditions = Annotated[Mapping[str, str], Frozen, Kind("mapping of query names to values")]
