"""Texts about callers as types of fields: claims, permissions, tenants, roles, algorithms, URLs of issuers, files."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, PlainSerializer, PlainValidator, WithJsonSchema

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.address import Address
from gatewayd.config.models.headers import header_name
from gatewayd.config.models.values import Frozen, Kind
from gatewayd.core.permissions import Roles
from gatewayd.core.tokens.claimpath import compile_path
from gatewayd.core.tokens.errors import BadToken
from gatewayd.core.tokens.identity import ClaimPaths, identity_of

Algorithm = Annotated[
    Literal[
        "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
        "EdDSA",
    ],
    Kind("algorithm"),
]  # fmt: skip
HmacAlgorithm = Literal["HS256", "HS384", "HS512"]
RsaAlgorithm = Annotated[
    Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
    Kind("RSA algorithm", "`RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`"),
]
Scalar = str | int | float | bool

_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_NOT_IN_URL = re.compile(r"[^!-~]|[\"<>\\^`{|}]")
_PATHS = ClaimPaths()


def _claim_path(text: str) -> str:
    """A path to a claim."""
    try:
        compile_path(text)
    except ValueError:
        hint = "write names with dots between them, such as realm_access.roles; a dot in a name is \\."
        raise Complaint("{value} is no path to a claim", hint) from None
    return text


def _permission(text: str) -> str:
    """A permission."""
    try:
        Roles({"any": (text,)})
    except ValueError:
        raise Complaint("{value} is not a permission", "write resource:action, resource:* or *") from None
    return text


def _fits(claim: str, what: str) -> Callable[[str], str]:
    """A validator of what the gateway must be able to write into a header field, as it can of `claim` in a token."""

    def validate(text: str) -> str:
        try:
            identity_of({claim: [text] if claim == "roles" else text}, _PATHS)
        except BadToken:
            hint = "use letters, digits and signs of ASCII" + ("" if claim == "sub" else ", without blanks and commas")
            raise Complaint(f"{{value}} cannot be {what}", hint) from None
        return text

    return validate


def is_loopback(host: str) -> bool:
    """Whether `host`, without brackets, is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def secure_url(text: str) -> str:
    """A URL that the gateway may call: https, or http to this machine itself. Raises `Complaint`."""
    found = _NOT_IN_URL.search(text)
    if found is not None:
        raise Complaint(f"{found[0]!r} cannot stand in a URL", "percent-encode it, as in %20", offset=found.start())
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in ("https", "http"):
        raise Complaint("{value} is not a URL that can be asked", "start it with https://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise Complaint("a URL cannot hold a user or password here", "leave it out")
    if "#" in rest:
        raise Complaint("the URL has a fragment", "end it before the '#'", offset=text.index("#"))
    address = Address.parse(authority, default_port=443) if authority else None
    if address is None or address.kind != "tcp" or not address.port:
        raise Complaint("{value} names no host", "write one such as https://id.example.org")
    if scheme == "http" and not is_loopback(address.host):
        hint = "write https://; http:// is for this machine itself, such as http://127.0.0.1:8081"
        raise Complaint("{value} could be read and changed on its way", hint)
    return text


def file_path(text: str) -> str:
    """A path from the root: a daemon's working directory is not the operator's. Raises `Complaint`."""
    if not text.startswith("/"):
        raise Complaint("{value} does not start with '/'", "write a path from the root")
    if text.endswith("/"):
        raise Complaint("{value} is a folder", "write the path of a file in it")
    if "\0" in text:
        raise Complaint("{value} is not a file", "write a path from the root")
    return text


def _function(text: str) -> str:
    """A function in a module."""
    if _FUNCTION.fullmatch(text) is None:
        raise Complaint("{value} names no function", "write package.module:function")
    return text


def _moment(value: object) -> float:
    """Seconds since 1970 of a date and time with its zone."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or len(str(value)) < 16:
        raise Complaint("{value} is not a date and time", "write it as 2027-01-31T12:00:00Z")
    if moment.tzinfo is None:
        raise Complaint("{value} has no zone", f"write {value}Z if it is UTC")
    return moment.timestamp()


def _header_or_off(value: object) -> str | None:
    """The name of a header; None for `off`."""
    if value is None or value == "off":
        return None
    if not isinstance(value, str):
        raise Complaint("{value} is not a header name", "write one such as X-Tenant-Id, or off")
    return header_name(value)


def _names_or_any(value: object) -> tuple[str, ...] | None:
    """Names, at least one; None for `any`."""
    if value is None or value == "any":
        return None
    if not isinstance(value, (tuple, list)) or not all(isinstance(name, str) and name for name in value):
        raise Complaint("must be a list of names, or any", f"write [{value}]" if isinstance(value, str) else "")
    if not value:
        raise Complaint("the list is empty", "name at least one, leave the key out, or write any")
    return tuple(dict.fromkeys(value))


def _one_or_more(value: object) -> tuple[Scalar, ...]:
    """One value, or a list of some."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if not values or not all(isinstance(one, Scalar) for one in values):
        raise Complaint("must be a value, or a list of some", "write text, a number, true or false")
    return values


def _value(value: object) -> Scalar | None:
    """One value."""
    if value is not None and not isinstance(value, Scalar):
        raise Complaint("must be one value", "write text, a number, true or false")
    return value


def _values(value: object) -> tuple[Scalar, ...] | None:
    """As `_one_or_more`; None where nothing is set."""
    return None if value is None else _one_or_more(value)


def _wanted(value: object) -> tuple[Scalar, ...] | None:
    """The values a claim may have; None for `*`."""
    return None if value is None or value == "*" else _one_or_more(value)


def _write_names(names: tuple[str, ...] | None) -> object:
    """What a file has for names, or for any."""
    return "any" if names is None else list(names)


def _write_wanted(values: tuple[Scalar, ...] | None) -> object:
    """What a file has for the values of a claim."""
    return "*" if values is None else list(values)


_SCALAR: Any = {"type": ["string", "number", "boolean"]}
_SCALARS = WithJsonSchema({"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}]})

ClaimName = Annotated[str, AfterValidator(_claim_path), Kind("claim")]
Permission = Annotated[str, AfterValidator(_permission), Kind("permission")]
TenantId = Annotated[str, AfterValidator(_fits("tenant_id", "a tenant")), Kind("tenant")]
UserId = Annotated[str, AfterValidator(_fits("sub", "a user")), Kind("text")]
RoleName = Annotated[str, AfterValidator(_fits("roles", "a role or scope")), Kind("name")]
Url = Annotated[str, AfterValidator(secure_url), Kind("URL")]
FilePath = Annotated[str, AfterValidator(file_path), Kind("path")]
FunctionName = Annotated[str, AfterValidator(_function), Kind("function, as `package.module:function`")]
Moment = Annotated[
    float,
    PlainValidator(_moment),
    WithJsonSchema({"type": "string"}),
    PlainSerializer(lambda moment: datetime.fromtimestamp(moment, UTC).isoformat()),
    Kind("date and time, as `2027-01-31T12:00:00Z`"),
]
HeaderOrOff = Annotated[
    str | None,
    PlainValidator(_header_or_off),
    WithJsonSchema({"type": "string"}),
    PlainSerializer(lambda name: "off" if name is None else name),
    Kind("header name or `off`"),
]
NamesOrAny = Annotated[
    tuple[str, ...] | None,
    PlainValidator(_names_or_any),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"enum": ["any"]}]}),
    PlainSerializer(_write_names),
    Kind("list of names, or `any`"),
]
Value = Annotated[Scalar | None, PlainValidator(_value), WithJsonSchema(_SCALAR), Kind("value")]
Values = Annotated[
    tuple[Scalar, ...] | None,
    PlainValidator(_values),
    _SCALARS,
    PlainSerializer(lambda values: values if values is None else list(values)),
    Kind("value or list of values"),
]
Wanted = Annotated[
    tuple[Scalar, ...] | None,
    PlainValidator(_wanted),
    _SCALARS,
    PlainSerializer(_write_wanted),
    Kind("value", "values, lists of values or `*`"),
]
Options = Annotated[
    Mapping[str, Scalar],
    Frozen,
    WithJsonSchema({"type": "object", "additionalProperties": _SCALAR}),
    Kind("mapping of names to values"),
]
