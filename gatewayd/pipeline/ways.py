"""From what a route and its service are configured to be, to the way requests take between them."""

from __future__ import annotations

from gatewayd.config.models.retries import Retries as RetriesConfig
from gatewayd.config.models.root import Config
from gatewayd.config.models.route import Route as RouteConfig
from gatewayd.core.balance import Key, Source, parse_key
from gatewayd.core.forwarded import TrustedPeers
from gatewayd.core.outcomes import Rules
from gatewayd.core.pattern import parse_pattern
from gatewayd.core.quantiles import Quantile
from gatewayd.core.retry import KEY, Retries
from gatewayd.pipeline import templates
from gatewayd.pipeline.edits import compile_edits, withheld_by
from gatewayd.pipeline.keys import key_of
from gatewayd.pipeline.proving import Proof
from gatewayd.pipeline.way import Hedge, Way


class Ways:
    """Makes the ways of a configuration; routes to one service share what is known of its latency."""

    def __init__(self, config: Config, trusted: TrustedPeers, proof: Proof | None = None) -> None:
        self._config = config
        self._proof = proof
        self._withheld = withheld_by(config.authentication)
        self._trusted = trusted
        self._hedges: dict[str, Hedge] = {}

    def way(self, route: RouteConfig, name: str, lines: bytes = b"") -> Way:
        """The way from `route` to the service called `name`, whose requests get `lines` more."""
        config, service = self._config, self._config.services[name]
        timeouts = config.timeouts_of(route, name)
        retries = config.retries_of(route, name)
        retarget = None
        if route.strip_prefix is not None:
            retarget = templates.strip(route.strip_prefix)
        elif route.rewrite is not None:
            retarget = templates.rewrite(route.rewrite, parse_pattern(route.path))
        balance = service.balance
        return Way(
            rules=Rules(service.breaker.codes, frozenset(service.breaker.errors)),
            timeouts=timeouts,
            total=timeouts.total,
            body_size=config.body_size_of(route),
            host={"preserve": None, "target": b""}.get(service.host, service.host.encode("ascii")),
            retarget=retarget,
            request_edits=compile_edits(
                route.request_headers, None if config.auth_of(route).mode == "public" else self._withheld
            ),
            response_edits=compile_edits(route.response_headers),
            retries=_retries(retries, route),
            per_try=retries.per_try,
            hedge=self._hedge(name, service.retries),
            key=None if balance.key is None else key_of(parse_key(balance.key), self._trusted),
            stay=None
            if balance.sticky is None
            else key_of(Key(Source.COOKIE, balance.sticky.cookie.encode("ascii")), self._trusted),
            lines=lines,
            proof=None if self._proof is None else self._proof.towards(name),
        )

    def _hedge(self, name: str, retries: RetriesConfig) -> Hedge | None:
        """When a second target of a service is asked."""
        hedge = retries.hedge
        if hedge is None:
            return None
        return self._hedges.setdefault(name, Hedge(Quantile(hedge.percentile / 100), hedge.least, hedge.most))


def _retries(retries: RetriesConfig, route: RouteConfig) -> Retries | None:
    """The rules for further attempts, or None where none is ever made.

    A key that the gateway looks at is for the gateway: nobody knows that the service looks at it too.
    """
    if not retries.attempts:
        return None
    keyed: bytes | None = KEY
    if route.idempotency is not None:
        keyed = route.idempotency.header.lower().encode("ascii") if route.idempotency.retry_safe else None
    return Retries(
        attempts=retries.attempts,
        methods=frozenset(method.encode("ascii") for method in retries.methods),
        on=retries.kinds,
        statuses=retries.codes,
        backoff=retries.backoff,
        backoff_most=retries.backoff_most,
        body=retries.body,
        keyed=keyed,
    )
