"""From configured routes to routes that answer: everything that can be worked out before a request comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gatewayd.config.models.answers import Respond as RespondConfig
from gatewayd.config.models.cache import RouteCache
from gatewayd.config.models.fallback import Fallback as FallbackConfig
from gatewayd.config.models.idempotency import RouteIdempotency
from gatewayd.config.models.root import Config
from gatewayd.config.models.route import Route as RouteConfig
from gatewayd.core.balance import parse_key
from gatewayd.core.forwarded import TrustedPeers
from gatewayd.core.pattern import parse_pattern
from gatewayd.core.reasons import REASONS
from gatewayd.core.shedding import Priority
from gatewayd.http.connection import UpstreamConnection
from gatewayd.pipeline import templates
from gatewayd.pipeline.cache import Cache
from gatewayd.pipeline.chain import Chain
from gatewayd.pipeline.checks import Access, CheckCompiler
from gatewayd.pipeline.fallback import Fallback
from gatewayd.pipeline.fixed import Redirect, Respond
from gatewayd.pipeline.forward import Forward
from gatewayd.pipeline.idempotency import Idempotency
from gatewayd.pipeline.kept import Kept
from gatewayd.pipeline.keys import key_of
from gatewayd.pipeline.mirror import MARK, Mirror
from gatewayd.pipeline.route import Answer, Counters, Route
from gatewayd.pipeline.split import Split
from gatewayd.pipeline.ways import Ways
from gatewayd.upstream.service import Service


class RouteCompiler:
    """Compiles the routes of one configuration; `services` has every service it names, `access` who may ask them."""

    def __init__(
        self,
        config: Config,
        services: Mapping[str, Service[UpstreamConnection]],
        counters: Counters,
        access: Access,
        random: Callable[[], float],
    ) -> None:
        self._services = services
        self._counters = counters
        self._random = random
        self._config = config
        self._kept_in = access.keeping
        self._remembered_in = access.memory
        self._name = config.gateway.name.encode("ascii")
        self._trusted = TrustedPeers(config.gateway.trusted_proxies)
        self._ways = Ways(config, self._trusted, access.proof)
        self._checks = CheckCompiler(config, access, self._trusted)

    def compile(self, route: RouteConfig) -> Route:
        """The route that requests meet."""
        priority = Priority[route.priority.upper()]
        answer, checks = self._answer(route), self._checks.checks(route)
        return Route(
            route.name,
            route.path,
            Chain(checks, answer) if checks else answer,
            self._counters.route(route.path),
            priority,
            self._checks.finish(route),
        )

    def _answer(self, route: RouteConfig) -> Answer:
        """What the route does with a request."""
        if route.redirect is not None:
            make = templates.location(route.redirect.to, parse_pattern(route.path))
            return Redirect(route.redirect.status, make)
        if route.respond is not None:
            return _respond(route.respond)
        answer = self._asked(route)
        if route.idempotency is not None:
            answer = self._once(route, route.idempotency, answer)
        if route.cache is not None:
            answer = self._keeping(route, route.cache, answer)
        if route.fallback is not None:
            answer = self._falling_back(route, route.fallback, answer)
        if route.mirror is not None:
            mirror = route.mirror
            copies = self._forward(route, mirror.service, MARK)
            return Mirror(answer, copies, mirror.share, mirror.at_once, mirror.body, self._random)
        return answer

    def _asked(self, route: RouteConfig) -> Answer:
        """The service of a route, or the choice between several."""
        if route.split is None:
            assert route.service is not None
            return self._forward(route, route.service)
        parts = [(self._forward(route, part.service), part.weight) for part in route.split]
        key = None if route.split_by is None else key_of(parse_key(route.split_by), self._trusted)
        return Split(parts, key, self._random)

    def _once(self, route: RouteConfig, idempotency: RouteIdempotency, first: Answer) -> Answer:
        """What has `first` answer a request with a key once."""
        assert self._remembered_in is not None
        most, header = self._config.body_size_of(route), None if route.tenant is None else route.tenant.header
        return Idempotency(
            first,
            self._remembered_in,
            idempotency,
            route=route.name,
            most=idempotency.max_body if most is None else min(most, idempotency.max_body),
            largest=min(idempotency.max_answer, self._config.idempotency.memory // 8),
            tenant=None if header is None else header.lower().encode("ascii"),
            client=self._checks.client,
        )

    def _keeping(self, route: RouteConfig, cache: RouteCache, first: Answer) -> Answer:
        """What keeps the answers of `first`."""
        assert self._kept_in is not None
        header = None if route.tenant is None else route.tenant.header
        kept = Kept(self._kept_in, cache.policy, cache.most, self._name, shared=cache.redis)
        finish = self._checks.finish(route)
        bare = finish is None or finish.silent
        return Cache(first, kept, route.name, None if header is None else header.encode("ascii"), bare=bare)

    def _falling_back(self, route: RouteConfig, fallback: FallbackConfig, first: Answer) -> Answer:
        """`first`, and what answers where it cannot."""
        reasons = frozenset(reason for reason in REASONS if reason.slug in fallback.on)
        if fallback.respond is not None:
            return Fallback(first, _respond(fallback.respond), reasons, bodiless=True)
        assert fallback.service is not None
        return Fallback(first, self._forward(route, fallback.service), reasons, bodiless=False)

    def _forward(self, route: RouteConfig, name: str, lines: bytes = b"") -> Forward:
        """The way from a route to a service."""
        return Forward(self._services[name], self._counters.service(name), self._ways.way(route, name, lines))


def _respond(respond: RespondConfig) -> Respond:
    """A fixed answer."""
    headers = {"Content-Type": respond.content_type, **respond.headers}
    lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())
    return Respond(respond.status, lines, respond.body.encode())
