"""What holds for a route in the end: its own settings over its service's over the defaults, in words."""

from __future__ import annotations

from gatewayd.config import Config, Off, Route, Unlimited
from gatewayd.config.models.ratelimits import LimitUse, RateLimit

Pairs = list[tuple[str, str]]


def goes_to(route: Route) -> str:
    """What answers."""
    if route.split is not None:
        return ", ".join(f"{part.service} ({part.weight})" for part in route.split)
    if route.redirect is not None:
        return f"redirect {route.redirect.status} to {route.redirect.to}"
    if route.respond is not None:
        return f"respond {route.respond.status}"
    return route.service or ""


def access(config: Config, route: Route) -> str:
    """Who is let in."""
    auth = config.auth_of(route)
    if auth.mode == "public":
        return "public"
    return f"{auth.mode}: {', '.join(auth.methods or ()) or 'no method is configured'}"


def limit_uses(config: Config, route: Route) -> list[LimitUse]:
    """The limits of its requests, but for those that tenants, plans and API keys bring: the listeners' and its own."""
    own = {use.name for use in route.rate_limits}
    names = dict.fromkeys(name for listener in config.listeners for name in listener.rate_limits if name not in own)
    return [*map(LimitUse, names), *route.rate_limits]


def limit_in_words(limit: RateLimit, cost: int) -> str:
    """How often who may ask."""
    words = []
    if limit.limit is not None:
        words.append(str(limit.limit) + ("" if limit.burst is None else f", burst {limit.burst}"))
    if limit.quota is not None:
        words.append(f"quota {limit.quota}")
    if limit.concurrent is not None:
        words.append(f"{limit.concurrent} at a time")
    words.append("by " + " and ".join(str(part) for part in limit.key))
    if limit.block is not None:
        words.append(f"then blocked {seconds(limit.block)}")
    if cost != 1:
        words.append(f"each request counts {cost}")
    if not limit.enforce:
        words.append("not enforced")
    return ", ".join(words)


def settings(config: Config, route: Route) -> Pairs:
    """Everything that holds for requests of a route, as names and words."""
    pairs: Pairs = [("goes to", goes_to(route)), ("access", access(config, route))]
    if route.authorize is not None:
        pairs.append(("authorize", _asked(route)))
    if route.tenant is not None:
        isolation = config.isolation_of(route)
        pairs.append(("tenant", f"must be the caller's own, else {isolation.foreign}"))
    for use in limit_uses(config, route):
        pairs.append((f"limit {use.name}", limit_in_words(config.rate_limits[use.name], use.cost)))
    if route.cache is not None:
        ttl = (
            "as the service says" if route.cache.ttl is None else f"{seconds(route.cache.ttl)} unless the service says"
        )
        pairs.append(("cache", f"{route.cache.scope}, {ttl}"))
    if route.idempotency is not None:
        pairs.append(("idempotency", f"answers remembered for {seconds(route.idempotency.ttl)}"))
    for service in route.services:
        pairs += _of_service(config, route, service)
    if route.fallback is not None:
        pairs.append(("fallback", f"{route.fallback.service or 'an answer of its own'} on {_words(route.fallback.on)}"))
    if route.mirror is not None:
        pairs.append(("mirror", f"{route.mirror.share:.3g} of requests to {route.mirror.service}"))
    size = config.body_size_of(route)
    pairs.append(("largest body", "unlimited" if size is None else f"{size} bytes"))
    pairs.append(("priority", route.priority))
    return pairs


def _of_service(config: Config, route: Route, name: str) -> Pairs:
    """What holds towards one service."""
    service, timeouts = config.services[name], config.timeouts_of(route, name)
    retries = config.retries_of(route, name)
    limits = ", ".join(f"{key} {seconds(value)}" for key, value in timeouts if value is not None)
    again = f"{retries.attempts} more on {_words(retries.on)}; {', '.join(retries.methods)}"
    prefix = f"{name} " if len(route.services) > 1 else ""
    return [
        (f"{prefix}targets", ", ".join(str(target) for target in service.targets) or "found by discovery"),
        (f"{prefix}balance", service.balance.policy),
        (f"{prefix}timeouts", limits),
        (f"{prefix}retries", again if retries.attempts else "none"),
    ]


def _asked(route: Route) -> str:
    """What a caller must have."""
    asked = route.authorize
    assert asked is not None
    words = [f"{name.replace('_', ' ')} {_words(value)}" for name, value in asked if value and name != "claims"]
    words += [f"claim {claim.path}" for claim in asked.claims]
    return "; ".join(words)


def _words(values: object) -> str:
    """One or several values in a line."""
    return values if isinstance(values, str) else ", ".join(map(str, values))  # type: ignore[call-overload]


def seconds(value: float | Off | Unlimited) -> str:
    """A length of time as the configuration writes it."""
    if isinstance(value, Off | Unlimited):
        return "off"
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if value >= length and value % length == 0:
            return f"{value / length:.0f}{unit}"
    return f"{value:g}s" if value >= 1 else f"{value * 1000:g}ms"
