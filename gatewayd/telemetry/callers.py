"""The series about callers: credentials, tokens, tenants, what is remembered, and keys of issuers.

What most requests count is an attribute that is added to; everything else is a method.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

from gatewayd.telemetry.catalogue_callers import (
    AUTH_ATTEMPTS,
    AUTH_DURATION,
    CACHE_ERRORS,
    CACHE_HITS,
    JWKS_REFRESHES,
    JWT_ERRORS,
    SERIES_CAPPED,
)
from gatewayd.telemetry.tally import HistogramTally, Row

MOST_TENANTS = 200  # with a label of their own; what is counted of later ones is counted together
MOST_PAIRS = 1000  # of tenants that name each other
OTHER = "_other"


class TenantMetrics:
    """Rows of one tenant. Whoever serves it adds to `requests`; `auth_failures` are counts by their reason."""

    __slots__ = ("auth_failures", "requests")

    def __init__(self) -> None:
        self.requests = 0
        self.auth_failures: dict[str, int] = {}


class AuthMetrics:
    """Rows about credentials. Whoever judges them adds to `successes`, and to `hits` or `misses` of what is remembered.

    `took(seconds)` is how long a credential took that was not known yet.
    """

    __slots__ = ("_tenant", "durations", "errors", "failures", "hits", "misses", "successes", "took")

    took: Callable[[float], None]

    def __init__(self, tenant: Callable[[str], TenantMetrics]) -> None:
        self._tenant = tenant
        self.successes = 0
        self.hits = 0
        self.misses = 0
        self.failures = {status: 0 for status in AUTH_ATTEMPTS.known if status != "success"}
        self.errors = dict.fromkeys(JWT_ERRORS.known, 0)
        self.durations = HistogramTally(AUTH_DURATION.buckets)
        self.took = self.durations.observe

    def failed(self, status: Literal["failure", "expired"]) -> None:
        """Count a credential that was refused; any other status is a KeyError."""
        self.failures[status] += 1

    def error(self, error_type: str) -> None:
        """Count a refused token; `error_type` is one of `JWT_ERRORS.known`, anything else a KeyError."""
        self.errors[error_type] += 1

    def tenant_failed(self, tenant: str, reason: str) -> None:
        """Count a refused credential that is known to be a tenant's; `reason` is one of the caller's few words."""
        failures = self._tenant(tenant).auth_failures
        failures[reason] = failures.get(reason, 0) + 1


class CallerMetrics:
    """All rows about callers. `auth` is what those who judge credentials count with."""

    __slots__ = ("_capped", "_errors", "_fetched", "_headers", "_hits", "_known", "_misses", "_pairs", "_refreshes",
                 "_tenants", "auth")  # fmt: skip

    def __init__(self) -> None:
        self._tenants: dict[str, TenantMetrics] = {}
        self._known: set[str] = set()  # tenants that have a label of their own
        self.auth = AuthMetrics(self.tenant)
        self._pairs: dict[tuple[str, str], int] = {}
        self._headers: dict[str, int] = {}
        self._hits = dict.fromkeys(CACHE_HITS.known, 0)
        self._misses = dict.fromkeys(CACHE_HITS.known, 0)
        self._errors = {(kind, operation): 0 for kind in CACHE_HITS.known for operation in CACHE_ERRORS.known}
        self._refreshes: dict[tuple[str, str], int] = {}
        self._fetched: dict[str, float] = {}
        self._capped = dict.fromkeys(SERIES_CAPPED.known, 0)

    def tenant(self, id: str) -> TenantMetrics:
        """The rows of one tenant, the same object each time; after the first `MOST_TENANTS` one for all others."""
        found = self._tenants.get(id)
        if found is None:
            found = self._tenants.setdefault(self.label(id, "tenant_requests_total"), TenantMetrics())
        return found

    def crossed(self, source: str, target: str) -> None:
        """Count a request of the tenant `source` that named `target`; either is "" if there is no such tenant."""
        metric = "cross_tenant_attempts_total"
        pair = (self.label(source, metric) if source else OTHER, self.label(target, metric) if target else OTHER)
        if pair not in self._pairs and len(self._pairs) >= MOST_PAIRS:
            self._capped[metric] += 1
            pair = OTHER, OTHER
        self._pairs[pair] = self._pairs.get(pair, 0) + 1

    def guard(self, names: Iterable[str]) -> None:
        """These header names are removed from requests: they are exported before the first of them."""
        for name in names:
            self._headers.setdefault(name, 0)

    def dangerous_header(self, name: str) -> None:
        """Count a removed header, by its name in `guard`; anything else is a KeyError."""
        self._headers[name] += 1

    def cache_hit(self, kind: str) -> None:
        """Count what was remembered; `kind` is one of `CACHE_HITS.known`, anything else a KeyError."""
        self._hits[kind] += 1

    def cache_miss(self, kind: str) -> None:
        """Count what was not remembered; `kind` as in `cache_hit`."""
        self._misses[kind] += 1

    def cache_error(self, kind: str, operation: str) -> None:
        """Count what failed; `operation` is one of `CACHE_ERRORS.known`, anything else a KeyError."""
        self._errors[kind, operation] += 1

    def issuer(self, name: str) -> None:
        """Keys of this issuer are going to be fetched: it is exported before the first time."""
        for result in JWKS_REFRESHES.known:
            self._refreshes.setdefault((name, result), 0)

    def jwks_refresh(self, issuer: str, result: str) -> None:
        """Count a fetch of the keys of an `issuer` that was told of; any other, or another result, is a KeyError."""
        self._refreshes[issuer, result] += 1

    def jwks_fetched(self, issuer: str, wall: float) -> None:
        """Keys came, at `wall` (seconds since 1970)."""
        self._fetched[issuer] = wall

    def label(self, tenant: str, metric: str) -> str:
        """The label of a tenant in `metric`: its own, or `OTHER` for all that came too late for one."""
        if tenant not in self._known:
            if len(self._known) >= MOST_TENANTS:
                self._capped[metric] += 1
                return OTHER
            self._known.add(tenant)
        return tenant

    # What a scrape reads, in the catalogue's label order.

    def attempts(self) -> Iterator[Row]:
        """status: checked credentials."""
        yield ("success",), self.auth.successes
        for status, count in self.auth.failures.items():
            yield (status,), count

    def durations(self) -> Iterator[Row]:
        """No labels: durations of checks."""
        yield (), self.auth.durations

    def jwt_errors(self) -> Iterator[Row]:
        """error_type: refused tokens."""
        return _one_label(self.auth.errors)

    def hits(self) -> Iterator[Row]:
        """cache_type: look-ups that were answered."""
        return _one_label({**self._hits, "token": self._hits["token"] + self.auth.hits})

    def misses(self) -> Iterator[Row]:
        """cache_type: look-ups that were not."""
        return _one_label({**self._misses, "token": self._misses["token"] + self.auth.misses})

    def errors(self) -> Iterator[Row]:
        """cache_type, operation: failures."""
        yield from list(self._errors.items())

    def requests(self) -> Iterator[Row]:
        """tenant_id: requests."""
        for tenant, metrics in list(self._tenants.items()):
            yield (tenant,), metrics.requests

    def tenant_failures(self) -> Iterator[Row]:
        """tenant_id, reason: refused credentials."""
        for tenant, metrics in list(self._tenants.items()):
            for reason, count in list(metrics.auth_failures.items()):
                yield (tenant, reason), count

    def crossings(self) -> Iterator[Row]:
        """source_tenant, target_tenant: requests that named another tenant."""
        yield from list(self._pairs.items())

    def headers(self) -> Iterator[Row]:
        """header_name: removed headers."""
        return _one_label(self._headers)

    def refreshes(self) -> Iterator[Row]:
        """issuer, result: fetches of keys."""
        yield from list(self._refreshes.items())

    def fetched(self) -> Iterator[Row]:
        """issuer: when keys came."""
        return _one_label(self._fetched)

    def capped(self) -> Iterator[Row]:
        """metric: labels that were folded."""
        return _one_label(self._capped)


def _one_label(counts: Mapping[str, float]) -> Iterator[Row]:
    """Counts by one label, from a copy."""
    for label, count in list(counts.items()):
        yield (label,), count
