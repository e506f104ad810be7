"""Tenants kept apart: a request stays with the tenant of its caller, whatever else it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from gatewayd.core.networks import AccessList
from gatewayd.core.reasons import (
    ADDRESS_DENIED,
    FOREIGN_TENANT,
    HIDDEN_TENANT,
    TENANT_ROUTE,
    TENANT_SUSPENDED,
    TENANT_UNKNOWN,
    Refused,
)
from gatewayd.core.tenants import Isolation, Places, Standing, Tenant, TenantTable, decide
from gatewayd.filters.asking import Asking, Events
from gatewayd.filters.caller import Caller
from gatewayd.log import audit


class Directory:
    """The tenants there are at the moment, each with who may come in for it; replaced as a whole when they change.

    `samples` are the shares of requests that are recorded, of tenants that have their own.
    """

    def __init__(
        self, table: TenantTable, networks: Mapping[str, AccessList], samples: Mapping[bytes, float] | None = None
    ) -> None:
        self.table = table
        self.networks = networks
        self.samples = samples or {}


class Ledger(Protocol):
    """What is counted."""

    def crossed(self, source: str, target: str) -> None:
        """A request of one tenant named another; texts that are no known tenants are counted as one."""


class Tenancy:
    """Judges the requests of one route.

    `places` are where they name tenants, None if nowhere; `parameters` are the indexes of the path's named segments.
    Besides, a host that a tenant calls its own names that tenant, whatever the route.
    """

    __slots__ = ("_administers", "_client", "_directory", "_events", "_isolation", "_ledger", "_parameters", "_places")

    def __init__(
        self,
        places: Places | None,
        parameters: Mapping[str, int],
        isolation: Isolation,
        directory: Callable[[], Directory],
        administers: Callable[[Caller], bool],
        client: Callable[[Asking], str],
        ledger: Ledger,
        events: Events,
    ) -> None:
        self._places = places
        self._parameters = tuple(parameters.items())
        self._isolation = isolation
        self._directory = directory
        self._administers = administers
        self._client = client
        self._ledger = ledger
        self._events = events

    def __call__(self, exchange: Asking) -> None:
        """Raises `Refused`. A request without a caller belongs to nobody, and names whom it likes."""
        caller, head, route = exchange.caller, exchange.head, exchange.route
        if caller is None:
            return
        assert head is not None
        assert route is not None
        directory = self._directory()
        own = caller.identity.tenant
        named: list[str] = []
        if self._places is not None:
            parameters = {name: head.segments[index] for name, index in self._parameters}
            named = self._places.named(head, parameters, directory.table)
        owner = directory.table.by_host(head.host)
        if owner is not None:
            named.append(owner.id)
        ruling = decide(own, named, directory.table, self._isolation, self._administers(caller))
        if ruling.standing is not Standing.OWN:
            self._ruled(exchange, ruling.standing, ruling.status, own, ruling.target, directory.table)
        tenant = None if own is None else directory.table.by_id(own)
        if tenant is not None:
            self._bound(exchange, tenant, route.name, directory)

    def _ruled(
        self, exchange: Asking, standing: Standing, status: int | None, own: str | None, target: str, table: TenantTable
    ) -> None:
        """A request that does not simply stay with its own tenant."""
        caller = exchange.caller
        assert caller is not None
        subject = caller.identity.subject
        known = target if table.by_id(target) is not None else None
        if standing is Standing.BYPASS:
            self._events(audit.ADMIN_ELSEWHERE, exchange, tenant=own, target=target[:64], user=subject)
        elif standing is Standing.FOREIGN:
            self._ledger.crossed(own or "", known or "")
            self._events(audit.CROSS_TENANT, exchange, tenant=own, target=target[:64], user=subject)
            raise Refused(HIDDEN_TENANT if status == 404 else FOREIGN_TENANT)
        elif standing is Standing.SUSPENDED:
            self._events(audit.TENANT_SUSPENDED, exchange, tenant=own, user=subject)
            raise Refused(TENANT_SUSPENDED)
        else:
            self._events(audit.TENANT_UNKNOWN, exchange, tenant=own, user=subject)
            raise Refused(TENANT_UNKNOWN)

    def _bound(self, exchange: Asking, tenant: Tenant, route: str, directory: Directory) -> None:
        """What the tenant itself is bound to."""
        if not tenant.may_use(route):
            raise Refused(TENANT_ROUTE)
        networks = directory.networks.get(tenant.id)
        if networks is not None and not networks.allows(self._client(exchange)):
            self._events(audit.ADDRESS_DENIED, exchange, tenant=tenant.id)
            raise Refused(ADDRESS_DENIED)
