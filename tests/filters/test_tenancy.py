"""Tenants kept apart: what a caller's tenant is, what its request names, and what its tenant is bound to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from gatewayd.core.networks import AccessList
from gatewayd.core.tenants import Isolation, Placement, Places, Tenant, TenantTable
from gatewayd.filters.caller import Caller
from gatewayd.filters.tenancy import Directory, Tenancy
from tests.filters.asked import Asked, Told, caller, outcome

DIRECTORY = Directory(
    TenantTable(
        [
            Tenant("acme", hosts=("acme.example", "*.acme.test")),
            Tenant("rival", hosts=("rival.example",)),
            Tenant("late", status="suspended"),
            Tenant("bound", routes=frozenset({"tickets"})),
            Tenant("free", routes=frozenset({"orders"})),
            Tenant("near"),
        ]
    ),
    {"near": AccessList(["198.51.100.0/24"])},
)
EVERYWHERE = Places([Placement("path", "org"), Placement("query", "org"), Placement("header", "x-org")])


STRICT = Isolation()


@dataclass
class Room:
    """A route's filter, and what it says."""

    isolation: Isolation = STRICT
    places: Places | None = EVERYWHERE
    parameters: dict[str, int] = field(default_factory=dict)
    directory: Callable[[], Directory] = lambda: DIRECTORY
    address: str = "192.0.2.7"
    told: Told = field(default_factory=Told)
    crossings: list[tuple[str, str]] = field(default_factory=list)

    def crossed(self, source: str, target: str) -> None:
        """See `Ledger`."""
        self.crossings.append((source, target))

    def judge(self, who: Caller | None, asked: Asked | None = None) -> str:
        """What becomes of a request."""
        asked = Asked() if asked is None else asked
        asked.caller = who
        tenancy = Tenancy(
            self.places,
            self.parameters,
            self.isolation,
            self.directory,
            lambda one: "admin" in one.identity.roles,
            lambda _: self.address,
            self,
            self.told,
        )
        return outcome(tenancy, asked)


OPEN = Isolation(unknown="allow")


@pytest.mark.parametrize(
    ("tenant", "refusing", "allowing"),
    [
        ("acme", "", ""),
        ("late", "tenant-suspended", "tenant-suspended"),
        ("bound", "tenant-route", "tenant-route"),
        ("free", "", ""),
        ("near", "address-denied", "address-denied"),
        ("stranger", "tenant-unknown", ""),
        (None, "tenant-unknown", ""),
    ],
)
def test_tenants(tenant: str | None, refusing: str, allowing: str) -> None:
    """Every standing of a tenant, with both policies for those that are not known."""
    assert Room().judge(caller(tenant)) == refusing
    assert Room(OPEN).judge(caller(tenant)) == allowing


def test_nobody() -> None:
    """A request without a caller belongs to no tenant; routes that need one ask for credentials."""
    assert Room().judge(None, Asked(b"X-Org: rival\r\n")) == ""


def test_a_tenants_own_address() -> None:
    """Its networks are asked about the client."""
    assert Room(address="198.51.100.3").judge(caller("near")) == ""


NAMING: dict[str, Asked] = {
    "path": Asked(target=b"/o/rival/x"),
    "escaped path": Asked(target=b"/o/riva%6c/x"),
    "query": Asked(target=b"/?org=rival"),
    "second in query": Asked(target=b"/?org=acme&org=rival"),
    "escaped key": Asked(target=b"/?%6frg=rival"),
    "empty": Asked(target=b"/?org="),
    "unicode": Asked(target=b"/?org=ac%D0%BC%D0%B5"),
    "field": Asked(b"X-Org: rival\r\n"),
    "second field": Asked(b"X-Org: acme\r\n", b"x-org: rival\r\n"),
    "field as in CGI": Asked(b"X_Org: rival\r\n"),
    "host": Asked(host=b"rival.example"),
    "host in capitals": Asked(host=b"RIVAL.example:8080"),
    "unknown": Asked(b"X-Org: nobody\r\n"),
}
OWN: dict[str, Asked] = {
    "nothing": Asked(),
    "path": Asked(target=b"/o/acme/x"),
    "query": Asked(target=b"/?org=acme&other=rival"),
    "field": Asked(b"X-Org: acme\r\n"),
    "host": Asked(host=b"acme.example"),
    "host below": Asked(host=b"eu.acme.test"),
    "another's name elsewhere": Asked(b"X-Orgs: rival\r\n", target=b"/?organ=rival"),
}


