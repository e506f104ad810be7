"""Tenants, and whether a request stays within its own.

The tenant of a request is the one in its verified credential. Where its route says that a tenant may also be named
(in the path, the query, the host, a field), every name has to be that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote_to_bytes

from gatewayd.core.guarded import folded
from gatewayd.core.hostpattern import ANY_HOST, applicable, parse_host
from gatewayd.core.messages import RequestHead


@dataclass(frozen=True, slots=True)
class Tenant:
    """One customer of the platform.

    `hosts` are host patterns that are this tenant's own (white label); `routes` the names of the routes it may use,
    None for all. `limits` and `overrides` are what its plan or contract changes, read by those who apply them.
    """

    id: str
    plan: str = ""
    status: Literal["active", "suspended"] = "active"
    hosts: tuple[str, ...] = ()
    routes: frozenset[str] | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def may_use(self, route: str) -> bool:
        """Whether the tenant may use the route of this name."""
        return self.routes is None or route in self.routes


class TenantTable:
    """All tenants, by id and by host."""

    __slots__ = ("_hosts", "_ids")

    def __init__(self, tenants: Iterable[Tenant] = ()) -> None:
        """Raises `ValueError` where two tenants have one id or one host, `PatternError` for what is no host."""
        self._ids: dict[str, Tenant] = {}
        self._hosts: dict[bytes, Tenant] = {}
        for tenant in tenants:
            if not tenant.id:
                raise ValueError("a tenant has no id")
            if tenant.id in self._ids:
                raise ValueError(f'there are two tenants "{tenant.id}"')
            self._ids[tenant.id] = tenant
            for host in tenant.hosts:
                other = self._hosts.setdefault(parse_host(host), tenant)
                if other is not tenant:
                    raise ValueError(f'the host "{host}" belongs to both "{other.id}" and "{tenant.id}"')

    def by_id(self, tenant: str) -> Tenant | None:
        """The tenant of this id."""
        return self._ids.get(tenant)

    def by_host(self, host: bytes) -> Tenant | None:
        """The tenant whose own `host` is (lower case, without its port): the most specific pattern counts."""
        if not self._hosts:
            return None
        found = self._hosts.get(host)
        if found is None and (keys := applicable(host, self._hosts)) and keys[0] != ANY_HOST:
            found = self._hosts[keys[0]]
        return found


@dataclass(frozen=True, slots=True)
class Isolation:
    """How strictly a route keeps tenants apart.

    `foreign` is the status of a request that names another tenant: 404 tells nobody whether that one exists. `unknown`
    is what becomes of a credential without a tenant, or with one that is not in the table. `admin_bypass` lets
    administrators work on other tenants; each such request is audited.
    """

    foreign: Literal[403, 404] = 404
    unknown: Literal["allow", "refuse"] = "refuse"
    admin_bypass: bool = False


class Standing(Enum):
    """How a request stands to the tenants it names."""

    OWN = "own"  # it names its own tenant, or none
    BYPASS = "bypass"  # another, and its caller is an administrator
    FOREIGN = "foreign"  # another
    UNKNOWN = "unknown"  # its own is not known
    SUSPENDED = "suspended"  # its own is suspended


class Ruling(NamedTuple):
    """What becomes of a request: refused with `status`, or let through where that is None.

    `target` is the first tenant named that is not the request's own. It is the client's text: nothing to be counted by
    before it was looked up.
    """

    standing: Standing
    status: int | None = None
    target: str = ""

    @property
    def audited(self) -> bool:
        """Whether the request is to be recorded although it is let through."""
        return self.standing is Standing.BYPASS


_OWN = Ruling(Standing.OWN)
_UNKNOWN = Ruling(Standing.UNKNOWN, 403)
_SUSPENDED = Ruling(Standing.SUSPENDED, 403)


def decide(own: str | None, named: Iterable[str], table: TenantTable, policy: Isolation, is_admin: bool) -> Ruling:
    """Whether a request of the tenant `own` (None if its credential has none) may name the tenants in `named`.

    A tenant of its own that is suspended or unknown decides first, then whether an administrator may work elsewhere.
    """
    tenant = table.by_id(own) if own is not None else None
    if tenant is None:
        if policy.unknown == "refuse" and not (own is None and is_admin and policy.admin_bypass):
            return _UNKNOWN
    elif tenant.status == "suspended":
        return _SUSPENDED
    for name in named:
        if name != own or not name:
            if is_admin and policy.admin_bypass:
                return Ruling(Standing.BYPASS, None, name)
            return Ruling(Standing.FOREIGN, policy.foreign, name)
    return _OWN


@dataclass(frozen=True, slots=True)
class Placement:
    """A place where requests of a route may name a tenant.

    `name` is a parameter of the route's path, a query key, a field name, or for hosts a pattern `*.suffix` whose first
    part is the tenant's id; empty for hosts that tenants call their own.
    """

    kind: Literal["path", "query", "host", "header"]
    name: str = ""


class Places:
    """All placements of a route. Every occurrence counts, in whatever form a service may read it."""

    __slots__ = ("_headers", "_own_hosts", "_parameters", "_query", "_suffixes")

    def __init__(self, placements: Iterable[Placement]) -> None:
        """Raises `ValueError` for a placement without its name, `PatternError` for a host that is no `*.suffix`."""
        names: dict[str, list[str]] = {"path": [], "query": [], "host": [], "header": []}
        for placement in placements:
            if not placement.name and placement.kind != "host":
                raise ValueError(f"a placement in the {placement.kind} needs a name")
            names[placement.kind].append(placement.name)
        self._parameters = tuple(names["path"])
        self._headers = frozenset(folded(name.encode()) for name in names["header"])
        self._own_hosts = "" in names["host"]
        self._suffixes = tuple(parse_host(name) for name in names["host"] if name)
        if not all(suffix.startswith(b".") for suffix in self._suffixes):
            raise ValueError('a placement in the host is written as "*." and a host name')
        self._query = _query_pattern(names["query"]) if names["query"] else None

    def named(self, head: RequestHead, parameters: Mapping[str, bytes], table: TenantTable) -> list[str]:
        """Every tenant that a request names, in the order path, query, host, fields; `parameters` are its path's.

        A name that is empty, or no UTF-8, stands in the list as well: it is nobody's own.
        """
        found = [_text(unquote_to_bytes(parameters[name])) for name in self._parameters if name in parameters]
        if self._query is not None and head.query:
            for match in self._query.finditer(head.query):
                found.append(_text(unquote_to_bytes((match[1] or b"").replace(b"+", b" "))))
        if self._own_hosts and (owner := table.by_host(head.host)) is not None:
            found.append(owner.id)
        for suffix in self._suffixes:
            if head.host.endswith(suffix):
                found.append(_text(head.host.removesuffix(suffix)))
        if self._headers:
            found += [_text(field.value) for field in head.fields if folded(field.name) in self._headers]
        return found


def _query_pattern(keys: Iterable[str]) -> re.Pattern[bytes]:
    """What finds the values of `keys` in a query: any case, any character escaped, with "[]" or "[0]" behind the key.

    `;` separates as well as `&` (HTML 4 asked servers for it), blanks before a key are skipped, and "." or a blank pass
    for "_" as in PHP. A key that is found too often costs its sender a refusal, one that is missed a tenant its data.
    """
    either = b"|".join(b"".join(map(_letter, key)) for key in keys)
    blanks = rb"(?:\+|%20)*"
    return re.compile(rb"(?<![^&;])" + blanks + b"(?:" + either + rb")(?:(?:\[|%5[Bb])[^&;=]*)?(?:=([^&;]*))?(?![^&;])")


def _letter(letter: str) -> bytes:
    """A pattern for one character of a key."""
    forms = {" ", ".", "_", "+"} if letter == "_" else {letter.lower(), letter.upper()}
    patterns = []
    for octets in sorted(form.encode() for form in forms):
        if len(octets) == 1:
            patterns.append(re.escape(octets))
        patterns.append(b"".join(b"%%(?i:%02x)" % octet for octet in octets))
    return b"(?:" + b"|".join(patterns) + b")"


def _text(value: bytes) -> str:
    """A tenant's id as written; what is no UTF-8 becomes a text that is no id."""
    return value.decode("utf-8", "replace")
