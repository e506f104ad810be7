"""The sections `tenants` and `routes[].tenant`: the customers of the platform, kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.access_log import Sampled
from gatewayd.config.models.callers import FilePath, Options, Permission, TenantId
from gatewayd.config.models.names import HeaderName, HostPattern, Peer, RouteName
from gatewayd.config.models.ratelimits import LimitNames, Limits
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Frozen, FrozenDict, Kind
from gatewayd.core.matching import PatternError, parse_host
from gatewayd.core.networks import AccessList
from gatewayd.core.tenants import Placement, Tenant

PLACES: tuple[Literal["path", "query", "header", "host"], ...] = ("path", "query", "header", "host")


class TenantEntry(Section):
    """One customer."""

    plan: str = Field(default="", description="What it pays for.")
    status: Literal["active", "suspended"] = Field(default="active", description="`suspended` is refused with 403.")
    hosts: tuple[HostPattern, ...] = Field(default=(), description="Hosts that are this tenant's own.")
    routes: Annotated[tuple[RouteName, ...] | None, Kind("list of names")] = Field(
        default=None, description="The routes it may use; all if left out."
    )
    limits: Limits = Field(
        default=FrozenDict(), description="Limits of this tenant's requests, by their name in `rate_limits`."
    )
    overrides: Options = Field(default=FrozenDict(), description="What its contract changes.")
    access_log: Sampled | None = Field(default=None, description="How many of its requests the access log has.")
    allow: tuple[Peer, ...] = Field(default=(), description="Addresses its callers may have; any if left out.")
    deny: tuple[Peer, ...] = Field(default=(), description="Addresses they may not have, although `allow` names them.")

    def tenant(self, id: str) -> Tenant:
        """The same as requests are judged by."""
        routes = None if self.routes is None else frozenset(self.routes)
        return Tenant(id, self.plan, self.status, self.hosts, routes, self.limits, self.overrides)

    @property
    def access(self) -> AccessList:
        """Which addresses its callers may have."""
        return AccessList(self.allow, self.deny)


def check_hosts(table: Mapping[str, TenantEntry]) -> None:
    """Raise `Complaint` if a host belongs to two tenants of `table`."""
    owners: dict[bytes, str] = {}
    for name, entry in table.items():
        for index, host in enumerate(entry.hosts):
            owner = owners.setdefault(parse_host(host), name)
            if owner != name:
                message = f"{{value}} belongs to the tenant {owner!r} already"
                raise Complaint(message, "give it to one of them", at=(name, "hosts", index))


def _unknown(data: dict[str, Any]) -> Literal["refuse", "allow"]:
    """Tenants that are listed are those there are."""
    return "refuse" if data["table"] or data["file"] else "allow"


class Plan(Section):
    """What tenants pay for."""

    rate_limits: LimitNames = Field(default=(), description="Limits of the requests of tenants with this plan.")


class Tenants(Section):
    """The customers of the platform. A caller's tenant is the one in its verified credential."""

    table: Annotated[Mapping[TenantId, TenantEntry], Frozen, Kind("mapping of names to tenants")] = Field(
        default=FrozenDict(), description="Tenants by the name that credentials have for them."
    )
    file: FilePath | None = Field(
        default=None, description="A YAML or JSON file with such a mapping, read again when it changes."
    )
    plans: Annotated[Mapping[str, Plan], Frozen, Kind("mapping of names to plans")] = Field(
        default=FrozenDict(), description="What the plans of tenants come with, by name."
    )
    unknown: Literal["refuse", "allow"] = Field(
        default_factory=_unknown,
        description="What becomes of callers whose tenant is not listed, or who have none: `refuse` if there are "
        "`table` or `file`, else `allow`.",
    )
    foreign: Literal[404, 403] = Field(
        default=404, description="The answer to requests that name another tenant than their caller's."
    )
    admin_permission: Permission | None = Field(
        default=None, description="Who has it may work on other tenants, on routes with `admin_bypass`; see `tenant`."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        try:
            check_hosts(self.table)
        except Complaint as complaint:
            complaint.at = ("table", *complaint.at)
            raise
        return self


def _host(value: object) -> str | None:
    """Empty for the hosts that tenants call their own, or a pattern whose first part is the tenant."""
    if value is None or value is True or value == "":
        return None if value is None else ""
    pattern = value if isinstance(value, str) and value.startswith("*.") else ""
    try:
        parse_host(pattern)
    except PatternError:
        hint = "write true for hosts that tenants call their own, or a pattern such as *.example.org"
        raise Complaint("{value} says of no host whose it is", hint) from None
    return pattern.lower().removesuffix(".")


class RouteTenant(Section):
    """Where requests of a route name a tenant: it must be the caller's own, in every one of these places."""

    path: str | None = Field(default=None, min_length=1, description="A `{name}` in the route's path.")
    query: str | None = Field(default=None, min_length=1, description="A query parameter.")
    header: HeaderName | None = Field(default=None, description="A header.")
    host: Annotated[
        str | None,
        PlainValidator(_host),
        WithJsonSchema({"anyOf": [{"const": True}, {"type": "string"}]}),
        PlainSerializer(lambda host: host or (host is not None or None)),
        Kind("`true` or `*.suffix`"),
    ] = Field(default=None, description="`true` for hosts that tenants call their own; `*.example.org` if it has them.")
    foreign: Literal[404, 403] | None = Field(default=None, description="Instead of `tenants.foreign`.")
    admin_bypass: bool = Field(
        default=False, description="Whether callers with `tenants.admin_permission` may name others; it is recorded."
    )

    @property
    def placements(self) -> tuple[Placement, ...]:
        """The places."""
        given = ((place, getattr(self, place)) for place in PLACES)
        return tuple(Placement(place, name) for place, name in given if name is not None)