def room(isolation: Isolation, naming: str) -> Room:
    """A route whose second segment is a tenant's, where that is what names one."""
    return Room(isolation, parameters={"org": 1} if "path" in naming else {})


@pytest.mark.parametrize("naming", NAMING)
def test_another_tenant(naming: str) -> None:
    """404 as for a route that is not there, or 403; counted by tenants that exist, told with both."""
    for isolation, slug in ((STRICT, "hidden-tenant"), (Isolation(foreign=403), "foreign-tenant")):
        one = room(isolation, naming)
        assert one.judge(caller("acme"), NAMING[naming]) == slug
        known = naming not in ("empty", "unicode", "unknown")
        assert one.crossings == [("acme", "rival" if known else "")]
        ((kind, facts),) = one.told.events
        assert (kind, facts["tenant"], facts["user"]) == ("audit.cross_tenant", "acme", "ada")


@pytest.mark.parametrize("naming", OWN)
def test_its_own(naming: str) -> None:
    """Wherever it is named."""
    one = room(Isolation(), naming)
    assert one.judge(caller("acme"), OWN[naming]) == ""
    assert (one.crossings, one.told.events) == ([], [])


@pytest.mark.parametrize(
    ("bypass", "roles", "said"),
    [(True, ["admin"], ""), (True, [], "hidden-tenant"), (False, ["admin"], "hidden-tenant")],
)
def test_administrators(bypass: bool, roles: list[str], said: str) -> None:
    """They work on other tenants where a route lets them, and each time that is recorded."""
    one = Room(Isolation(admin_bypass=bypass))
    assert one.judge(caller("acme", roles=roles), Asked(b"X-Org: rival\r\n")) == said
    ((kind, facts),) = one.told.events
    assert kind == ("audit.cross_tenant" if said else "audit.admin_in_other_tenant")
    assert (facts["tenant"], facts["target"], facts["user"]) == ("acme", "rival", "ada")


def test_an_administrator_of_no_tenant() -> None:
    """The platform's own staff, on routes that let it; elsewhere a caller without a tenant is unknown."""
    boss = caller(None, roles=["admin"])
    assert Room(Isolation(admin_bypass=True)).judge(boss, Asked(b"X-Org: rival\r\n")) == ""
    assert Room().judge(boss, Asked(b"X-Org: rival\r\n")) == "tenant-unknown"


def test_a_long_name_is_cut() -> None:
    """The log has the beginning of what a client writes."""
    one = Room()
    one.judge(caller("acme"), Asked(b"X-Org: %b\r\n" % (b"x" * 500)))
    assert one.told.events[0][1]["target"] == "x" * 64


def test_hosts_count_on_every_route() -> None:
    """Also where nothing is said about where tenants are named."""
    one = Room(places=None)
    assert one.judge(caller("acme"), Asked(host=b"rival.example")) == "hidden-tenant"
    assert one.judge(caller("acme"), Asked(host=b"acme.example")) == ""
    assert one.judge(caller("acme"), Asked(target=b"/?org=rival")) == ""


def test_replaced_tenants() -> None:
    """Judged by those there are at the moment."""
    tables = [DIRECTORY]
    one = Room(directory=lambda: tables[-1])
    assert one.judge(caller("acme")) == ""
    tables.append(Directory(TenantTable([Tenant("acme", status="suspended")]), {}))
    assert one.judge(caller("acme")) == "tenant-suspended"
