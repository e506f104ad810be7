"""The series about callers: credentials, tokens, tenants, what is remembered, and keys of issuers.

What most requests count is an attribute that is added to; everything else is a method.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

from gatewayd.telemetry.catalogue import (
    AUTH_ATTEMPTS,
    AUTH_DURATION,
    CACHE_ERRORS,
    CACHE_HITS,
    CHECK_DURATION,
    JWKS_REFRESHES,
    JWT_ERRORS,
    SERIES_CAPPED,
)
from gatewayd.telemetry.collector import Row
from gatewayd.telemetry.tally import Events, HistogramTally
from gatewayd.telemetry.tenants import OTHER, TenantMetrics

MOST_TENANTS = 200  # with series of their own, unless the configuration says otherwise
MOST_PAIRS = 1000  # of tenants that name each other


class AuthMetrics:
    """Rows about credentials.

    Whoever judges them adds to `successes`, to `hits` or `misses` of what is remembered, and to those of the keys at
    hand (`key_hits`, `key_misses`). `seen(tenant)` counts a request of a tenant, `took(seconds)` how long a credential
    took that was not known yet.
    """

    __slots__ = ("_label", "_tenant_failures", "durations", "errors", "failures", "hits", "key_hits", "key_misses",
                 "misses", "seen", "successes", "took")  # fmt: skip

    seen: Callable[[str], None]
    took: Callable[[float], None]

    def __init__(self, seen: Callable[[str], None], label: Callable[[str, str], str]) -> None:
        self.seen = seen
        self._label = label
        self._tenant_failures: dict[tuple[str, str], int] = {}
        self.successes = 0
        self.hits = 0
        self.misses = 0
        self.key_hits = 0
        self.key_misses = 0
        self.failures = Events(status for status in AUTH_ATTEMPTS.known if status != "success")
        self.errors = Events(JWT_ERRORS.known)
        self.durations = HistogramTally(AUTH_DURATION.buckets)
        self.took = self.durations.observe

    def failed(self, status: Literal["failure", "expired"]) -> None:
        """Count a credential that was refused; any other status is a KeyError."""
        self.failures.count(status)

    def error(self, error_type: str) -> None:
        """Count a refused token; `error_type` is one of `JWT_ERRORS.known`, anything else a KeyError."""
        self.errors.count(error_type)

    def tenant_failed(self, tenant: str, reason: str) -> None:
        """Count a refused credential that is known to be a tenant's; `reason` is one of the caller's few words."""
        pair = self._label(tenant, "tenant_auth_failures_total"), reason
        self._tenant_failures[pair] = self._tenant_failures.get(pair, 0) + 1

    def forget(self, tenant: str) -> None:
        """A tenant has no series any more."""
        self._tenant_failures = {pair: count for pair, count in self._tenant_failures.items() if pair[0] != tenant}

    # What a scrape reads, in the catalogue's label order.

    def attempts(self) -> Iterator[Row]:
        """status: checked credentials."""
        yield ("success",), self.successes
        yield from _one_label(self.failures.items())

    def duration(self) -> Iterator[Row]:
        """No labels: durations of checks."""
        yield (), self.durations

    def jwt_errors(self) -> Iterator[Row]:
        """error_type: refused tokens."""
        return _one_label(self.errors.items())

    def tenant_failures(self) -> Iterator[Row]:
        """tenant_id, reason: refused credentials."""
        yield from list(self._tenant_failures.items())


class CallerMetrics:
    """All rows about callers. `auth` is what those who judge credentials count with, `tenants` has their requests.

    At most `most_tenants` tenants have series of their own. `left` is called with those that have none any more.
    """

    __slots__ = ("_capped", "_errors", "_fetched", "_good", "_headers", "_hits", "_misses", "_pairs", "_refreshes",
                 "auth", "key_checks", "left", "tenants")  # fmt: skip

    def __init__(self, most_tenants: int = MOST_TENANTS) -> None:
        self._capped = Events(SERIES_CAPPED.known)
        self.tenants = TenantMetrics(
            most_tenants, lambda times: self._capped.count("tenant_requests_total", times), self._left
        )
        self.auth = AuthMetrics(self.tenants.seen, self.label)
        self.left: list[Callable[[str], None]] = [self.auth.forget, self._forget]
        self._pairs: dict[tuple[str, str], int] = {}
        self._headers: dict[str, int] = {}
        self._hits = Events(CACHE_HITS.known)
        self._misses = Events(CACHE_HITS.known)
        self._errors = {(kind, operation): 0 for kind in CACHE_HITS.known for operation in CACHE_ERRORS.known}
        self._refreshes: dict[tuple[str, str], int] = {}
        self._fetched: dict[str, float] = {}
        self._good: dict[str, bool] = {}  # by issuer: whether the last fetch of its keys succeeded
        self.key_checks = HistogramTally(CHECK_DURATION.buckets)

    def crossed(self, source: str, target: str) -> None:
        """Count a request of the tenant `source` that named `target`; either is "" if there is no such tenant."""
        metric = "cross_tenant_attempts_total"
        pair = (self.label(source, metric) if source else OTHER, self.label(target, metric) if target else OTHER)
        if pair not in self._pairs and len(self._pairs) >= MOST_PAIRS:
            self.capped(metric)
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
        self._hits.count(kind)

    def cache_miss(self, kind: str) -> None:
        """Count what was not remembered; `kind` as in `cache_hit`."""
        self._misses.count(kind)

    def cache_error(self, kind: str, operation: str) -> None:
        """Count what failed; `operation` is one of `CACHE_ERRORS.known`, anything else a KeyError."""
        self._errors[kind, operation] += 1

    def issuer(self, name: str) -> None:
        """Keys of this issuer are going to be fetched: it is exported before the first time."""
        self._good.setdefault(name, False)
        for result in JWKS_REFRESHES.known:
            self._refreshes.setdefault((name, result), 0)

    def jwks_refresh(self, issuer: str, result: str) -> None:
        """Count a fetch of the keys of an `issuer` that was told of; any other, or another result, is a KeyError."""
        self._refreshes[issuer, result] += 1
        self._good[issuer] = result == "success"
        if not self._good[issuer]:
            self.cache_error("jwks", "get")

    def jwks_fetched(self, issuer: str, wall: float) -> None:
        """Keys came, at `wall` (seconds since 1970)."""
        self._fetched[issuer] = wall

    def label(self, tenant: str, metric: str) -> str:
        """The label of a tenant in `metric`: its own, or `OTHER` where it has no series."""
        label = self.tenants.label(tenant)
        if label == OTHER:
            self.capped(metric)
        return label

    def capped(self, metric: str) -> None:
        """A label of `metric` became `OTHER`."""
        self._capped.count(metric)

    def _left(self, tenant: str) -> None:
        for forget in self.left:
            forget(tenant)

    def _forget(self, tenant: str) -> None:
        """A tenant has no series any more."""
        self._pairs = {pair: count for pair, count in self._pairs.items() if tenant not in pair}

    # What a scrape reads, in the catalogue's label order.

    def hits(self) -> Iterator[Row]:
        """cache_type: look-ups that were answered."""
        return self._with_auth(self._hits, {"token": self.auth.hits, "jwks": self.auth.key_hits})

    def misses(self) -> Iterator[Row]:
        """cache_type: look-ups that were not."""
        return self._with_auth(self._misses, {"token": self.auth.misses, "jwks": self.auth.key_misses})

    def errors(self) -> Iterator[Row]:
        """cache_type, operation: failures."""
        yield from list(self._errors.items())

    def crossings(self) -> Iterator[Row]:
        """source_tenant, target_tenant: requests that named another tenant."""
        yield from list(self._pairs.items())

    def headers(self) -> Iterator[Row]:
        """header_name: removed headers."""
        return _one_label(self._headers.items())

    def refreshes(self) -> Iterator[Row]:
        """issuer, result: fetches of keys."""
        yield from list(self._refreshes.items())

    def fetched(self) -> Iterator[Row]:
        """issuer: when keys came."""
        return _one_label(self._fetched.items())

    def health(self) -> Iterator[Row]:
        """check_type: whether the last fetch of every issuer's keys succeeded, if there are such issuers."""
        if self._good:
            yield ("jwks",), int(all(self._good.values()))

    def check_durations(self) -> Iterator[Row]:
        """check_type: how long fetches took, if there are issuers."""
        if self._good:
            yield ("jwks",), self.key_checks

    def capped_labels(self) -> Iterator[Row]:
        """metric: labels that were folded."""
        return _one_label(self._capped.items())

    def _with_auth(self, counts: Events, auth: Mapping[str, int]) -> Iterator[Row]:
        """Counts by one label, with what is counted by attributes."""
        return _one_label((kind, count + auth.get(kind, 0)) for kind, count in counts.items())


def _one_label(counts: Iterable[tuple[str, float]]) -> Iterator[Row]:
    """Counts by one label, from a copy."""
    for label, count in list(counts):
        yield (label,), count
